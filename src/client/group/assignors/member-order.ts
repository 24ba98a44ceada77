import type { MemberSubscription } from '../types.ts';

/**
 * The order in which assignors go through members, the same on every leader: static ones first, by their instance id,
 * so that an assignment outlives a restart; then the others by member id. (Kafka: `AbstractPartitionAssignor.MemberInfo`.)
 */
export function sortedMembers(members: readonly MemberSubscription[]): MemberSubscription[] {
  return members.toSorted((a, b) => {
    if (a.groupInstanceId !== null && b.groupInstanceId !== null) return compareText(a.groupInstanceId, b.groupInstanceId);
    if (a.groupInstanceId !== null) return -1;
    if (b.groupInstanceId !== null) return 1;
    return compareText(a.memberId, b.memberId);
  });
}

/** By UTF-16 code units, as Java compares strings. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The topics that any member wants and that exist, in order. */
export function wantedTopics(members: readonly MemberSubscription[], counts: ReadonlyMap<string, number>): string[] {
  const topics = new Set(members.flatMap((member) => member.topics));
  return [...topics].filter((topic) => (counts.get(topic) ?? 0) > 0).toSorted(compareText);
}
