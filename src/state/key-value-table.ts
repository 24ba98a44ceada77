import { MillraceError } from '../errors.ts';
import { string } from '../serde/string.ts';
import { bytesToLatin1 } from './byte-codec.ts';
import { Entry } from './entry.ts';
import { SortedIndex, sortKeyFunction } from './sorted-index.ts';
import type { ChangelogWriter, StoreContext, ValueWriter } from './store-context.ts';
import type { StoreSpec } from './store-spec.ts';
import { WriteBackStore } from './write-back-store.ts';

/**
 * A key-value store from the inside: what operators use. Timestamped and plain ones differ only in what users see of
 * them; the timestamp is there anyway, since the changelog record carries it.
 *
 *     const entry = table.getEntry(key);          // one Map lookup
 *     table.beforeChange(entry);                  // before a mutable value is changed in place
 *     const value = aggregator(key, v, table.read(entry) ?? initializer());
 *     table.write(entry, value, timestampMs);
 */
export class KeyValueTable<K, V> extends WriteBackStore<K, V> {
  private entries: Map<string | number, Entry<K, V>> = new Map();
  /** Dropped whenever a key is added or removed. */
  private index: SortedIndex<K, V> | undefined = undefined;
  private readonly sortKeyOf: (key: K, mapKey: string | number) => string;

  constructor(spec: StoreSpec<K, V>, context: StoreContext) {
    super(spec, context);
    const textKeys = spec.keySerde.mapKey === undefined || (spec.keySerde as unknown) === string();
    this.sortKeyOf = sortKeyFunction((key: K) => this.keySerde.serialize(key, this.topic), textKeys);
  }

  /** The entry of a key; a new one, not yet in the store, when there is none. Its value may be null. */
  getEntry(key: K): Entry<K, V> {
    if (key === null || key === undefined) throw nullKey(this.name);
    const mapKey = this.mapKeyOf(key);
    const entry = this.entries.get(mapKey);
    return entry !== undefined ? entry : new Entry<K, V>(this.copyKey(key), mapKey, null, 0);
  }

  /** The entry of a key that has a value; undefined otherwise. */
  findEntry(key: K): Entry<K, V> | undefined {
    if (key === null || key === undefined) throw nullKey(this.name);
    const entry = this.entries.get(this.mapKeyOf(key));
    return entry === undefined || entry.value === null ? undefined : entry;
  }

  /** Entries in the order of their key bytes, both bounds inclusive; some may have lost their value meanwhile. */
  scan(from: K | null, to: K | null, backward: boolean): Generator<Entry<K, V>> {
    const index = this.sorted();
    const start = from === null ? 0 : index.lowerBound(this.boundOf(from));
    const end = to === null ? index.items.length : index.upperBound(this.boundOf(to));
    return slice(index, start, end, backward);
  }

  scanPrefix(prefix: Uint8Array): Generator<Entry<K, V>> {
    const index = this.sorted();
    const text = bytesToLatin1(prefix);
    const start = index.lowerBound(text);
    return slice(index, start, index.prefixEnd(text, start), false);
  }

  /** All live entries in no particular order: the fastest way through all of them. */
  *unordered(): Generator<Entry<K, V>> {
    for (const entry of this.entries.values()) {
      if (entry.value !== null) yield entry;
    }
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    const own = this.keySerde.deserialize(key, this.topic);
    const mapKey = this.mapKeyOf(own);
    const entry = this.entries.get(mapKey) ?? new Entry<K, V>(own, mapKey, null, 0);
    this.takeOver(entry, value, timestampMs);
  }

  override close(): void {
    super.close();
    this.entries = new Map();
    this.index = undefined;
  }

  protected attach(entry: Entry<K, V>): void {
    this.entries.set(entry.mapKey, entry);
  }

  protected detach(entry: Entry<K, V>): void {
    this.entries.delete(entry.mapKey);
  }

  protected presenceChanged(): void {
    this.index = undefined;
  }

  protected isExpired(): boolean {
    return false;
  }

  protected appendTo<T>(writer: ChangelogWriter, entry: Entry<K, V>, serde: ValueWriter<T>, value: T | null): void {
    writer.appendWith(entry.timestampMs, this.keySerde, entry.key, serde, value, this.topic);
  }

  private sorted(): SortedIndex<K, V> {
    this.metrics.scans++;
    this.index ??= new SortedIndex(this.entries.values(), (entry) => this.sortKeyOf(entry.key, entry.mapKey));
    return this.index;
  }

  private boundOf(key: K): string {
    return this.sortKeyOf(key, this.mapKeyOf(key));
  }
}

function* slice<K, V>(index: SortedIndex<K, V>, start: number, end: number, backward: boolean): Generator<Entry<K, V>> {
  if (backward) {
    for (let i = end - 1; i >= start; i--) yield index.items[i]!.entry;
  } else {
    for (let i = start; i < end; i++) yield index.items[i]!.entry;
  }
}

/** Kafka Streams throws a NullPointerException here. */
export function nullKey(store: string): MillraceError {
  return new MillraceError('SERIALIZATION_FAILED', `Store "${store}" was asked for a null key. Check the key before using the store.`, {
    context: { store },
  });
}
