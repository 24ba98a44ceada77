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
import { JoinRows } from './join-rows.ts';
import { TimeBuckets } from './time-buckets.ts';

/** Java's `(sequence + 1) & 0x7FFFFFFF`. */
const SEQUENCE_MASK = 0x7fff_ffff;
/** Expired rows of keys that no longer come are let go of in steps of this part of the retention. */
const BUCKETS = 64;

/** A row as its changelog record needs it. */
interface LoggedRow<K> {
  key: K;
  timeMs: number;
  sequence: number;
}

/** A row as a view shows it. */
export interface JoinRow<K, V> {
  readonly key: K;
  readonly timeMs: number;
  readonly value: V;
}

/**
 * One side of a stream-stream join: every record by its key and timestamp, duplicates included, for as long as the join's
 * retention (window size plus grace). Kafka Streams' `InMemoryWindowStore` with `retainDuplicates`, to the millisecond.
 *
 * Rows are only ever added and let go of by time. So there is nothing to collapse until a commit: each goes to the changelog
 * at once, while its value is at hand. A look-up makes no objects:
 *
 *     const rows = table.find(table.mapKeyOf(key));
 *     for (let at = rows.from(fromMs); at < rows.times.length && rows.times[at] <= toMs; at++) table.read(rows.values[at])
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
  private changelog: ChangelogWriter | undefined = undefined;
  private readonly changelogKey: ValueWriter<LoggedRow<K>>;
  private readonly logged: LoggedRow<K> = { key: undefined as K, timeMs: 0.5, sequence: 0 };
  private readonly byKey: Map<string | number, JoinRows<K>> = new Map();
  /** Which lists have rows of which time. */
  private readonly buckets: TimeBuckets<JoinRows<K>>;
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
    this.changelogKey = changelogKeyWriter(spec.keySerde);
    this.buckets = new TimeBuckets(retentionMs, BUCKETS);
  }

  /** The rows of a key; undefined when there are none. Some may have expired: ask {@link firstLiveMs}. */
  find(mapKey: string | number): JoinRows<K> | undefined {
    this.metrics.scans++;
    return this.byKey.get(mapKey);
  }

  /** Rows before this time have expired, although they may still be there. */
  get firstLiveMs(): number {
    return this.observedMs - this.retentionMs + 1;
  }

  /** What a row keeps of a value, as a value that the caller may keep and change. */
  read(kept: unknown): V {
    return this.keepsBytes ? deserializeLatin1(this.valueSerde, kept as string, this.topic) : (kept as V);
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
    const kept = this.keepsBytes ? (raw ?? bytesToLatin1(this.valueSerde.serialize(value, this.topic))) : value;
    this.add(key, timeMs, kept);
    if (this.changelog !== undefined) this.log(this.changelog, key, timeMs, kept);
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

  /** All rows in a range of time that have not expired, in no particular order. */
  *rowsBetween(fromMs: number, toMs: number): Generator<JoinRow<K, V>> {
    const from = Math.max(fromMs, this.firstLiveMs);
    for (const rows of [...this.byKey.values()]) yield* this.rowsOf(rows, from, toMs);
  }

  /** The rows of one key in a range of time that have not expired, by time. */
  *rowsOf(rows: JoinRows<K>, fromMs: number, toMs: number): Generator<JoinRow<K, V>> {
    for (let at = rows.from(Math.max(fromMs, this.firstLiveMs)); at < rows.times.length && rows.times[at]! <= toMs; at++) {
      yield { key: rows.key, timeMs: rows.times[at]!, value: this.read(rows.values[at]) };
    }
  }

  approximateNumEntries(): number {
    return this.rowCount;
  }

  logTo(changelog: ChangelogWriter): void {
    this.changelog = changelog;
  }

  /** Nothing: what there was to write is written. */
  writeChangelog(): void {}

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
    this.add(own, timeMs, this.keepsBytes ? bytesToLatin1(value) : this.valueSerde.deserialize(value, this.topic));
  }

  /** A key for somebody who may keep or change it. */
  copyKey(key: K): K {
    return copyValue(this.keySerde, key, this.topic);
  }

  flushCache(): void {}

  close(): void {
    this.byKey.clear();
    this.buckets.clear();
    this.rowCount = 0;
  }

  private add(key: K, timeMs: number, kept: unknown): void {
    const mapKey = this.mapKeyOf(key);
    let rows = this.byKey.get(mapKey);
    if (rows === undefined) {
      rows = new JoinRows(this.copyKey(key), mapKey);
      this.byKey.set(mapKey, rows);
    }
    rows.add(timeMs, kept);
    this.rowCount++;
    const bucket = this.buckets.at(timeMs);
    if (rows.bucketIndex === bucket.index) return;
    rows.bucketIndex = bucket.index;
    bucket.rows.push(rows);
  }

  private log(changelog: ChangelogWriter, key: K, timeMs: number, kept: unknown): void {
    const { logged, topic } = this;
    logged.key = key;
    logged.timeMs = timeMs;
    logged.sequence = this.sequence;
    this.metrics.changelogRecords++;
    if (this.keepsBytes) changelog.appendWith(timeMs, this.changelogKey, logged, RAW_LATIN1, kept as string, topic);
    else changelog.appendWith(timeMs, this.changelogKey, logged, this.valueSerde, kept as V, topic);
  }

  /** Time goes on: lets go of whole buckets that have expired. */
  private observe(timeMs: number): void {
    if (timeMs <= this.observedMs) return;
    this.observedMs = timeMs;
    const expiredMs = this.firstLiveMs - 1;
    for (let bucket = this.buckets.takeOldest(expiredMs); bucket !== undefined; bucket = this.buckets.takeOldest(expiredMs)) {
      for (const rows of bucket.rows) {
        const dropped = rows.dropUpTo(expiredMs);
        this.rowCount -= dropped;
        // Nothing dropped: it was done with before, and the key may have got another list since.
        if (dropped > 0 && rows.isEmpty) this.byKey.delete(rows.mapKey);
      }
    }
  }
}

/** `key | int64 timestamp | int32 sequence`: Java's WindowKeySchema. */
function changelogKeyWriter<K>(keySerde: Serde<K>): ValueWriter<LoggedRow<K>> {
  return {
    serialize(row, topic) {
      return windowedStoreKey(keySerde.serialize(row.key, topic), row.timeMs, row.sequence);
    },
    writeInto(row, target, offset, room) {
      const keyRoom = room - WINDOW_STORE_KEY_SUFFIX_BYTES;
      if (keyRoom < 0) return -1;
      const size = writeWith(keySerde, row.key, target, offset, keyRoom);
      if (size < 0) return -1;
      writeWindowStoreSuffix(row.timeMs, row.sequence, target, offset + size);
      return size + WINDOW_STORE_KEY_SUFFIX_BYTES;
    },
  };
}
