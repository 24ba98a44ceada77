/** Consumer groups as administrators see them. */

import { type Assignment, type EpochAssignment, sortedKeys, sortedTopics, topicIdOf } from './assignment.ts';
import type { ConsumerGroup, ConsumerGroupState } from './consumer-group.ts';
import type { ConsumerMember } from './member.ts';
import type { TopicView } from './topic-view.ts';

export interface DescribedPartitions {
  readonly topicId: Uint8Array;
  readonly topicName: string;
  readonly partitions: number[];
}

export interface DescribedMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly memberEpoch: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly subscribedTopicRegex: string;
  /** What it has, and what it has still to give up. */
  readonly assignment: { readonly topicPartitions: DescribedPartitions[] };
  readonly targetAssignment: { readonly topicPartitions: DescribedPartitions[] };
  /** 0 classic protocol, 1 consumer protocol. */
  readonly memberType: number;
}

export interface DescribedConsumerGroup {
  readonly groupState: ConsumerGroupState;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignorName: string;
  readonly members: DescribedMember[];
}

export function describeConsumerGroup(group: ConsumerGroup, topics: TopicView, defaultAssignor: string): DescribedConsumerGroup {
  return {
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.preferredAssignor() ?? defaultAssignor,
    members: [...group.members.values()].map((member) => describeMember(group, member, topics)),
  };
}

function describeMember(group: ConsumerGroup, member: ConsumerMember, topics: TopicView): DescribedMember {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.topicNames,
    subscribedTopicRegex: member.topicRegex,
    assignment: { topicPartitions: named([member.assigned, member.pendingRevocation], topics) },
    targetAssignment: { topicPartitions: named([group.target(member.memberId)], topics) },
    memberType: member.classic === null ? 1 : 0,
  };
}

/** All together; topics that were deleted are left out. */
function named(assignments: readonly (Assignment | EpochAssignment)[], topics: TopicView): DescribedPartitions[] {
  const merged = new Map<string, Set<number>>();
  for (const assignment of assignments) {
    for (const [topic, partitions] of assignment) merged.set(topic, new Set([...(merged.get(topic) ?? []), ...partitions.keys()]));
  }
  return sortedTopics(merged).flatMap((topic) => {
    const topicName = topics.nameOf(topic);
    return topicName === undefined ? [] : [{ topicId: topicIdOf(topic), topicName, partitions: sortedKeys(merged.get(topic)!) }];
  });
}
