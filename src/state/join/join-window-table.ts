import { MillraceError } from '../../errors.ts';
import { readInt32, readInt64 } from '../../serde/numbers.ts';
import { type Serde, writeWith } from '../../serde/serde.ts';
import { WINDOW_STORE_KEY_SUFFIX_BYTES, windowedStoreKey, writeWindowStoreSuffix } from '../../serde/windowed.ts';
import { bytesToLatin1, copyValue, deserializeLatin1, mapKeyFunction, RAW_LATIN1 } from '../byte-codec.ts';
import { nullKey } from '../key-value-table.ts';
import {
  type ChangelogCursor,
  type ChangelogWriter,
  newStoreMetrics,
  type StoreContext,
  type StoreMetrics,
  type ValueWriter,
} from '../store-context.ts';
import type { StoreSpec } from '../store-spec.ts';
import { restoreRecords, type StoreTable } from '../store-table.ts';
import { JoinRow, JoinRows } from './join-rows.ts';
import { TimeBuckets } from './time-buckets.ts';

/** Java's `(sequence + 1) & 0x7FFFFFFF`. */
const SEQUENCE_MASK = 0x7fff_ffff;

/**
 * One side of a stream-stream join: every record by its key and timestamp, duplicates included, for as long as the join's
 * retention (window size plus grace). Kafka Streams' `InMemoryWindowStore` with `retainDuplicates`, to the millisecond.
 *
 * Rows are only ever added and let go of by time, so there is none of what other stores have for changes. A look-up makes
 * no objects:
 *
 *     const rows = table.find(table.mapKeyOf(key));
 *     for (let at = rows.from(fromMs); at < rows.rows.length && rows.rows[at].timeMs <= toMs; at++) table.read(rows.rows[at])
 */
export class JoinWindowTable<K, V> implements StoreTable {
  readonly name: string;
  readonly windowSizeMs: number;
  readonly retentionMs: number;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  readonly mapKeyOf: (key: K) => string | number;
  /** Values could be changed by who reads them: rows keep them serialised. */
  readonly keepsBytes: boolean;
  readonly metrics: StoreMetrics = newStoreMetrics();
  /** Never cached. */
  readonly oldestTick: number = Number.POSITIVE_INFINITY;
  /** The latest time that was put; rows that are the retention or more behind it have expired. */
  observedMs = -1;
  private readonly topic: string;
  private readonly logging: boolean;
  private readonly changelogKey: ValueWriter<JoinRow<K, V>>;
  private readonly byKey: Map<string | number, JoinRows<K, V>> = new Map();
  private readonly buckets: TimeBuckets<JoinRow<K, V>>;
  private dirty: JoinRow<K, V>[] = [];
  private sequence = 0;
  private rowCount = 0;

  constructor(spec: StoreSpec<K, V>, context: StoreContext) {
    const { name, windowSizeMs = 0, retentionMs = 0 } = spec;
    this.name = name;
    this.windowSizeMs = windowSizeMs;
    this.retentionMs = retentionMs;
    this.keySerde = spec.keySerde;
    this.valueSerde = spec.valueSerde;
    this.topic = context.topic;
    this.mapKeyOf = mapKeyFunction(spec.keySerde, context.topic);
    this.keepsBytes = spec.valueSerde.immutable !== true;
    this.logging = spec.logging.enabled;
    this.changelogKey = changelogKeyWriter(spec.keySerde);
    this.buckets = new TimeBuckets(retentionMs);
  }

  /** The rows of a key; undefined when there are none. Some may have expired: ask {@link firstLiveMs}. */
  find(mapKey: string | number): JoinRows<K, V> | undefined {
    this.metrics.scans++;
    return this.byKey.get(mapKey);
  }

  /** Rows before this time have expired, although they may still be there. */
  get firstLiveMs(): number {
    return this.observedMs - this.retentionMs + 1;
  }

  /** The value of a row for somebody who may keep and change it. */
  read(row: JoinRow<K, V>): V {
    return row.raw === null ? (row.value as V) : deserializeLatin1(this.valueSerde, row.raw, this.topic);
  }

  /**
   * Adds a record; false when it has expired already. It takes a sequence number in either case, as in Kafka Streams.
   *
   * @param raw the value's bytes as a latin1 string where they are known; used where {@link keepsBytes}.
   */
  put(key: K, timeMs: number, value: V, raw: string | null): boolean {
    if (key === null || key === undefined) throw nullKey(this.name);
    this.sequence = (this.sequence + 1) & SEQUENCE_MASK;
    this.observe(timeMs);
    if (timeMs < this.firstLiveMs) {
      this.metrics.expired++;
      return false;
    }
    this.metrics.puts++;
    const row = this.keepsBytes
      ? this.add(key, timeMs, this.sequence, undefined, raw ?? bytesToLatin1(this.valueSerde.serialize(value, this.topic)))
      : this.add(key, timeMs, this.sequence, value, null);
    if (this.logging) this.dirty.push(row);
    return true;
  }

