/**
 * Committed offsets of all groups, and those of open transactions that become visible when the transaction commits.
 * In memory; the log behind it is written by `offset-commits.ts`.
 */

export interface CommittedOffset {
  readonly offset: number;
  /** -1 = unknown. */
  readonly leaderEpoch: number;
  /** What the client wants to read back with the offset. */
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** Set by clients of the old versions that chose a retention; -1 = the broker's retention counts. */
  readonly expireTimestampMs: number;
  /** Where the record stands in `__consumer_offsets`: the later of two commits wins, whenever its transaction ends. */
  readonly recordOffset: number;
}

type PartitionOffsets = Map<number, CommittedOffset>;
export type TopicOffsets = Map<string, PartitionOffsets>;
type GroupOffsets = Map<string, TopicOffsets>;

const NONE: ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> = new Map();

export class OffsetStore {
  readonly #committed: GroupOffsets = new Map();
  /** By producer id. */
  readonly #pending = new Map<number, GroupOffsets>();
  /** Producers with pending offsets, by group. */
  readonly #openTransactions = new Map<string, Set<number>>();

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(groupId)?.get(topic)?.get(partition);
  }

  /** Everything a group has committed: topic → partition → offset. */
  ofGroup(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#committed.get(groupId) ?? NONE;
  }

  /** Groups with committed or pending offsets. */
  groupIds(): Set<string> {
    return new Set([...this.#committed.keys(), ...this.#openTransactions.keys()]);
  }

  hasOffsets(groupId: string): boolean {
    return this.#committed.has(groupId);
  }

  put(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    put(this.#committed, groupId, topic, partition, committed);
  }

  putPending(producerId: number, groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    const groups: GroupOffsets = this.#pending.get(producerId) ?? new Map();
    this.#pending.set(producerId, groups);
    put(groups, groupId, topic, partition, committed);
    const open = this.#openTransactions.get(groupId);
    if (open === undefined) this.#openTransactions.set(groupId, new Set([producerId]));
    else open.add(producerId);
  }

  hasOpenTransactions(groupId: string): boolean {
    return this.#openTransactions.has(groupId);
  }

  hasPending(groupId: string, topic: string, partition: number): boolean {
    for (const producerId of this.#openTransactions.get(groupId) ?? []) {
      if (this.#pending.get(producerId)?.get(groupId)?.get(topic)?.has(partition) === true) return true;
    }
    return false;
  }

  /** Partitions the group has an offset in, committed or pending; each once. */
  partitionsOf(groupId: string): { readonly topic: string; readonly partition: number }[] {
    const merged = new Map<string, Set<number>>();
    const collect = (topics: ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>): void => {
      for (const [topic, partitions] of topics) merged.set(topic, new Set([...(merged.get(topic) ?? []), ...partitions.keys()]));
    };
    collect(this.ofGroup(groupId));
    for (const producerId of this.#openTransactions.get(groupId) ?? []) collect(this.#pending.get(producerId)?.get(groupId) ?? NONE);
    return [...merged].flatMap(([topic, partitions]) => [...partitions].map((partition) => ({ topic, partition })));
  }

  /** A tombstone: the committed offset goes, and so do pending ones. */
  remove(groupId: string, topic: string, partition: number): void {
    remove(this.#committed, groupId, topic, partition);
    for (const producerId of [...(this.#openTransactions.get(groupId) ?? [])]) {
      const groups = this.#pending.get(producerId);
      if (groups === undefined) continue;
      remove(groups, groupId, topic, partition);
      if (!groups.has(groupId)) this.#closeTransaction(producerId, groupId);
    }
  }

  /** Forgets everything of the groups that are picked, without a trace in the log: they are read back from it. */
  forget(concerns: (groupId: string) => boolean): void {
    for (const groupId of [...this.#committed.keys()]) if (concerns(groupId)) this.#committed.delete(groupId);
    for (const [groupId, producers] of [...this.#openTransactions]) {
      if (!concerns(groupId)) continue;
      for (const producerId of [...producers]) {
        this.#pending.get(producerId)?.delete(groupId);
        this.#closeTransaction(producerId, groupId);
      }
    }
  }

  /** The producer's transaction ended. `concerns` picks the groups whose partition the marker was written to. */
  endTransaction(producerId: number, commit: boolean, concerns: (groupId: string) => boolean): void {
    const groups = this.#pending.get(producerId);
    if (groups === undefined) return;
    for (const [groupId, topics] of [...groups]) {
      if (!concerns(groupId)) continue;
      if (commit) this.#publish(groupId, topics);
      groups.delete(groupId);
      this.#closeTransaction(producerId, groupId);
    }
  }

  /** The producer has nothing pending in the group any more. */
  #closeTransaction(producerId: number, groupId: string): void {
    const open = this.#openTransactions.get(groupId);
    open?.delete(producerId);
    if (open?.size === 0) this.#openTransactions.delete(groupId);
    if (this.#pending.get(producerId)?.size === 0) this.#pending.delete(producerId);
  }

  #publish(groupId: string, topics: TopicOffsets): void {
    for (const [topic, partitions] of topics) {
      for (const [partition, committed] of partitions) {
        const existing = this.get(groupId, topic, partition);
        if (existing === undefined || committed.recordOffset > existing.recordOffset) this.put(groupId, topic, partition, committed);
      }
    }
  }
}

function put(groups: GroupOffsets, groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
  const topics: TopicOffsets = groups.get(groupId) ?? new Map();
  groups.set(groupId, topics);
  const partitions: PartitionOffsets = topics.get(topic) ?? new Map();
  topics.set(topic, partitions);
  partitions.set(partition, committed);
}

function remove(groups: GroupOffsets, groupId: string, topic: string, partition: number): void {
  const topics = groups.get(groupId);
  const partitions = topics?.get(topic);
  if (topics === undefined || partitions === undefined) return;
  partitions.delete(partition);
  if (partitions.size === 0) topics.delete(topic);
  if (topics.size === 0) groups.delete(groupId);
}
