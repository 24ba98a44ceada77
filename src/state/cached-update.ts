import type { Entry } from './entry.ts';
import type { ChangeOrigin, RecordHeaders } from './store-context.ts';
import type { WriteBackStore } from './write-back-store.ts';

const NO_HEADERS: RecordHeaders = [];

/**
 * The updates of one key since the last flush, collapsed into one: what a cached store forwards. Carries the context of
 * the last update (topic, partition, offset, headers), as Kafka Streams does. Valid during the listener's call only.
 */
export class CachedUpdate<K, V> {
  store!: WriteBackStore<K, V>;
  entry!: Entry<K, V>;
  /** There was a value before the first of these updates. */
  existed = false;
  /** With `sendOldValues`: the value before the first update; of mutable values only the bytes. */
  oldValue: V | null = null;
  oldBytes: Buffer | null = null;
  topic = '';
  partition = -1;
  offset = -1;
  headers: RecordHeaders = NO_HEADERS;
  /** Rough size, for the budget of the cache. */
  sizeBytes = 0;
  /** Grows with every update in the shard: the order of last use. */
  tick = 0;
  previous: CachedUpdate<K, V> | null = null;
  next: CachedUpdate<K, V> | null = null;

  /** The key; of mutable keys the store's own object, which must not leak. */
  get key(): K {
    return this.entry.key;
  }

  /** Start of the window, for window stores; -1 for others. */
  get windowStartMs(): number {
    return this.entry.group === null ? -1 : this.entry.group.startMs;
  }

  /** The value's own timestamp; for a tombstone, of the record that deleted it. */
  get timestampMs(): number {
    return this.entry.timestampMs;
  }

  get isTombstone(): boolean {
    return this.entry.value === null;
  }

  /** The live value: may go downstream as it is only where `store.immutableValues`; otherwise use {@link valueBytes}. */
  get value(): V | null {
    return this.store.read(this.entry);
  }

  /** The value as bytes that may be kept, null for a tombstone; the changelog uses the same ones. */
  valueBytes(): Buffer | null {
    return this.store.valueBytes(this.entry);
  }

  /** What caused the last change so far. */
  setContext(origin: ChangeOrigin): void {
    this.topic = origin.topic;
    this.partition = origin.partition;
    this.offset = origin.offset;
    this.headers = origin.headers();
  }

  /** Drops what it refers to, so that a spare one keeps nothing alive. */
  clear(): void {
    this.store = undefined as never;
    this.entry = undefined as never;
    this.oldValue = null;
    this.oldBytes = null;
    this.headers = NO_HEADERS;
    this.previous = null;
    this.next = null;
  }
}

/** Receives what a cached store forwards, at a flush or when the cache is full. */
export type CacheFlushListener<K, V> = (update: CachedUpdate<K, V>) => void;
