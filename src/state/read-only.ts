import type { Serde } from '../serde/serde.ts';
import type { Windowed } from '../serde/windowed.ts';

/** One row of a scan. */
export interface KeyValue<K, V> {
  readonly key: K;
  readonly value: V;
}

/** A value and its timestamp in milliseconds since the epoch. Kafka Streams' `ValueAndTimestamp`. */
export interface ValueAndTimestamp<V> {
  readonly value: V;
  readonly timestamp: number;
}

/**
 * An iterator over rows of a store. It sees the keys that were there when it was made, with the values of the moment
 * it reaches them; rows deleted since are left out. Closing it early is good manners, forgetting it leaks nothing.
 */
export interface StoreIterator<T> extends IterableIterator<T> {
  close(): void;
}

/**
 * Reading a key-value store. All order is the lexicographic order of the serialised keys: negative integers come after
 * positive ones. Bounds are inclusive. What is handed out is a copy, unless the serde's values are immutable.
 */
export interface ReadOnlyKeyValueStore<K, V> {
  readonly name: string;
  /** Null when there is no such key. A null key throws, here and everywhere. */
  get(key: K): V | null;
  /** From `from` to `to`; null is an open end. Empty when `from` is behind `to`. */
  range(from: K | null, to: K | null): StoreIterator<KeyValue<K, V>>;
  reverseRange(from: K | null, to: K | null): StoreIterator<KeyValue<K, V>>;
  all(): StoreIterator<KeyValue<K, V>>;
  reverseAll(): StoreIterator<KeyValue<K, V>>;
  /** All keys whose bytes begin with the bytes of `prefix`. */
  prefixScan<P>(prefix: P, prefixSerde: Serde<P>): StoreIterator<KeyValue<K, V>>;
  approximateNumEntries(): number;
}

/** Reading and writing; what a processor gets for a `keyValue` store. Values are copied on the way in and out. */
export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** Null deletes. */
  put(key: K, value: V | null): void;
  /** Puts unless there is a value; returns the one that was there, or null. */
  putIfAbsent(key: K, value: V | null): V | null;
  putAll(entries: Iterable<KeyValue<K, V | null>>): void;
  /** Returns what was there, or null. */
  delete(key: K): V | null;
}

/** A store of the DSL: every value has its timestamp. */
export type TimestampedKeyValueStore<K, V> = KeyValueStore<K, ValueAndTimestamp<V>>;
export type ReadOnlyTimestampedKeyValueStore<K, V> = ReadOnlyKeyValueStore<K, ValueAndTimestamp<V>>;

/** One window of a key. */
export interface WindowValue<V> {
  readonly windowStartMs: number;
  readonly value: V;
}

/**
 * Reading a window store. All time bounds are inclusive, apply to the window's start, and are in milliseconds since the
 * epoch. Windows whose start is `retentionMs` or more behind the newest one are gone. Order: by window start, then by
 * key bytes, as in Kafka Streams' in-memory store.
 */
export interface ReadOnlyWindowStore<K, V> {
  readonly name: string;
  /** The value of the window that starts at exactly this time, or null. */
  fetch(key: K, windowStartMs: number): V | null;
  /** All windows of one key that start in the time range. */
  fetch(key: K, fromMs: number, toMs: number): StoreIterator<WindowValue<V>>;
  backwardFetch(key: K, fromMs: number, toMs: number): StoreIterator<WindowValue<V>>;
  /** All windows of a range of keys; null is an open end. */
  fetchRange(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>>;
  backwardFetchRange(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>>;
  fetchAll(fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>>;
  backwardFetchAll(fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>>;
  all(): StoreIterator<KeyValue<Windowed<K>, V>>;
  backwardAll(): StoreIterator<KeyValue<Windowed<K>, V>>;
}

/** What a processor gets for a `window` store. */
export interface WindowStore<K, V> extends ReadOnlyWindowStore<K, V> {
  /** Null deletes. A window that has expired already is ignored. */
  put(key: K, value: V | null, windowStartMs: number): void;
}

export type TimestampedWindowStore<K, V> = WindowStore<K, ValueAndTimestamp<V>>;
export type ReadOnlyTimestampedWindowStore<K, V> = ReadOnlyWindowStore<K, ValueAndTimestamp<V>>;
