import type { Serde } from '../serde/serde.ts';
import type { Entry } from './entry.ts';
import type { KeyValueTable } from './key-value-table.ts';
import type { KeyValue, KeyValueStore, StoreIterator, ValueAndTimestamp } from './read-only.ts';
import type { ChangeOrigin } from './store-context.ts';
import { EntryIterator } from './store-iterator.ts';

/** What users see of a key-value table: copies only. `R` is the value as they see it. */
abstract class KeyValueView<K, V, R> implements KeyValueStore<K, R> {
  readonly name: string;
  /** For operators of this package; everything in it is live. */
  readonly table: KeyValueTable<K, V>;

  protected readonly origin: ChangeOrigin;

  constructor(table: KeyValueTable<K, V>, origin: ChangeOrigin) {
    this.name = table.name;
    this.table = table;
    this.origin = origin;
  }

  /** The entry's value as users see it; null when there is none. */
  protected abstract result(entry: Entry<K, V>): R | null;
  protected abstract store(entry: Entry<K, V>, value: R): void;

  get(key: K): R | null {
    this.table.metrics.gets++;
    const entry = this.table.findEntry(key);
    return entry === undefined ? null : this.result(entry);
  }

  put(key: K, value: R | null): void {
    this.putEntry(this.table.getEntry(key), value);
  }

  putIfAbsent(key: K, value: R | null): R | null {
    const entry = this.table.getEntry(key);
    const existing = this.result(entry);
    if (existing === null) this.putEntry(entry, value);
    return existing;
  }

  putAll(entries: Iterable<KeyValue<K, R | null>>): void {
    for (const { key, value } of entries) this.put(key, value);
  }

  delete(key: K): R | null {
    const entry = this.table.getEntry(key);
    const existing = this.result(entry);
    this.putEntry(entry, null);
    return existing;
  }

  range(from: K | null, to: K | null): StoreIterator<KeyValue<K, R>> {
    return this.iterate(this.table.scan(from, to, false));
  }

  reverseRange(from: K | null, to: K | null): StoreIterator<KeyValue<K, R>> {
    return this.iterate(this.table.scan(from, to, true));
  }

  all(): StoreIterator<KeyValue<K, R>> {
    return this.iterate(this.table.scan(null, null, false));
  }

  reverseAll(): StoreIterator<KeyValue<K, R>> {
    return this.iterate(this.table.scan(null, null, true));
  }

  prefixScan<P>(prefix: P, prefixSerde: Serde<P>): StoreIterator<KeyValue<K, R>> {
    return this.iterate(this.table.scanPrefix(prefixSerde.serialize(prefix, this.name)));
  }

  approximateNumEntries(): number {
    return this.table.approximateNumEntries();
  }

  private putEntry(entry: Entry<K, V>, value: R | null): void {
    if (value === null || value === undefined) this.table.write(entry, null, this.origin.timestamp);
    else this.store(entry, value);
  }

  private iterate(entries: Iterator<Entry<K, V>>): StoreIterator<KeyValue<K, R>> {
    return new EntryIterator(entries, (entry) => {
      const value = this.result(entry);
      return value === null ? undefined : { key: this.table.copyKey(entry.key), value };
    });
  }
}

/** A `keyValue` store. Its changelog records carry the timestamp of the record that was processed at the last put. */
export class PlainKeyValueStore<K, V> extends KeyValueView<K, V, V> {
  protected result(entry: Entry<K, V>): V | null {
    return this.table.readCopy(entry);
  }

  protected store(entry: Entry<K, V>, value: V): void {
    this.table.write(entry, this.table.copyIn(value), this.origin.timestamp);
  }
}

/** A `timestampedKeyValue` store. */
export class TimestampedStore<K, V> extends KeyValueView<K, V, ValueAndTimestamp<V>> {
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
