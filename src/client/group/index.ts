/** Membership in consumer groups, and their offsets. */
export { cooperativeStickyAssignor } from './assignors/cooperative-sticky.ts';
export { rangeAssignor } from './assignors/range.ts';
export { roundRobinAssignor } from './assignors/round-robin.ts';
export { stickyAssignor } from './assignors/sticky.ts';
export { ClassicGroupMember } from './member.ts';
export { type CommittedOffset, commitOffsets, type FetchOffsetsOptions, fetchOffsets, noMember } from './offsets.ts';
export type { GroupMemberOptions } from './options.ts';
export { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './subscription.ts';
export type { Assignor, GroupGeneration, GroupListener, MemberAssignment, MemberSubscription, PartitionCounts } from './types.ts';
