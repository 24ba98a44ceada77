import { MillraceError } from '../../errors.ts';
import { readInt32, readInt64 } from '../../serde/numbers.ts';
import type { Serde } from '../../serde/serde.ts';
import { bytesToLatin1, copyValue, deserializeLatin1, mapKeyFunction } from '../byte-codec.ts';
import { type SortKeyFunction, sortKeyFunction } from '../sorted-index.ts';
import { type ChangelogCursor, type ChangelogWriter, newStoreMetrics, type StoreContext, type StoreMetrics } from '../store-context.ts';
import type { StoreSpec } from '../store-spec.ts';
import { restoreRecords, type StoreTable } from '../store-table.ts';
import { JoinTime } from './join-time.ts';
import { OUTER_KEY_PREFIX_BYTES, type OuterChangelog, outerChangelog, readOuterValues } from './outer-changelog.ts';
import { comesBefore, OuterRow, OuterRows } from './outer-rows.ts';
import { type TimeBucket, TimeBuckets } from './time-buckets.ts';

/** Removed rows stay in their bucket until there are this many, and more than rows that are left. */
const COMPACT_AT = 32;
/** Many, so that a bucket of a busy join with windows of hours is still short enough to be kept in order. */
const BUCKETS = 1_024;

/**
 * The records of a left or outer stream-stream join that have found no partner yet, of both sides, in the order of time:
 * Kafka Streams' shared store (`KSTREAM-OUTERSHARED-…`, class `ListValueStore`). A row goes when a partner comes, or when its
 * window has closed and its result without a partner was forwarded.
 */
export class OuterJoinTable<K> implements StoreTable {
  readonly name: string;
  readonly metrics: StoreMetrics = newStoreMetrics();
  /** Never cached. */
  readonly oldestTick: number = Number.POSITIVE_INFINITY;
  /** Shared by the two sides of the join. */
  readonly time = new JoinTime();
  private readonly topic: string;
  private readonly logging: boolean;
  private readonly keySerde: Serde<K>;
  private readonly leftSerde: Serde<unknown>;
  private readonly rightSerde: Serde<unknown>;
  private readonly mapKeyOf: (key: K) => string | number;
  private readonly sortKeyOf: SortKeyFunction<K>;
  private readonly changelog: OuterChangelog<K>;
  private readonly byKey: Map<string | number, OuterRows<K>> = new Map();
  private readonly buckets: TimeBuckets<OuterRow<K>>;
  private dirty: OuterRow<K>[] = [];
  private rowCount = 0;

  constructor(spec: StoreSpec<K, unknown>, context: StoreContext) {
    this.name = spec.name;
    this.topic = context.topic;
    this.logging = spec.logging.enabled;
    this.keySerde = spec.keySerde;
    this.leftSerde = spec.valueSerde;
    this.rightSerde = spec.otherValueSerde ?? spec.valueSerde;
    this.mapKeyOf = mapKeyFunction(spec.keySerde, context.topic);
    this.sortKeyOf = sortKeyFunction(spec.keySerde, context.topic);
    this.changelog = outerChangelog(spec.keySerde, this.leftSerde, this.rightSerde);
    this.buckets = new TimeBuckets(spec.retentionMs ?? 0, BUCKETS);
  }

  get isEmpty(): boolean {
    return this.rowCount === 0;
  }

  /** The waiting rows of a key; undefined when there are none. */
  find(mapKey: string | number): OuterRows<K> | undefined {
    return this.byKey.get(mapKey);
  }

  /** The serde of one side's values. */
  serdeOf(isLeft: boolean): Serde<unknown> {
    return isLeft ? this.leftSerde : this.rightSerde;
  }

  /** A record waits for a partner. `raw`: its value's bytes as a latin1 string, where they are known. */
  put(key: K, timeMs: number, isLeft: boolean, value: unknown, raw: string | null): void {
    this.metrics.puts++;
    const row = this.getOrMake(key, timeMs, isLeft);
    const serde = this.serdeOf(isLeft);
    const immutable = serde.immutable === true;
    row.values.push({
      value: immutable ? value : undefined,
      raw: immutable ? null : (raw ?? bytesToLatin1(serde.serialize(value, this.topic))),
    });
    this.changed(row, timeMs);
  }

  /** A partner came, or the row's result was forwarded. `nowMs` is the timestamp of the record that caused it. */
  remove(row: OuterRow<K>, nowMs: number): void {
    if (!row.alive) return;
    this.metrics.deletes++;
    this.changed(row, nowMs);
    this.detach(row);
  }

  /** One of the row's values, for somebody who may keep and change it. */
  read(row: OuterRow<K>, index: number): unknown {
    const { value, raw } = row.values[index]!;
    return raw === null ? value : deserializeLatin1(this.serdeOf(row.isLeft), raw, this.topic);
  }

  /** A key for somebody who may keep or change it. */
  copyKey(key: K): K {
    return copyValue(this.keySerde, key, this.topic);
  }

  /** All rows by time, side and key bytes. Rows may be removed meanwhile. */
  *inOrder(): Generator<OuterRow<K>> {
    this.metrics.scans++;
    for (const bucket of [...this.buckets.list]) {
      for (const row of bucket.rows) if (row.alive) yield row;
    }
  }

