import { type Windowed, windowed } from '../serde/windowed.ts';
import type { Entry } from './entry.ts';
import type { KeyValue, StoreIterator, ValueAndTimestamp, WindowStore, WindowValue } from './read-only.ts';
import type { ChangeOrigin } from './store-context.ts';
import { EntryIterator } from './store-iterator.ts';
import type { WindowTable } from './window-table.ts';

const ALWAYS_FROM = Number.NEGATIVE_INFINITY;
const ALWAYS_TO = Number.POSITIVE_INFINITY;

/** What users see of a window table: copies only. `R` is the value as they see it. */
abstract class WindowView<K, V, R> implements WindowStore<K, R> {
  readonly name: string;
  /** For operators of this package; everything in it is live. */
  readonly table: WindowTable<K, V>;
  protected readonly origin: ChangeOrigin;

  constructor(table: WindowTable<K, V>, origin: ChangeOrigin) {
    this.name = table.name;
    this.table = table;
    this.origin = origin;
  }

  /** The entry's value as users see it; null when there is none. */
  protected abstract result(entry: Entry<K, V>): R | null;
  protected abstract store(entry: Entry<K, V>, value: R): void;

  put(key: K, value: R | null, windowStartMs: number): void {
    if (value === null || value === undefined) this.remove(key, windowStartMs);
    else this.store(this.table.getEntry(key, windowStartMs), value);
  }

  fetch(key: K, windowStartMs: number): R | null;
  fetch(key: K, fromMs: number, toMs: number): StoreIterator<WindowValue<R>>;
  fetch(key: K, fromMs: number, toMs?: number): R | null | StoreIterator<WindowValue<R>> {
    if (toMs !== undefined) return this.windows(this.table.fetch(key, fromMs, toMs, false));
    this.table.metrics.gets++;
    const entry = this.table.findEntry(key, fromMs);
    return entry === undefined ? null : this.result(entry);
  }

  backwardFetch(key: K, fromMs: number, toMs: number): StoreIterator<WindowValue<R>> {
    return this.windows(this.table.fetch(key, fromMs, toMs, true));
  }

  fetchRange(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, R>> {
    return this.rows(this.table.scan(fromKey, toKey, fromMs, toMs, false));
  }

  backwardFetchRange(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, R>> {
    return this.rows(this.table.scan(fromKey, toKey, fromMs, toMs, true));
  }

  fetchAll(fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, R>> {
    return this.rows(this.table.scan(null, null, fromMs, toMs, false));
  }

  backwardFetchAll(fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, R>> {
    return this.rows(this.table.scan(null, null, fromMs, toMs, true));
  }

  all(): StoreIterator<KeyValue<Windowed<K>, R>> {
    return this.fetchAll(ALWAYS_FROM, ALWAYS_TO);
  }

  backwardAll(): StoreIterator<KeyValue<Windowed<K>, R>> {
    return this.backwardFetchAll(ALWAYS_FROM, ALWAYS_TO);
  }

  /** With duplicates there is nothing that could be meant, and Kafka Streams does nothing either. */
  private remove(key: K, windowStartMs: number): void {
    if (this.table.retainDuplicates) return;
    this.table.write(this.table.getEntry(key, windowStartMs), null, this.origin.timestamp);
  }

  private windows(entries: Iterator<Entry<K, V>>): StoreIterator<WindowValue<R>> {
    return new EntryIterator(entries, (entry) => {
      const value = this.result(entry);
      return value === null ? undefined : { windowStartMs: entry.group!.startMs, value };
    });
  }

  private rows(entries: Iterator<Entry<K, V>>): StoreIterator<KeyValue<Windowed<K>, R>> {
    return new EntryIterator(entries, (entry) => {
      const value = this.result(entry);
      if (value === null) return undefined;
      const { startMs } = entry.group!;
      return { key: windowed(this.table.copyKey(entry.key), startMs, startMs + this.table.windowSizeMs), value };
    });
  }
}

/** A `window` store. Its changelog records carry the timestamp of the record that was processed at the last put. */
export class PlainWindowStore<K, V> extends WindowView<K, V, V> {
  protected result(entry: Entry<K, V>): V | null {
    return this.table.readCopy(entry);
  }

  protected store(entry: Entry<K, V>, value: V): void {
    this.table.write(entry, this.table.copyIn(value), this.origin.timestamp);
  }
}

/** A `timestampedWindow` store. */
export class TimestampedWindowView<K, V> extends WindowView<K, V, ValueAndTimestamp<V>> {
  protected result(entry: Entry<K, V>): ValueAndTimestamp<V> | null {
    const value = this.table.readCopy(entry);
    return value === null ? null : { value, timestamp: entry.timestampMs };
  }

  protected store(entry: Entry<K, V>, value: ValueAndTimestamp<V>): void {
    const inner = value.value ?? null;
    if (inner === null) this.table.write(entry, null, this.origin.timestamp);
    else this.table.write(entry, this.table.copyIn(inner), value.timestamp);
  }
}
