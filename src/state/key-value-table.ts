import { MillraceError } from '../errors.ts';
import { bytesToLatin1 } from './byte-codec.ts';
import { ByteIndex } from './byte-index.ts';
import { Entry } from './entry.ts';
import { SortedIndex, type SortKeyFunction, sortKeyFunction } from './sorted-index.ts';
import type { ChangelogWriter, StoreContext, ValueWriter } from './store-context.ts';
import type { StoreSpec } from './store-spec.ts';
import { type RawRow, WriteBackStore } from './write-back-store.ts';

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
  private readonly sortKeyOf: SortKeyFunction<K>;
  private byBytes: ByteIndex<K, V> | undefined;
  private liveCount = 0;

  constructor(spec: StoreSpec<K, V>, context: StoreContext) {
    super(spec, context);
    this.sortKeyOf = sortKeyFunction(spec.keySerde, context.topic);
    const { keyBytes } = spec.keySerde;
    if (keyBytes !== undefined) this.byBytes = new ByteIndex(keyBytes === 'any');
  }

  /**
   * The entry whose key, serialised by this store's serde, has these bytes. Undefined says nothing: decode the key, then
   * ask {@link getEntry}, and tell {@link rememberBytes} what it answered once that has a value.
   */
  findByBytes(bytes: Uint8Array, start: number, length: number): Entry<K, V> | undefined {
    return this.byBytes?.find(bytes, start, length);
  }

  /** To be called after a {@link findByBytes} that found nothing, before the next one. */
  rememberBytes(entry: Entry<K, V>): void {
    this.byBytes?.add(entry);
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
    return this.sorted().range(from === null ? null : this.boundOf(from), to === null ? null : this.boundOf(to), backward);
  }

  scanPrefix(prefix: Uint8Array): Generator<Entry<K, V>> {
    const index = this.sorted();
    const text = bytesToLatin1(prefix);
    const start = index.lowerBound(text);
    return index.slice(start, index.prefixEnd(text, start), false);
  }

  /** All live entries in no particular order: the fastest way through all of them. */
  *unordered(): Generator<Entry<K, V>> {
    for (const entry of this.entries.values()) {
      if (entry.value !== null) yield entry;
    }
  }

  /** The value of a serialised key, serialised; for reads from other threads. */
  rawGet(key: Uint8Array): RawRow | undefined {
    const entry = this.findEntry(this.keySerde.deserialize(key, this.topic));
    return entry === undefined ? undefined : this.rawRow(entry);
  }

  approximateNumEntries(): number {
    return this.liveCount;
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
    this.byBytes = undefined;
    this.liveCount = 0;
    this.index = undefined;
  }

  protected attach(entry: Entry<K, V>): void {
    this.entries.set(entry.mapKey, entry);
  }

  protected detach(entry: Entry<K, V>): void {
    this.entries.delete(entry.mapKey);
  }

  protected presenceChanged(_entry: Entry<K, V>, present: boolean): void {
    this.liveCount += present ? 1 : -1;
    this.index = undefined;
  }

  protected isExpired(): boolean {
    return false;
  }

  protected appendTo<T>(writer: ChangelogWriter, entry: Entry<K, V>, serde: ValueWriter<T>, value: T | null): void {
    writer.appendWith(entry.timestampMs, this.keySerde, entry.key, serde, value, this.topic);
  }

  protected rawKey(entry: Entry<K, V>): Uint8Array {
    return this.keySerde.serialize(entry.key, this.topic);
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

/** Kafka Streams throws a NullPointerException here. */
export function nullKey(store: string): MillraceError {
  return new MillraceError('SERIALIZATION_FAILED', `Store "${store}" was asked for a null key. Check the key before using the store.`, {
    context: { store },
  });
}
