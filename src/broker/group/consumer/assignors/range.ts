/**
 * The `range` assignor: every topic is cut into as many contiguous ranges as it has subscribers, the first ones longer
 * by one where it does not divide. Members are always in the same order, so topics with equally many partitions and
 * subscribers give a member the same partitions (co-partitioning, for joins). Follows Kafka's `RangeAssignor`.
 */

import type { TopicKey } from '../assignment.ts';
import type { Assignor, AssignorInput, AssignorMember, MutableAssignment } from './types.ts';

/** What is left of one topic to hand out. */
interface Cursor {
  next: number;
  readonly quota: number;
  /** Members that get one partition more. */
  extra: number;
}

export const rangeAssignor: Assignor = {
  name: 'range',

  assign(input) {
    const cursors = topicCursors(input);
    const result = new Map<string, MutableAssignment>();
    for (const member of [...input.members].sort(staticFirst)) {
      const assignment: MutableAssignment = new Map();
      for (const topic of member.topics) {
        const range = nextRange(cursors.get(topic)!);
        if (range.size > 0) assignment.set(topic, range);
      }
      result.set(member.memberId, assignment);
    }
    return result;
  },
};

function topicCursors({ members, partitionCount }: AssignorInput): Map<TopicKey, Cursor> {
  const subscribers = new Map<TopicKey, number>();
  for (const member of members) for (const topic of member.topics) subscribers.set(topic, (subscribers.get(topic) ?? 0) + 1);
  const cursors = new Map<TopicKey, Cursor>();
  for (const [topic, count] of subscribers) {
    const partitions = partitionCount(topic);
    cursors.set(topic, { next: 0, quota: Math.floor(partitions / count), extra: partitions % count });
  }
  return cursors;
}

function nextRange(cursor: Cursor): Set<number> {
  let length = cursor.quota;
  if (cursor.extra > 0) {
    cursor.extra--;
    length++;
  }
  const range = new Set<number>();
  for (let index = 0; index < length; index++) range.add(cursor.next++);
  return range;
}

/** By instance id, then members without one by member id: those that come back with another member id keep their place. */
function staticFirst(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  return b.instanceId !== null ? 1 : compare(a.memberId, b.memberId);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
