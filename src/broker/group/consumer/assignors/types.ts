/** What a server-side assignor is given and what it makes of it (Kafka: `ConsumerGroupPartitionAssignor`). */

import type { Assignment, TopicKey } from '../assignment.ts';

export interface AssignorMember {
  readonly memberId: string;
  /** Set by static members. */
  readonly instanceId: string | null;
  /** Topics it is subscribed to that exist. */
  readonly topics: ReadonlySet<TopicKey>;
  /** Its part of the last target assignment. */
  readonly assignment: Assignment;
}

export interface AssignorInput {
  /** At least one. The order decides ties, so callers keep it stable. */
  readonly members: readonly AssignorMember[];
  /** All members are subscribed to the same topics. */
  readonly homogeneous: boolean;
  /** Partitions of a subscribed topic. */
  partitionCount(topic: TopicKey): number;
}

/** Member id → partitions. Members that are left out get nothing. */
export type AssignorResult = ReadonlyMap<string, Assignment>;

export interface Assignor {
  readonly name: string;
  assign(input: AssignorInput): AssignorResult;
}

export type MutableAssignment = Map<TopicKey, Set<number>>;

export function copyOf(assignment: Assignment): MutableAssignment {
  return new Map([...assignment].map(([topic, partitions]) => [topic, new Set(partitions)]));
}

export function addPartition(assignment: MutableAssignment, topic: TopicKey, partition: number): void {
  const partitions = assignment.get(topic);
  if (partitions === undefined) assignment.set(topic, new Set([partition]));
  else partitions.add(partition);
}

export function removePartition(assignment: MutableAssignment, topic: TopicKey, partition: number): void {
  const partitions = assignment.get(topic);
  partitions?.delete(partition);
  if (partitions?.size === 0) assignment.delete(topic);
}
