import type { RecordCache } from './record-cache.ts';

/** Record headers, as everywhere in this package. */
export type RecordHeaders = readonly (readonly [string, Uint8Array | null])[];

/** The input record being processed: who causes the change that a store is asked for. */
export interface ChangeOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  headers(): RecordHeaders;
}

/** What a store needs of the task it belongs to. */
export interface StoreContext {
  /** Changelog or source topic: serdes are called with it, and errors name it. */
  readonly topic: string;
  /** One mutable object that always describes the current record. */
  readonly origin: ChangeOrigin;
  /** The cache that all stores of the shard share; undefined, or of size 0, turns caching off. */
  readonly cache: RecordCache | undefined;
}

/** The part of a serde that writing needs. */
export interface ValueWriter<T> {
  serialize(value: T, topic: string): Uint8Array;
  writeInto?(value: T, target: Buffer, offset: number, room: number): number;
}

/** Takes changelog records. The record-batch builder is one: keys and values are written straight into the batch. */
export interface ChangelogWriter {
  appendWith<K, V>(timestamp: number, keySerde: ValueWriter<K>, key: K, valueSerde: ValueWriter<V>, value: V | null, topic: string): void;
}

/** Takes changelog records as bytes, which are valid during the call only. `value` null is a tombstone. */
export type ChangelogSink = (key: Uint8Array, value: Uint8Array | null, timestampMs: number) => void;

/** The records of a changelog as `RecordCursor` walks them. */
export interface ChangelogCursor {
  next(): boolean;
  readonly buffer: Buffer;
  readonly timestamp: number;
  readonly keyStart: number;
  /** -1: null. */
  readonly keyLength: number;
  readonly valueStart: number;
  readonly valueLength: number;
}

/** Counters since the store was made. */
export interface StoreMetrics {
  gets: number;
  puts: number;
  deletes: number;
  /** Iterators handed out: range, all, fetch and their relatives. */
  scans: number;
  restored: number;
  changelogRecords: number;
  /** Updates that were forwarded from the cache, at a flush or an eviction. */
  cacheForwards: number;
  /** Of these, because the cache was full. */
  cacheEvictions: number;
  /** Writes that came after their window had expired. */
  expired: number;
}

export function newStoreMetrics(): StoreMetrics {
  return { gets: 0, puts: 0, deletes: 0, scans: 0, restored: 0, changelogRecords: 0, cacheForwards: 0, cacheEvictions: 0, expired: 0 };
}
