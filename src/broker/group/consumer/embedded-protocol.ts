/** Subscriptions and assignments of classic consumers, as they stand in JoinGroup and SyncGroup, in terms of topic ids. */

import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
  readInt16,
} from '../../../protocol/index.ts';
import { type GroupProtocol, NO_BYTES } from '../types.ts';
import { type Assignment, sortedKeys, type TopicKey } from './assignment.ts';
import type { TopicView } from './topic-view.ts';

export interface ClassicSubscription {
  readonly topicNames: readonly string[];
  readonly rackId: string | null;
  readonly owned: Assignment;
}

export interface ClassicAssignment {
  readonly partitions: Assignment;
  /** An assignor of the client's own put something beside the partitions. */
  readonly hasUserData: boolean;
}

/** Throws a MillraceError for bytes that are no subscription. */
export function readSubscription(metadata: Uint8Array, topics: TopicView): ClassicSubscription {
  const { topics: topicNames, rackId, ownedPartitions } = decodeVersioned(ConsumerProtocolSubscription, metadata);
  return { topicNames, rackId: rackId === '' ? null : rackId, owned: byId(ownedPartitions, topics) };
}

/** No bytes are no partitions: a member that has joined but not synced. */
export function readAssignment(bytes: Uint8Array, topics: TopicView): ClassicAssignment {
  if (bytes.length === 0) return { partitions: new Map(), hasUserData: false };
  const { assignedPartitions, userData } = decodeVersioned(ConsumerProtocolAssignment, bytes);
  return { partitions: byId(assignedPartitions, topics), hasUserData: userData !== null && userData.length > 0 };
}

/** In the version of the member's own metadata. Topics that were deleted are left out. */
export function writeAssignment(assignment: Assignment, metadata: Uint8Array, topics: TopicView): Buffer {
  const newest = ConsumerProtocolAssignment.versions[1];
  const version = metadata.length < 2 ? newest : Math.min(Math.max(readInt16(metadata, 0), 0), newest);
  const assignedPartitions = [...assignment].flatMap(([key, partitions]) => {
    const topic = topics.nameOf(key);
    return topic === undefined ? [] : [{ topic, partitions: sortedKeys(partitions) }];
  });
  return encodeVersioned(ConsumerProtocolAssignment, version, { assignedPartitions });
}

/** All protocols of a member carry the same subscription; the first will do. */
export function firstMetadata(protocols: readonly GroupProtocol[]): Uint8Array {
  return protocols[0]?.metadata ?? NO_BYTES;
}

function byId(named: readonly { readonly topic: string; readonly partitions: readonly number[] }[], topics: TopicView): Assignment {
  const assignment = new Map<TopicKey, ReadonlySet<number>>();
  for (const { topic, partitions } of named) {
    const key = topics.keyOf(topic);
    if (key !== undefined && partitions.length > 0) assignment.set(key, new Set([...(assignment.get(key) ?? []), ...partitions]));
  }
  return assignment;
}
