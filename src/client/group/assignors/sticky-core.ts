/**
 * An assignment that is as even as the subscriptions allow and, after that, moves as little as possible from what members
 * had. (Kafka: `AbstractStickyAssignor`; the rules are its, the algorithm is not.)
 */
import { comparePartitions, partitionKey, type TopicPartition } from '../../topic-partition.ts';
import type { MemberSubscription, PartitionCounts } from '../types.ts';
import { sortedMembers, wantedTopics } from './member-order.ts';

/** What a member says it had, and in which generation. */
export interface Claim {
  readonly partitions: readonly TopicPartition[];
  readonly generationId: number;
}

interface Taker {
  readonly memberId: string;
  readonly topics: ReadonlySet<string>;
  readonly partitions: TopicPartition[];
}

export function assignSticky(
  members: readonly MemberSubscription[],
  counts: PartitionCounts,
  claimOf: (member: MemberSubscription) => Claim,
): Map<string, TopicPartition[]> {
  const sorted = sortedMembers(members);
  const takers = sorted.map((member): Taker => ({ memberId: member.memberId, topics: new Set(member.topics), partitions: [] }));
  const topics = wantedTopics(members, counts);
  const all = topics.flatMap((topic) => Array.from({ length: counts.get(topic) ?? 0 }, (_, partition) => ({ topic, partition })));
  const owners = ownersOf(sorted, claimOf);
  const free: TopicPartition[] = [];
  const limits = shareLimits(takers, topics, all.length);
  const byId = new Map(takers.map((taker) => [taker.memberId, taker]));
  for (const partition of all) {
    const owner = byId.get(owners.get(partitionKey(partition)) ?? '');
    if (owner === undefined || !owner.topics.has(partition.topic) || !limits.mayKeep(owner)) free.push(partition);
    else owner.partitions.push(partition);
  }
  deal(free, takers);
  even(takers);
  return new Map(takers.map(({ memberId, partitions }) => [memberId, partitions.toSorted(comparePartitions)]));
}

/**
 * Who had what, by `partitionKey`. Of two claims the one of the newer generation counts; of two of the same generation
 * neither does, and the owner is an empty text.
 */
export function ownersOf(members: readonly MemberSubscription[], claimOf: (member: MemberSubscription) => Claim): Map<string, string> {
  const owners = new Map<string, { memberId: string; generationId: number }>();
  for (const member of members) {
    const { partitions, generationId } = claimOf(member);
    for (const key of new Set(partitions.map(partitionKey))) {
      const other = owners.get(key);
      if (other !== undefined && other.generationId > generationId) continue;
      const contested = other !== undefined && other.generationId === generationId;
      owners.set(key, { memberId: contested ? '' : member.memberId, generationId });
    }
  }
  return new Map([...owners].map(([key, { memberId }]) => [key, memberId]));
}

/**
 * With equal subscriptions it is known beforehand how many partitions a member may keep: an equal share, and one more for
 * as many members as there are partitions left over. Otherwise members keep all, and `even` takes from those with too many.
 */
function shareLimits(takers: readonly Taker[], topics: readonly string[], partitions: number): { mayKeep(taker: Taker): boolean } {
  const equal = takers.every((taker) => topics.every((topic) => taker.topics.has(topic)));
  if (!equal || takers.length === 0) return { mayKeep: () => true };
  const share = Math.floor(partitions / takers.length);
  let withOneMore = partitions % takers.length;
  return {
    mayKeep(taker) {
      if (taker.partitions.length < share) return true;
      if (taker.partitions.length > share || withOneMore === 0) return false;
      withOneMore--;
      return true;
    },
  };
}

/** Gives each free partition to the member with the fewest that may have it; what few members may have goes first. */
function deal(free: readonly TopicPartition[], takers: readonly Taker[]): void {
  const takersOf = new Map<string, Taker[]>();
  for (const { topic } of free) {
    if (!takersOf.has(topic))
      takersOf.set(
        topic,
        takers.filter(({ topics }) => topics.has(topic)),
      );
  }
  const ordered = free.toSorted((a, b) => takersOf.get(a.topic)!.length - takersOf.get(b.topic)!.length || comparePartitions(a, b));
  for (const partition of ordered) least(takersOf.get(partition.topic)!)?.partitions.push(partition);
}

/** Moves partitions from members to others with at least two fewer, until there is no such move. Each makes the whole more even, so it ends. */
function even(takers: readonly Taker[]): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const giver of takers.toSorted((a, b) => b.partitions.length - a.partitions.length)) {
      for (const partition of giver.partitions.toReversed()) {
        const taker = least(takers.filter(({ topics }) => topics.has(partition.topic)));
        if (taker === undefined || taker.partitions.length + 1 >= giver.partitions.length) continue;
        giver.partitions.splice(giver.partitions.indexOf(partition), 1);
        taker.partitions.push(partition);
        moved = true;
      }
    }
  }
}

function least(takers: readonly Taker[]): Taker | undefined {
  let found: Taker | undefined;
  for (const taker of takers) if (found === undefined || taker.partitions.length < found.partitions.length) found = taker;
  return found;
}
