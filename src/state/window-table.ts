import { MillraceError } from '../errors.ts';
import { readInt32, readInt64 } from '../serde/numbers.ts';
import { writeWith } from '../serde/serde.ts';
import { timeWindowedSerde, WINDOW_STORE_KEY_SUFFIX_BYTES, windowed, windowedStoreKey, writeWindowStoreSuffix } from '../serde/windowed.ts';
import { Entry } from './entry.ts';
import { nullKey } from './key-value-table.ts';
import { SortedIndex, type SortKeyFunction, sortKeyFunction } from './sorted-index.ts';
import type { ChangelogWriter, StoreContext, ValueWriter } from './store-context.ts';
import type { StoreSpec } from './store-spec.ts';
import type { WindowGroup } from './window-group.ts';
import { WindowGroups } from './window-groups.ts';
import { type RawRow, WriteBackStore } from './write-back-store.ts';

/** Java's `(sequence + 1) & 0x7FFFFFFF`. */
const SEQUENCE_MASK = 0x7fff_ffff;

/** A window store from the inside: what operators use, in the same way as a `KeyValueTable`. */
export class WindowTable<K, V> extends WriteBackStore<K, V> {
  readonly windowSizeMs: number;
  readonly retainDuplicates: boolean;
  private readonly groups: WindowGroups<K, V>;
  private readonly sortKeyOf: SortKeyFunction<K>;
  private readonly changelogKey: ValueWriter<Entry<K, V>>;
  private sequence = 0;

  constructor(spec: StoreSpec<K, V>, context: StoreContext) {
    super(spec, context);
    this.windowSizeMs = requireMs(spec, 'windowSizeMs');
    this.retainDuplicates = spec.retainDuplicates === true;
    this.groups = new WindowGroups(requireMs(spec, 'retentionMs'), this.retainDuplicates);
    this.sortKeyOf = sortKeyFunction(spec.keySerde, context.topic);
    this.changelogKey = changelogKeyWriter(spec.keySerde);
  }

  /**
   * The entry of a key in the window that starts at `windowStartMs`; a new one, not yet in the store, when there is none.
   * Its value may be null. An entry of an expired window can be written and forwarded like any other, but is not kept.
   * With duplicates every call makes a new one, with the next sequence number.
   */
  getEntry(key: K, windowStartMs: number): Entry<K, V> {
    if (key === null || key === undefined) throw nullKey(this.name);
    const mapKey = this.mapKeyOf(key);
    const group = this.groups.getOrMake(windowStartMs);
    if (this.retainDuplicates) {
      this.sequence = (this.sequence + 1) & SEQUENCE_MASK;
      return new Entry<K, V>(this.copyKey(key), mapKey, group, this.sequence);
    }
    const entry = group.entries.get(mapKey);
    return entry !== undefined ? entry : new Entry<K, V>(this.copyKey(key), mapKey, group, 0);
  }

  /** As `KeyValueTable.findByBytes`, in the window that starts at `windowStartMs`. */
  findByBytes(bytes: Uint8Array, start: number, length: number, windowStartMs: number): Entry<K, V> | undefined {
    return this.groups.find(windowStartMs)?.byBytes?.find(bytes, start, length);
  }

  /** As `KeyValueTable.rememberBytes`. */
  rememberBytes(entry: Entry<K, V>): void {
    const { keyBytes } = this.keySerde;
    if (keyBytes !== undefined && !this.retainDuplicates) entry.group!.rememberBytes(entry, keyBytes === 'any');
  }

  /** The entry of a window that has a value; undefined otherwise. With duplicates, the first. */
  findEntry(key: K, windowStartMs: number): Entry<K, V> | undefined {
    if (key === null || key === undefined) throw nullKey(this.name);
    return this.groups.find(windowStartMs)?.rowsOf(this.mapKeyOf(key)).find(hasValue);
  }

  /** Entries of one key whose windows start in a range, both ends inclusive. */
  fetch(key: K, fromMs: number, toMs: number, backward: boolean): Generator<Entry<K, V>> {
    if (key === null || key === undefined) throw nullKey(this.name);
    this.metrics.scans++;
    return rowsOfKey(this.groups.between(fromMs, toMs, backward), this.mapKeyOf(key), backward);
  }

  /** Entries by window start, then key bytes; null keys are open ends. */
  scan(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number, backward: boolean): Generator<Entry<K, V>> {
    const from = fromKey === null ? null : this.boundOf(fromKey);
    const to = toKey === null ? null : this.boundOf(toKey);
    this.metrics.scans++;
    return this.scanGroups(this.groups.between(fromMs, toMs, backward), from, to, backward);
  }

