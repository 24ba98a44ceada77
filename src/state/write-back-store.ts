import type { Serde } from '../serde/serde.ts';
import { bytesToLatin1, copyValue, deserializeLatin1, mapKeyFunction, RAW_BYTES, RAW_LATIN1, serializeToKeep } from './byte-codec.ts';
import type { CachedUpdate, CacheFlushListener } from './cached-update.ts';
import { CallbackWriter } from './callback-writer.ts';
import { ATTACHED, DIRTY, type Entry, EXISTED } from './entry.ts';
import { PendingUpdates } from './pending-updates.ts';
import type { CacheMember, RecordCache } from './record-cache.ts';
import {
  type ChangelogCursor,
  type ChangelogSink,
  type ChangelogWriter,
  newStoreMetrics,
  type StoreContext,
  type StoreMetrics,
  type ValueWriter,
} from './store-context.ts';
import type { StoreSpec } from './store-spec.ts';

/** Fixed share of an entry in the cache's budget: the objects around key and value. */
const UPDATE_OVERHEAD_BYTES = 160;
/** Memory of an entry and its place in a Map, without key and value. */
const ENTRY_OVERHEAD_BYTES = 200;

/** A row as bytes of its own, as it crosses threads. */
export interface RawRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/**
 * What all stores have in common: live entries, the list of what this epoch changed, the pending updates of the cache,
 * and the way to the changelog.
 *
 * Operators change entries in place: get one from the store, {@link beforeChange}, then {@link write}. The changelog
 * gets each changed key once per epoch and not once per put as in Kafka Streams: fewer records, the same final state.
 */
export abstract class WriteBackStore<K, V> implements CacheMember {
  readonly name: string;
  readonly spec: StoreSpec<K, V>;
  readonly metrics: StoreMetrics = newStoreMetrics();
  /** Values may be handed out and forwarded as they are. */
  readonly immutableValues: boolean;
  /** True when updates are held back until a flush. */
  readonly cached: boolean;
  /** Set by the operator: {@link CachedUpdate} carries the value before the change. */
  sendOldValues = false;
  /** Set by the operator whose results are cached. Without one, updates of a cached store are not forwarded at all. */
  flushListener: CacheFlushListener<K, V> | undefined = undefined;

  protected readonly keySerde: Serde<K>;
  protected readonly valueSerde: Serde<V>;
  protected readonly topic: string;
  protected readonly mapKeyOf: (key: K) => string | number;
  private readonly context: StoreContext;
  private readonly cache: RecordCache | undefined;
  private readonly logging: boolean;
  private dirty: Entry<K, V>[] = [];
  private readonly pending = new PendingUpdates<K, V>();
  /** Running mean of what serialised values took. */
  private meanValueBytes = 64;

  constructor(spec: StoreSpec<K, V>, context: StoreContext) {
    this.name = spec.name;
    this.spec = spec;
    this.context = context;
    this.topic = context.topic;
    this.keySerde = spec.keySerde;
    this.valueSerde = spec.valueSerde;
    this.immutableValues = spec.valueSerde.immutable === true;
    this.mapKeyOf = mapKeyFunction(spec.keySerde, context.topic);
    this.logging = spec.logging.enabled && spec.sourceTopic === undefined;
    // Duplicates cannot be collapsed, so Kafka Streams does not cache them either.
    const caching = spec.caching && spec.retainDuplicates !== true;
    this.cache = caching && context.cache !== undefined && context.cache.maxBytes > 0 ? context.cache : undefined;
    this.cached = this.cache !== undefined;
    this.cache?.join(this);
  }

