import { randomInt } from 'node:crypto';
import type { FetchPartition } from './fetch-partition.ts';
import { FetchSession } from './fetch-session.ts';

/** Kafka's `min.incremental.fetch.session.eviction.ms`: no younger session gives way to a new one. */
const EVICTION_MS = 120_000;
/** Partitions of all sessions together: clients may name as many as they like, and memory must have a bound. */
const MAX_PARTITIONS = 500_000;
const MAX_ID = 0x7fffffff;

/**
 * The sessions that are kept: at most `max.incremental.fetch.session.cache.slots`. A client that gets none sends full
 * fetches. When all slots are taken, a session that was not used for two minutes makes room for the new one, else a
 * smaller one that is two minutes old. Kafka: `FetchSessionCache`.
 */
export class FetchSessionCache {
  readonly #maxSessions: () => number;
  /** The one used longest ago first. */
  readonly #sessions = new Map<number, FetchSession>();
  readonly #lastUsedMs = new Map<number, number>();
  #partitions = 0;

  constructor(maxSessions: () => number) {
    this.#maxSessions = maxSessions;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Partitions of all sessions. */
  get partitions(): number {
    return this.#partitions;
  }

  get(id: number): FetchSession | undefined {
    return this.#sessions.get(id);
  }

  /** Opens a session; undefined when there is no room. */
  open(partitions: readonly FetchPartition[], byId: boolean, nowMs: number): FetchSession | undefined {
    if (this.#partitions + partitions.length > MAX_PARTITIONS) return undefined;
    if (this.#sessions.size >= this.#maxSessions() && !this.#makeRoom(partitions.length, nowMs)) return undefined;
    const session = new FetchSession(this.#newId(), byId, partitions, nowMs);
    this.#sessions.set(session.id, session);
    this.#lastUsedMs.set(session.id, nowMs);
    this.#partitions += session.size;
    return session;
  }

  /**
   * Has `change` change what the session fetches, and notes that it was used. A session that is left with nothing, or
   * has become too large, is closed.
   */
  use(session: FetchSession, nowMs: number, change: () => void): void {
    const before = session.size;
    change();
    this.#partitions += session.size - before;
    if (session.size === 0 || this.#partitions > MAX_PARTITIONS) {
      this.close(session.id);
      return;
    }
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
    this.#lastUsedMs.set(session.id, nowMs);
  }

  close(id: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.#lastUsedMs.delete(id);
    this.#partitions -= session.size;
  }

  #makeRoom(newSize: number, nowMs: number): boolean {
    const [oldest] = this.#sessions.keys();
    if (oldest === undefined) return false;
    const idleMs = nowMs - (this.#lastUsedMs.get(oldest) ?? 0);
    const victim = idleMs > EVICTION_MS ? oldest : this.#smallest(nowMs, newSize);
    if (victim === undefined) return false;
    this.close(victim);
    return true;
  }

  /** The smallest session that is old enough to go and no larger than the new one. */
  #smallest(nowMs: number, newSize: number): number | undefined {
    let found: FetchSession | undefined;
    for (const session of this.#sessions.values()) {
      if (nowMs - session.createdMs <= EVICTION_MS || session.size > newSize) continue;
      if (found === undefined || session.size < found.size) found = session;
    }
    return found?.id;
  }

  #newId(): number {
    for (;;) {
      const id = randomInt(1, MAX_ID);
      if (!this.#sessions.has(id)) return id;
    }
  }
}