  /** All entries with a value, by window start and in no order within. */
  *unordered(): Generator<Entry<K, V>> {
    for (const group of this.groups.between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, false)) {
      for (const entry of group.rows()) {
        if (entry.value !== null) yield entry;
      }
    }
  }

  /** The value of a serialised windowed key (`key | int64 window start`), serialised; for reads from other threads. */
  rawGet(key: Uint8Array): RawRow | undefined {
    const windowedKey = timeWindowedSerde(this.keySerde, this.windowSizeMs).deserialize(key, this.topic);
    const entry = this.findEntry(windowedKey.key, windowedKey.window.startMs);
    return entry === undefined ? undefined : this.rawRow(entry);
  }

  approximateNumEntries(): number {
    return this.groups.liveCount;
  }

  /**
   * Sequence numbers go on after the highest one restored; Kafka Streams starts again at 0, so that new duplicates there
   * replace restored ones of the same key and time.
   */
  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    const keyLength = key.length - WINDOW_STORE_KEY_SUFFIX_BYTES;
    if (keyLength < 0) {
      throw new MillraceError(
        'CORRUPT_RECORD',
        `A record of "${this.topic}" has a key of ${key.length} bytes, which no window store writes. Is this topic used by something else?`,
        { context: { topic: this.topic, store: this.name } },
      );
    }
    const own = this.keySerde.deserialize(key.subarray(0, keyLength), this.topic);
    const mapKey = this.mapKeyOf(own);
    const sequence = readInt32(key, keyLength + 8);
    const group = this.groups.getOrMake(readInt64(key, keyLength));
    if (sequence > this.sequence) this.sequence = sequence;
    const entry = group.rowsOf(mapKey).find((row) => row.sequence === sequence) ?? new Entry<K, V>(own, mapKey, group, sequence);
    this.takeOver(entry, value, timestampMs);
  }

  override close(): void {
    super.close();
    this.groups.clear();
  }

  /** The write that brings the entry in also moves the store's time, as a put does in Kafka Streams. */
  protected attach(entry: Entry<K, V>): void {
    const group = entry.group!;
    this.groups.observe(group.startMs);
    if (!group.open) this.metrics.expired++;
    else group.add(entry);
  }

  protected detach(entry: Entry<K, V>): void {
    const group = entry.group!;
    if (!group.open) return;
    group.remove(entry);
    this.groups.dropEmpty(group);
  }

  protected presenceChanged(entry: Entry<K, V>, present: boolean): void {
    const group = entry.group!;
    if (!group.open) return;
    group.liveCount += present ? 1 : -1;
    this.groups.liveCount += present ? 1 : -1;
    group.index = undefined;
  }

  protected isExpired(entry: Entry<K, V>): boolean {
    return this.groups.isExpired(entry.group!.startMs);
  }

  protected appendTo<T>(writer: ChangelogWriter, entry: Entry<K, V>, serde: ValueWriter<T>, value: T | null): void {
    writer.appendWith(entry.timestampMs, this.changelogKey, entry, serde, value, this.topic);
  }

  protected rawKey(entry: Entry<K, V>): Uint8Array {
    const { startMs } = entry.group!;
    const serde = timeWindowedSerde(this.keySerde, this.windowSizeMs);
    return serde.serialize(windowed(entry.key, startMs, startMs + this.windowSizeMs), this.topic);
  }

  private *scanGroups(
    groups: readonly WindowGroup<K, V>[],
    from: string | null,
    to: string | null,
    backward: boolean,
  ): Generator<Entry<K, V>> {
    for (const group of groups) {
      if (!group.open) continue; // it expired since the scan began
      group.index ??= new SortedIndex(group.rows(), (entry) => this.sortKeyOf(entry.key, entry.mapKey));
      yield* group.index.range(from, to, backward);
    }
  }

  private boundOf(key: K): string {
    return this.sortKeyOf(key, this.mapKeyOf(key));
  }
}

function* rowsOfKey<K, V>(groups: readonly WindowGroup<K, V>[], mapKey: string | number, backward: boolean): Generator<Entry<K, V>> {
  for (const group of groups) {
    if (!group.open) continue;
    const rows = group.rowsOf(mapKey);
    yield* backward ? rows.toReversed() : rows;
  }
}

function hasValue<K, V>(entry: Entry<K, V>): boolean {
  return entry.value !== null;
}

function requireMs(spec: Pick<StoreSpec, 'name' | 'windowSizeMs' | 'retentionMs'>, option: 'windowSizeMs' | 'retentionMs'): number {
  const value = spec[option];
  if (value !== undefined && Number.isSafeInteger(value) && value > 0) return value;
  throw new MillraceError('INVALID_TOPOLOGY', `Window store "${spec.name}" needs a positive ${option} in ms but has ${value}.`, {
    context: { store: spec.name },
  });
}

/** `key | int64 window start | int32 sequence`: Java's WindowKeySchema. */
function changelogKeyWriter<K, V>(keySerde: ValueWriter<K>): ValueWriter<Entry<K, V>> {
  return {
    serialize(entry, topic) {
      return windowedStoreKey(keySerde.serialize(entry.key, topic), entry.group!.startMs, entry.sequence);
    },
    writeInto(entry, target, offset, room) {
      const keyRoom = room - WINDOW_STORE_KEY_SUFFIX_BYTES;
      if (keyRoom < 0) return -1;
      const size = writeWith(keySerde, entry.key, target, offset, keyRoom);
      if (size < 0) return -1;
      writeWindowStoreSuffix(entry.group!.startMs, entry.sequence, target, offset + size);
      return size + WINDOW_STORE_KEY_SUFFIX_BYTES;
    },
  };
}