  /** Timestamp of the last row in order; Infinity when there is none. */
  get lastTimeMs(): number {
    const { list } = this.buckets;
    for (let at = list.length - 1; at >= 0; at--) {
      const { rows } = list[at]!;
      for (let index = rows.length - 1; index >= 0; index--) if (rows[index]!.alive) return rows[index]!.timeMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  approximateNumEntries(): number {
    return this.rowCount;
  }

  /** The last state of each row that changed; a row that came and went since the last call is not mentioned. */
  writeChangelog(writer: ChangelogWriter): void {
    const { dirty, topic, changelog } = this;
    if (dirty.length === 0) return;
    for (let i = 0; i < dirty.length; i++) {
      const row = dirty[i]!;
      row.dirty = false;
      if (!row.alive && !row.logged) continue;
      this.metrics.changelogRecords++;
      row.logged = row.alive;
      writer.appendWith(row.changedMs, changelog.key, row, changelog.values, row.alive ? row : null, topic);
    }
    this.dirty = [];
  }

  restoreBatch(cursor: ChangelogCursor): number {
    return restoreRecords(cursor, (key, value, timestampMs) => this.restore(key, value, timestampMs));
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    if (key.length < OUTER_KEY_PREFIX_BYTES) throw this.corrupt(`a key of ${key.length} bytes`);
    this.metrics.restored++;
    const own = this.keySerde.deserialize(key.subarray(OUTER_KEY_PREFIX_BYTES), this.topic);
    const [timeMs, isLeft] = [readInt64(key, 0), key[OUTER_KEY_PREFIX_BYTES - 1] === 1];
    const known = this.byKey.get(this.mapKeyOf(own))?.find(timeMs, isLeft);
    if (known !== undefined) this.detach(known);
    if (value === null) return;
    const row = this.getOrMake(own, timeMs, isLeft);
    const serde = this.serdeOf(isLeft);
    for (const bytes of this.valuesOf(value)) {
      if (serde.immutable === true) row.values.push({ value: serde.deserialize(bytes, this.topic), raw: null });
      else row.values.push({ value: undefined, raw: bytesToLatin1(bytes) });
    }
    row.logged = true;
    row.changedMs = timestampMs;
  }

  flushCache(): void {}

  close(): void {
    this.byKey.clear();
    this.buckets.clear();
    this.dirty = [];
    this.rowCount = 0;
  }

  private valuesOf(value: Uint8Array): Uint8Array[] {
    const values = readOuterValues(value, readInt32);
    if (values === undefined) throw this.corrupt(`a value of ${value.length} bytes that is no list`);
    return values;
  }

  private changed(row: OuterRow<K>, nowMs: number): void {
    row.changedMs = nowMs;
    if (!this.logging || row.dirty) return;
    row.dirty = true;
    this.dirty.push(row);
  }

  private getOrMake(key: K, timeMs: number, isLeft: boolean): OuterRow<K> {
    const mapKey = this.mapKeyOf(key);
    let list = this.byKey.get(mapKey);
    if (list === undefined) {
      list = new OuterRows(this.copyKey(key), mapKey);
      this.byKey.set(mapKey, list);
    }
    const known = list.find(timeMs, isLeft);
    if (known !== undefined) return known;
    const row = new OuterRow(list, timeMs, isLeft);
    list.add(row);
    this.addInOrder(this.buckets.at(timeMs), row);
    this.rowCount++;
    return row;
  }

  private addInOrder(bucket: TimeBucket<OuterRow<K>>, row: OuterRow<K>): void {
    if (bucket.rows.length - bucket.liveCount > Math.max(COMPACT_AT, bucket.liveCount))
      bucket.rows = bucket.rows.filter(({ alive }) => alive);
    const { rows } = bucket;
    bucket.liveCount++;
    if (rows.length === 0 || !this.isBefore(row, rows[rows.length - 1]!)) {
      rows.push(row);
      return;
    }
    let [low, high] = [0, rows.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(row, rows[middle]!)) high = middle;
      else low = middle + 1;
    }
    rows.splice(low, 0, row);
  }

  /** By time, then side, then key bytes. */
  private isBefore(row: OuterRow<K>, other: OuterRow<K>): boolean {
    if (row.timeMs !== other.timeMs || row.isLeft !== other.isLeft) return comesBefore(row, other.timeMs, other.isLeft);
    return this.sortKeyOf(row.list.key, row.list.mapKey) < this.sortKeyOf(other.list.key, other.list.mapKey);
  }

  private detach(row: OuterRow<K>): void {
    row.alive = false;
    this.rowCount--;
    const { list } = row;
    list.remove(row);
    if (list.rows.length === 0) this.byKey.delete(list.mapKey);
    const bucket = this.buckets.at(row.timeMs);
    bucket.liveCount--;
    if (bucket.liveCount === 0) this.buckets.remove(bucket);
  }

  private corrupt(problem: string): MillraceError {
    return new MillraceError(
      'CORRUPT_RECORD',
      `A record of "${this.topic}" has ${problem}, which no stream-stream join writes. Is this topic used by something else?`,
      { context: { topic: this.topic, store: this.name } },
    );
  }
}
