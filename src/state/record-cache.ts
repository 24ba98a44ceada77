import { CachedUpdate } from './cached-update.ts';

/** Spare update objects that are kept for the next interval. */
const MAX_SPARE_UPDATES = 4096;

/** A store as its cache sees it: it knows its own updates in order of last use. */
export interface CacheMember {
  /** Tick of its least recently used update; Infinity when it has none. */
  readonly oldestTick: number;
  /** Forwards its least recently used update. */
  evictOldest(): void;
}

/**
 * The budget that all cached stores of one shard share (`statestore.cache.max.bytes` divided by the number of shards).
 * When it is exceeded, the least recently updated entries of all stores are forwarded early. Kafka Streams' ThreadCache;
 * unlike there, entries without an update to forward take no part in it, and an eviction forwards one entry, not all
 * of its store.
 */
export class RecordCache {
  readonly maxBytes: number;
  /** Rough size of all updates that wait. */
  sizeBytes = 0;
  evictions = 0;
  /**
   * While true, {@link evictOverflow} does nothing. Tasks set it during the work on a record: operators use their output
   * records again and again, so updates must not be forwarded in the middle of it. They evict between two records.
   */
  held = false;
  private tick = 0;
  private readonly members = new Set<CacheMember>();
  private readonly spare: CachedUpdate<any, any>[] = [];

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  join(member: CacheMember): void {
    this.members.add(member);
  }

  leave(member: CacheMember): void {
    this.members.delete(member);
  }

  nextTick(): number {
    return ++this.tick;
  }

  acquire(): CachedUpdate<any, any> {
    return this.spare.pop() ?? new CachedUpdate();
  }

  release(update: CachedUpdate<any, any>): void {
    update.clear();
    if (this.spare.length < MAX_SPARE_UPDATES) this.spare.push(update);
  }

  /** Forwards the oldest updates until the budget holds; the updates that this causes count too. Not re-entrant. */
  evictOverflow(): void {
    if (this.held) return;
    this.held = true;
    try {
      this.evictUntilItFits();
    } finally {
      this.held = false;
    }
  }

  private evictUntilItFits(): void {
    while (this.sizeBytes > this.maxBytes) {
      let oldest: CacheMember | undefined;
      let tick = Number.POSITIVE_INFINITY;
      for (const member of this.members) {
        if (member.oldestTick >= tick) continue;
        tick = member.oldestTick;
        oldest = member;
      }
      if (oldest === undefined) return;
      this.evictions++;
      oldest.evictOldest();
    }
  }
}