  /** Puts the entry into its map. */
  protected abstract attach(entry: Entry<K, V>): void;
  /** Takes it out again; called when it has no value and nothing waits for it. */
  protected abstract detach(entry: Entry<K, V>): void;
  /** It got a value or lost it: counts and order are affected. */
  protected abstract presenceChanged(entry: Entry<K, V>, present: boolean): void;
  /** Appends one record of the changelog, in the format of this kind of store. */
  protected abstract appendTo<T>(writer: ChangelogWriter, entry: Entry<K, V>, serde: ValueWriter<T>, value: T | null): void;
  /** Window stores: too old to be kept, so not worth a changelog record. */
  protected abstract isExpired(entry: Entry<K, V>): boolean;
  /** The key as a reader from outside knows it; window stores: `key | int64 window start`. */
  protected abstract rawKey(entry: Entry<K, V>): Uint8Array;
  /** All entries that have a value, in the order that is cheapest. */
  abstract unordered(): Generator<Entry<K, V>>;
  /** Takes one changelog (or source topic) record over. `value` null deletes. The bytes are not kept. */
  abstract restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void;

  /** The live value, decoded now if it was restored and never read; null when there is none. Must not leak. */
  read(entry: Entry<K, V>): V | null {
    const value = entry.value;
    return value === undefined ? this.decode(entry) : value;
  }

  /** The value for somebody who may keep or change it. */
  readCopy(entry: Entry<K, V>): V | null {
    const value = this.read(entry);
    return value === null ? null : copyValue(this.valueSerde, value, this.topic);
  }

  /** A key for somebody who may keep or change it. */
  copyKey(key: K): K {
    return copyValue(this.keySerde, key, this.topic);
  }

  /** A copy of something that comes from outside and could be changed there later. */
  copyIn(value: V): V {
    return copyValue(this.valueSerde, value, this.topic);
  }

  /** The value as bytes that may be kept; null when there is none. Serialised once per change. */
  valueBytes(entry: Entry<K, V>): Buffer | null {
    const raw = entry.raw;
    if (raw !== null) return typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw;
    const value = entry.value;
    if (value === null || value === undefined) return null;
    const bytes = serializeToKeep(this.valueSerde, value, this.topic);
    this.meanValueBytes += (bytes.length - this.meanValueBytes) * 0.05;
    // Kept only where the end of the epoch will want it again; otherwise every value would be in memory twice.
    if ((entry.flags & DIRTY) !== 0) entry.raw = bytes;
    return bytes;
  }

  /**
   * To be called before a mutable value is changed in place: keeps the old value for {@link write} where old values are
   * sent. After a failure, {@link undoChange} brings it back.
   */
  beforeChange(entry: Entry<K, V>): void {
    if (!this.sendOldValues || this.immutableValues || entry.pending !== null) return;
    const bytes = this.valueBytes(entry);
    this.read(entry); // first, because decoding drops the bytes it came from
    entry.raw = bytes;
  }

  /**
   * The change of a live value failed half way: goes back to its last serialised form. There is one if old values are
   * sent or it was forwarded uncached since its last write; else the value stays as the failed function left it.
   */
  undoChange(entry: Entry<K, V>): void {
    if (entry.raw !== null) entry.value = undefined;
  }

  /** Sets the value (null deletes), which then belongs to the store. `timestampMs` is the value's, or the deletion's. */
  write(entry: Entry<K, V>, value: V | null, timestampMs: number): void {
    if (value === null) this.metrics.deletes++;
    else this.metrics.puts++;
    const wasAbsent = entry.value === null;
    const tracked = this.cache !== undefined;
    if (tracked) this.trackUpdate(entry, value);
    if (this.logging && (entry.flags & DIRTY) === 0) {
      entry.flags |= wasAbsent ? DIRTY : DIRTY | EXISTED;
      this.dirty.push(entry);
    }
    entry.value = value;
    entry.raw = null;
    entry.timestampMs = timestampMs;
    if (wasAbsent !== (value === null)) this.changePresence(entry, value !== null);
    else if (wasAbsent && (entry.flags & (DIRTY | ATTACHED)) === DIRTY) this.attachNow(entry); // two tombstones are one
    if (tracked && this.cache!.sizeBytes > this.cache!.maxBytes) this.cache!.evictOverflow();
  }