  /** A record without a value: nothing to keep, but the store's time and sequence go on. False when it has expired already. */
  putNothing(timeMs: number): boolean {
    this.sequence = (this.sequence + 1) & SEQUENCE_MASK;
    this.observe(timeMs);
    if (timeMs >= this.firstLiveMs) return true;
    this.metrics.expired++;
    return false;
  }

  /** All rows that have not expired, by time and in no order within one time. */
  *unordered(fromMs: number, toMs: number): Generator<JoinRow<K, V>> {
    const from = Math.max(fromMs, this.firstLiveMs);
    for (const bucket of [...this.buckets.list]) {
      const rows = bucket.rows.filter(({ timeMs }) => timeMs >= from && timeMs <= toMs);
      yield* rows.sort((a, b) => a.timeMs - b.timeMs);
    }
  }

  approximateNumEntries(): number {
    return this.rowCount;
  }

  writeChangelog(writer: ChangelogWriter): void {
    const { dirty, keepsBytes, topic } = this;
    if (dirty.length === 0) return;
    const firstLiveMs = this.firstLiveMs;
    for (let i = 0; i < dirty.length; i++) {
      const row = dirty[i]!;
      if (row.timeMs < firstLiveMs) continue; // restoring would drop it again
      this.metrics.changelogRecords++;
      if (keepsBytes) writer.appendWith(row.timeMs, this.changelogKey, row, RAW_LATIN1, row.raw, topic);
      else writer.appendWith(row.timeMs, this.changelogKey, row, this.valueSerde, row.value as V, topic);
    }
    this.dirty = [];
  }

  restoreBatch(cursor: ChangelogCursor): number {
    return restoreRecords(cursor, (key, value) => this.restore(key, value));
  }

  /**
   * Every record is a row, also one with the key, time and sequence number of another: Kafka Streams counts from the start
   * again after a restart. Here the numbers go on after the highest one.
   */
  restore(key: Uint8Array, value: Uint8Array | null): void {
    const keyLength = key.length - WINDOW_STORE_KEY_SUFFIX_BYTES;
    if (keyLength < 0) {
      throw new MillraceError(
        'CORRUPT_RECORD',
        `A record of "${this.topic}" has a key of ${key.length} bytes, which no window store writes. Is this topic used by something else?`,
        { context: { topic: this.topic, store: this.name } },
      );
    }
    this.metrics.restored++;
    const timeMs = readInt64(key, keyLength);
    const sequence = readInt32(key, keyLength + 8);
    if (sequence > this.sequence) this.sequence = sequence;
    this.observe(timeMs);
    if (value === null || timeMs < this.firstLiveMs) return;
    const own = this.keySerde.deserialize(key.subarray(0, keyLength), this.topic);
    if (this.keepsBytes) this.add(own, timeMs, sequence, undefined, bytesToLatin1(value));
    else this.add(own, timeMs, sequence, this.valueSerde.deserialize(value, this.topic), null);
  }

  /** A key for somebody who may keep or change it. */
  copyKey(key: K): K {
    return copyValue(this.keySerde, key, this.topic);
  }

  flushCache(): void {}

  close(): void {
    this.byKey.clear();
    this.buckets.clear();
    this.dirty = [];
    this.rowCount = 0;
  }

  private add(key: K, timeMs: number, sequence: number, value: V | undefined, raw: string | null): JoinRow<K, V> {
    const mapKey = this.mapKeyOf(key);
    let list = this.byKey.get(mapKey);
    if (list === undefined) {
      list = new JoinRows(this.copyKey(key), mapKey);
      this.byKey.set(mapKey, list);
    }
    const row = new JoinRow(list, timeMs, sequence, value, raw);
    list.add(row);
    this.buckets.at(timeMs).rows.push(row);
    this.rowCount++;
    return row;
  }

  /** Time goes on: lets go of whole buckets that have expired. */
  private observe(timeMs: number): void {
    if (timeMs <= this.observedMs) return;
    this.observedMs = timeMs;
    const expiredMs = this.firstLiveMs - 1;
    for (let bucket = this.buckets.takeOldest(expiredMs); bucket !== undefined; bucket = this.buckets.takeOldest(expiredMs)) {
      for (const { list } of bucket.rows) {
        const dropped = list.dropUpTo(expiredMs);
        this.rowCount -= dropped;
        // Nothing dropped: it was done with before, and the key may have got another list since.
        if (dropped > 0 && list.isEmpty) this.byKey.delete(list.mapKey);
      }
    }
  }
}

/** `key | int64 timestamp | int32 sequence`: Java's WindowKeySchema. */
function changelogKeyWriter<K, V>(keySerde: Serde<K>): ValueWriter<JoinRow<K, V>> {
  return {
    serialize(row, topic) {
      return windowedStoreKey(keySerde.serialize(row.list.key, topic), row.timeMs, row.sequence);
    },
    writeInto(row, target, offset, room) {
      const keyRoom = room - WINDOW_STORE_KEY_SUFFIX_BYTES;
      if (keyRoom < 0) return -1;
      const size = writeWith(keySerde, row.list.key, target, offset, keyRoom);
      if (size < 0) return -1;
      writeWindowStoreSuffix(row.timeMs, row.sequence, target, offset + size);
      return size + WINDOW_STORE_KEY_SUFFIX_BYTES;
    },
  };
}
