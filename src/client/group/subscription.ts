/** Kafka's own bytes for what members join with and what they get, so that groups may mix clients. */
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription, decodeVersioned, encodeVersioned } from '../../protocol/index.ts';
import { comparePartitions, fromTopicLists, type TopicPartition, toTopicLists } from '../topic-partition.ts';
import type { MemberAssignment, MemberSubscription } from './types.ts';

/** What members of consumer groups call their kind of protocol. */
export const PROTOCOL_TYPE = 'consumer';

export function encodeSubscription(subscription: Omit<MemberSubscription, 'memberId' | 'groupInstanceId'>): Buffer {
  const { topics, userData, ownedPartitions, generationId, rackId } = subscription;
  return encodeVersioned(ConsumerProtocolSubscription, ConsumerProtocolSubscription.versions[1], {
    topics: topics.toSorted(),
    userData,
    ownedPartitions: toTopicLists(ownedPartitions.toSorted(comparePartitions)),
    generationId,
    rackId,
  });
}

export function decodeSubscription(memberId: string, groupInstanceId: string | null, metadata: Uint8Array): MemberSubscription {
  const { topics, userData, ownedPartitions, generationId, rackId } = decodeVersioned(ConsumerProtocolSubscription, metadata);
  return { memberId, groupInstanceId, topics, userData, ownedPartitions: fromTopicLists(ownedPartitions), generationId, rackId };
}

export function encodeAssignment({ partitions, userData }: MemberAssignment): Buffer {
  return encodeVersioned(ConsumerProtocolAssignment, ConsumerProtocolAssignment.versions[1], {
    assignedPartitions: toTopicLists(partitions.toSorted(comparePartitions)),
    userData: userData ?? null,
  });
}

/** A member that got nothing may get no bytes at all. */
export function decodeAssignment(assignment: Uint8Array): { readonly partitions: TopicPartition[]; readonly userData: Uint8Array | null } {
  if (assignment.length === 0) return { partitions: [], userData: null };
  const { assignedPartitions, userData } = decodeVersioned(ConsumerProtocolAssignment, assignment);
  return { partitions: fromTopicLists(assignedPartitions), userData };
}
