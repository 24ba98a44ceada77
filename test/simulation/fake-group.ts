import type { RebalanceListener, TopicPartition, TopicPartitionOffset } from '../../src/transport/transport.ts';
import type { Random } from './random.ts';

/** What the group needs of a member's client. */
export interface GroupMember {
  readonly listener: RebalanceListener;
  readonly topics: readonly string[];
  /** Rebalance events are taken up by polling only: runs `event` at the member's next poll. */
  deliver(event: () => Promise<void>): Promise<void>;
  /** Called after the listener gave its partitions up, and when they are lost. */
  unassign(): void;
}

interface Membership {
  readonly member: GroupMember;
  generation: number;
  assigned: readonly TopicPartition[];
}

interface StoredOffset {
  readonly offset: number;
  readonly metadata: string;
}

const key = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`;

/** A consumer group of the classic protocol, eager: every rebalance revokes all and assigns anew, under a new generation. */
export class FakeGroup {
  readonly #random: Random;
  readonly #partitionsOf: (topic: string) => number;
  readonly #sessionTimeoutMs: number;
  readonly #members = new Map<GroupMember, Membership>();
  readonly #offsets = new Map<string, StoredOffset>();
  /** Offsets of transactions that are not decided: how many per partition. */
  readonly #pending = new Map<string, number>();
  #generation = 0;
  #rebalancing: Promise<void> = Promise.resolve();
  #requested = false;

  constructor(random: Random, partitionsOf: (topic: string) => number, sessionTimeoutMs: number) {
    this.#random = random;
    this.#partitionsOf = partitionsOf;
    this.#sessionTimeoutMs = sessionTimeoutMs;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  join(member: GroupMember): void {
    this.#members.set(member, { member, generation: -1, assigned: [] });
    this.rebalance();
  }

  leave(member: GroupMember): void {
    if (this.#members.delete(member)) this.rebalance();
  }

  /** As a session that timed out: the others go on at once, the member learns of it when it next polls, and joins again. */
  throwOut(member: GroupMember): void {
    const membership = this.#members.get(member);
    if (membership === undefined) return;
    this.#members.delete(member);
    this.rebalance();
    const { assigned } = membership;
    void member.deliver(async () => {
      if (assigned.length > 0) await member.listener.onLost(assigned);
      member.unassign();
      this.join(member);
    });
  }

  /** A random member's. */
  throwOutOne(): void {
    const members = [...this.#members.keys()];
    if (members.length > 0) this.throwOut(this.#random.pick(members));
  }

  /** Begins a rebalance, unless one that has not begun will do. */
  rebalance(): void {
    if (this.#requested) return;
    this.#requested = true;
    this.#rebalancing = this.#rebalancing.then(async () => {
      this.#requested = false;
      await this.#rebalance();
    });
  }

  async #rebalance(): Promise<void> {
    const before = [...this.#members.values()];
    const ready = await Promise.all(before.map((membership) => this.#revoke(membership)));
    for (const [index, { member }] of before.entries()) if (!ready[index]) this.throwOut(member);
    const joined = before.filter((membership, index) => ready[index] && this.#members.get(membership.member) === membership);
    this.#generation++;
    for (const membership of joined) {
      membership.generation = this.#generation;
      membership.assigned = [];
    }
    this.#distribute(joined);
    for (const { member, assigned } of joined) void member.deliver(() => member.listener.onAssigned(assigned));
  }

  /** False when the member did not answer within its session timeout. */
  async #revoke({ member, assigned }: Membership): Promise<boolean> {
    if (assigned.length === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), this.#sessionTimeoutMs);
    });
    const revoked = member.deliver(async () => {
      await member.listener.onRevoked(assigned);
      member.unassign();
    });
    const answered = await Promise.race([revoked.then(() => true as const), late]);
    clearTimeout(timer);
    return answered;
  }

  /** Topics are dealt out one by one, each in another random order: an assignor that knows nothing of tasks. */
  #distribute(joined: readonly Membership[]): void {
    if (joined.length === 0) return;
    for (const topic of new Set(joined.flatMap(({ member }) => member.topics))) {
      const order = this.#random.shuffled(joined);
      for (let partition = 0; partition < this.#partitionsOf(topic); partition++) {
        const membership = order[partition % order.length]!;
        membership.assigned = [...membership.assigned, { topic, partition }];
      }
    }
  }

  // --- offsets ------------------------------------------------------------------------------------------------------

  /** What a commit by this member would carry now. */
  generationOf(member: GroupMember): number {
    return this.#members.get(member)?.generation ?? -1;
  }

  /** Whether a commit with that generation is accepted of the member. */
  accepts(member: GroupMember, generation: number): boolean {
    return generation >= 0 && this.#members.has(member) && generation === this.#generation;
  }

  store(offsets: readonly TopicPartitionOffset[]): void {
    for (const entry of offsets) this.#offsets.set(key(entry), { offset: entry.offset, metadata: entry.metadata ?? '' });
  }

  addPending(offsets: readonly TopicPartition[], change: 1 | -1): void {
    for (const entry of offsets) this.#pending.set(key(entry), (this.#pending.get(key(entry)) ?? 0) + change);
  }

  isStable(partitions: readonly TopicPartition[]): boolean {
    return partitions.every((partition) => (this.#pending.get(key(partition)) ?? 0) === 0);
  }

  committed({ topic, partition }: TopicPartition): TopicPartitionOffset {
    const stored = this.#offsets.get(key({ topic, partition }));
    return stored === undefined ? { topic, partition, offset: -1 } : { topic, partition, ...stored };
  }
}