  /** Entries with a value. */
  abstract approximateNumEntries(): number;

  /** Rough memory of all entries. */
  approximateSizeBytes(): number {
    return Math.round(this.approximateNumEntries() * (ENTRY_OVERHEAD_BYTES + this.meanValueBytes));
  }

  get hasChanges(): boolean {
    return this.dirty.length > 0 || this.pending.oldest !== null;
  }

  /** Up to `limit` rows as bytes, in no particular order; for reads from other threads. */
  rawAll(limit: number): RawRow[] {
    const rows: RawRow[] = [];
    if (limit <= 0) return rows;
    for (const entry of this.unordered()) {
      rows.push(this.rawRow(entry));
      if (rows.length >= limit) break;
    }
    return rows;
  }

  protected rawRow(entry: Entry<K, V>): RawRow {
    const value = this.valueBytes(entry)!;
    return { key: Uint8Array.from(this.rawKey(entry)), value: Uint8Array.from(value), timestamp: entry.timestampMs };
  }

  // --- changelog ---

  /**
   * Hands over each key that changed since the last call, once, in the order of first change. Call it after
   * {@link flushCache}. A key that is new in this epoch and was deleted again is a tombstone; where
   * its updates are cached to be forwarded, nothing.
   */
  writeChangelog(writer: ChangelogWriter): void {
    const dirty = this.dirty;
    for (let i = 0; i < dirty.length; i++) {
      const entry = dirty[i]!;
      const { value, raw } = entry;
      const skipped = value === null && this.cached && this.flushListener !== undefined && (entry.flags & EXISTED) === 0;
      if (!skipped && !this.isExpired(entry)) {
        this.metrics.changelogRecords++;
        if (value === null) this.appendTo(writer, entry, RAW_BYTES, null);
        else if (raw === null) this.appendTo(writer, entry, this.valueSerde, value as V);
        else if (typeof raw === 'string') this.appendTo(writer, entry, RAW_LATIN1, raw);
        else this.appendTo(writer, entry, RAW_BYTES, raw);
      }
      entry.flags &= ~(DIRTY | EXISTED);
      this.settle(entry);
    }
    if (dirty.length > 0) this.dirty = [];
  }

  /** {@link writeChangelog} for who wants bytes. */
  flushChangelog(sink: ChangelogSink): void {
    this.writeChangelog(new CallbackWriter(sink));
  }

