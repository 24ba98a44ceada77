/** Who may commit and fetch a consumer group's offsets: members, with the epoch of what they commit (KIP-848, KIP-1251). */

import { Code } from '../../coordinator/index.ts';
import type { CommitIdentity } from '../offset-commits.ts';
import { epochsOf, type TopicKey } from './assignment.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerMember } from './member.ts';

export interface PartitionToCommit {
  /** Undefined for a topic that does not exist. */
  readonly topic: TopicKey | undefined;
  readonly partition: number;
}

export interface CommitCheck extends CommitIdentity {
  readonly transactional: boolean;
  /** OffsetCommit 9+; members of the new protocol must use it. */
  readonly knowsEpochs: boolean;
}

/** 0, or the code for the whole request. In a transaction a stale epoch is ILLEGAL_GENERATION (KIP-447 clients know no other). */
export function checkCommit(group: ConsumerGroup, commit: CommitCheck, partitions: Iterable<PartitionToCommit>): number {
  const { memberId, generationId, groupInstanceId, transactional } = commit;
  if (generationId < 0 && group.isEmpty) return Code.NONE;
  if (transactional && generationId === -1 && memberId === '' && groupInstanceId === null) return Code.NONE;
  const member = group.members.get(memberId);
  if (member === undefined) return Code.UNKNOWN_MEMBER_ID;
  if (!transactional && member.classic === null && !commit.knowsEpochs) return Code.UNSUPPORTED_VERSION;
  if (generationId === member.memberEpoch) return Code.NONE;
  const stale = transactional || member.classic !== null ? Code.ILLEGAL_GENERATION : Code.STALE_MEMBER_EPOCH;
  if (generationId > member.memberEpoch) return stale;
  for (const { topic, partition } of partitions) if (generationId < epochOf(member, topic, partition)) return stale;
  return Code.NONE;
}

/** Epoch at which the member got the partition; what it does not have, no epoch is new enough for. */
function epochOf({ assigned, pendingRevocation }: ConsumerMember, topic: TopicKey | undefined, partition: number): number {
  if (topic === undefined) return Number.POSITIVE_INFINITY;
  return epochsOf(assigned, topic).get(partition) ?? epochsOf(pendingRevocation, topic).get(partition) ?? Number.POSITIVE_INFINITY;
}

/** 0, or the code for the group. Administrators say neither member nor epoch. */
export function checkFetch(group: ConsumerGroup, memberId: string | null, memberEpoch: number): number {
  if (memberId === null && memberEpoch < 0) return Code.NONE;
  const member = memberId === null ? undefined : group.members.get(memberId);
  if (member === undefined) return Code.UNKNOWN_MEMBER_ID;
  if (member.memberEpoch === memberEpoch) return Code.NONE;
  return member.classic !== null ? Code.ILLEGAL_GENERATION : Code.STALE_MEMBER_EPOCH;
}