  /** Restores all records of a cursor; returns how many there were. */
  restoreBatch(cursor: ChangelogCursor): number {
    let count = 0;
    for (; cursor.next(); count++) {
      if (cursor.keyLength < 0) continue; // no store writes such a record
      const { buffer, keyStart, valueStart, valueLength } = cursor;
      const key = buffer.subarray(keyStart, keyStart + cursor.keyLength);
      this.restore(key, valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength), cursor.timestamp);
    }
    return count;
  }

  // --- cache ---

  /** Forwards all that waits, in the order of last update. Kafka Streams' flush of a caching store. */
  flushCache(): void {
    while (this.pending.oldest !== null) this.forward(this.pending.oldest);
  }

  get oldestTick(): number {
    return this.pending.oldest === null ? Number.POSITIVE_INFINITY : this.pending.oldest.tick;
  }

  evictOldest(): void {
    const { oldest } = this.pending;
    if (oldest === null) return;
    this.metrics.cacheEvictions++;
    this.forward(oldest);
  }

  /** Lets go of everything. Nothing is flushed: whoever closes cleanly has committed before. */
  close(): void {
    if (this.cache !== undefined) this.cache.sizeBytes -= this.pending.clear();
    this.dirty = [];
    this.cache?.leave(this);
  }

  // --- for the kinds of stores ---

  /** The restored value: decoded at once where that is smaller than keeping bytes. */
  protected takeOver(entry: Entry<K, V>, value: Uint8Array | null, timestampMs: number): void {
    this.metrics.restored++;
    const wasAbsent = entry.value === null;
    if (value === null) {
      entry.value = null;
      entry.raw = null;
    } else if (this.immutableValues) {
      entry.value = this.valueSerde.deserialize(value, this.topic);
    } else {
      entry.value = undefined;
      entry.raw = bytesToLatin1(value);
    }
    entry.timestampMs = timestampMs;
    if (wasAbsent !== (entry.value === null)) this.changePresence(entry, wasAbsent);
  }

  private decode(entry: Entry<K, V>): V | null {
    const raw = entry.raw;
    if (raw === null) return null;
    const value =
      typeof raw === 'string' ? deserializeLatin1(this.valueSerde, raw, this.topic) : this.valueSerde.deserialize(raw, this.topic);
    if (value === null || value === undefined) return null; // bytes that mean null: JSON's `null`
    entry.value = value;
    if ((entry.flags & DIRTY) === 0) entry.raw = null;
    return value;
  }

  private changePresence(entry: Entry<K, V>, present: boolean): void {
    if (present && (entry.flags & ATTACHED) === 0) this.attachNow(entry);
    this.presenceChanged(entry, present);
    if (!present) this.settle(entry);
  }

  private attachNow(entry: Entry<K, V>): void {
    entry.flags |= ATTACHED;
    this.attach(entry);
  }

  /** Lets go of what an entry no longer needs once nothing waits for it. */
  private settle(entry: Entry<K, V>): void {
    if ((entry.flags & DIRTY) !== 0 || entry.pending !== null) return;
    if (entry.value !== undefined) entry.raw = null;
    if (entry.value !== null || (entry.flags & ATTACHED) === 0) return;
    entry.flags &= ~ATTACHED;
    this.detach(entry);
  }

  private trackUpdate(entry: Entry<K, V>, value: V | null): void {
    const cache = this.cache!;
    const update = entry.pending ?? this.beginUpdate(cache, entry, value);
    this.pending.touch(update);
    update.tick = cache.nextTick();
    update.setContext(this.context.origin);
  }

  /** The first change since the last flush: what was there before has to be remembered now. */
  private beginUpdate(cache: RecordCache, entry: Entry<K, V>, value: V | null): CachedUpdate<K, V> {
    const update = cache.acquire() as CachedUpdate<K, V>;
    update.store = this;
    update.entry = entry;
    update.existed = entry.value !== null;
    if (this.sendOldValues && update.existed) {
      if (this.immutableValues) update.oldValue = this.read(entry);
      else update.oldBytes = this.valueBytes(entry);
    }
    update.sizeBytes = UPDATE_OVERHEAD_BYTES + this.sizeOfValue(value) + (update.oldBytes?.length ?? 0);
    cache.sizeBytes += update.sizeBytes;
    entry.pending = update;
    if ((entry.flags & ATTACHED) === 0) this.attachNow(entry);
    this.pending.append(update);
    return update;
  }

  /** Cheap on purpose: of objects only the mean of what was serialised so far is known. */
  private sizeOfValue(value: V | null): number {
    if (typeof value === 'string') return value.length;
    return typeof value === 'object' && value !== null ? this.meanValueBytes : 8;
  }

  /** Takes the update out of the cache first: what follows from it may change the same entry again. */
  private forward(update: CachedUpdate<K, V>): void {
    const entry = update.entry;
    this.pending.remove(update);
    entry.pending = null;
    this.cache!.sizeBytes -= update.sizeBytes;
    // Neither before nor after: downstream never heard of it.
    const nothing = entry.value === null && !update.existed;
    if (!nothing && this.flushListener !== undefined) {
      this.metrics.cacheForwards++;
      this.flushListener(update);
    }
    this.cache!.release(update);
    this.settle(entry);
  }
}
