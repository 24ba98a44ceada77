/**
 * From what a member says to what it gets: its subscription, the group's epoch, the target assignment, and the member's
 * next step towards its part of it. The same for members of both protocols. Follows Kafka's `GroupMetadataManager` and
 * `TargetAssignmentBuilder`.
 */

import type { Assignment, TopicKey } from './assignment.ts';
import { sameAssignment } from './assignment.ts';
import type { Assignor, AssignorMember } from './assignors/types.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { GroupUpdate } from './group-update.ts';
import { type ConsumerMember, isReconciledTo, type MemberMetadata, sameMetadata, sameNames, sameProgress } from './member.ts';
import { reconcile } from './reconcile.ts';
import type { ConsumerGroupSettings } from './settings.ts';
import type { TopicView } from './topic-view.ts';

export interface AssignContext {
  readonly settings: ConsumerGroupSettings;
  readonly topics: TopicView;
  readonly nowMs: number;
}

/** Regular expressions of a group as they were just resolved. */
export interface FreshRegexes {
  readonly topics: ReadonlyMap<string, readonly string[]>;
  /** Of the topics they were matched with. */
  readonly version: number;
}

/**
 * Writes down what the member says now. Returns whether its subscription is another one; then, or when the topics have
 * changed, the group's epoch is raised.
 */
export function subscribe(
  context: AssignContext,
  update: GroupUpdate,
  before: ConsumerMember,
  said: MemberMetadata,
  fresh: FreshRegexes | null,
): boolean {
  const { group } = update;
  if (!group.members.has(before.memberId) || !sameMetadata(before, said)) {
    update.apply({ kind: 'member', memberId: before.memberId, value: said });
  }
  const changed = !sameNames(before.topicNames, said.topicNames) || before.topicRegex !== said.topicRegex;
  const resolved = fresh !== null && applyRegexes(context, update, fresh);
  if (changed) dropUnusedRegexes(update);
  if (changed || resolved || group.metadataStale) refreshMetadata(context, update, changed || resolved);
  return changed;
}

/** True when an expression stands for other topics than before. */
function applyRegexes({ nowMs }: AssignContext, update: GroupUpdate, { topics: matches, version }: FreshRegexes): boolean {
  const { group } = update;
  let changed = false;
  for (const [regex, topics] of matches) {
    const known = group.regexes.get(regex);
    if (!group.subscriptions.regexes.has(regex) || (known !== undefined && sameNames(known.topics, topics))) continue;
    update.apply({ kind: 'regex', regex, value: { topics, version, timestampMs: nowMs } });
    changed = true;
  }
  update.afterwards(() => {
    group.regexesResolved = { atMs: nowMs, version };
  });
  return changed;
}

export function dropUnusedRegexes(update: GroupUpdate): void {
  const { group } = update;
  for (const regex of [...group.regexes.keys()]) {
    if (!group.subscriptions.regexes.has(regex)) update.apply({ kind: 'regex', regex, value: null });
  }
}

/** Raises the group's epoch when it must be, or when the subscribed topics are not what they were. */
export function refreshMetadata({ topics }: Pick<AssignContext, 'topics'>, update: GroupUpdate, mustRaise: boolean): void {
  const { group } = update;
  const metadataHash = topics.hash(group.subscriptions.topics());
  if (mustRaise || metadataHash !== group.metadataHash) {
    update.apply({ kind: 'group', value: { epoch: group.groupEpoch + 1, metadataHash } });
  }
  if (group.hasPartitionMetadata) update.apply({ kind: 'partition-metadata', value: null });
  group.metadataStale = false;
}

/** Makes a new target assignment when the group's epoch has moved on. */
export function updateTarget({ settings, topics, nowMs }: AssignContext, update: GroupUpdate): void {
  const { group } = update;
  if (group.assignmentEpoch >= group.groupEpoch) return;
  const intervalMs = settings.assignmentIntervalMs(group.groupId);
  const waits = group.assignmentTimestampMs > 0 && intervalMs > 0 && nowMs < group.assignmentTimestampMs + intervalMs;
  if (waits) return;
  const assigned = assignorOf(group, settings.assignors).assign({
    members: assignorMembers(group, topics),
    homogeneous: group.subscriptions.homogeneous,
    partitionCount: (topic) => topics.partitionCount(topic),
  });
  for (const memberId of group.members.keys()) {
    const target: Assignment = assigned.get(memberId) ?? new Map<TopicKey, ReadonlySet<number>>();
    if (group.hasTarget(memberId) && sameAssignment(group.target(memberId), target)) continue;
    update.apply({ kind: 'target', memberId, value: target });
  }
  update.apply({ kind: 'target-epoch', value: { epoch: group.groupEpoch, timestampMs: nowMs } });
}

function assignorOf(group: ConsumerGroup, assignors: readonly Assignor[]): Assignor {
  const preferred = group.preferredAssignor();
  return assignors.find(({ name }) => name === preferred) ?? assignors[0]!;
}

/** In the order of their ids, so that the same group always gets the same assignment. */
function assignorMembers(group: ConsumerGroup, topics: TopicView): AssignorMember[] {
  const byNames = new Map<string, ReadonlySet<TopicKey>>();
  const memberIds = [...group.members.keys()].sort();
  return memberIds.map((memberId) => {
    const member = group.members.get(memberId)!;
    // Most members want the same; their topics are looked up once.
    const wanted = JSON.stringify([member.topicNames, member.topicRegex]);
    const keys = byNames.get(wanted) ?? subscribedTopics(group, topics, member);
    byNames.set(wanted, keys);
    return { memberId, instanceId: member.instanceId, topics: keys, assignment: group.target(memberId) };
  });
}

/** Topics that exist, named or matched. An expression that is not resolved yet matches none. */
function subscribedTopics(group: ConsumerGroup, topics: TopicView, member: ConsumerMember): ReadonlySet<TopicKey> {
  const matched = member.topicRegex === '' ? [] : (group.regexes.get(member.topicRegex)?.topics ?? []);
  return topics.keysOf([...member.topicNames, ...matched]);
}

/** The member's next step towards the target. */
export function advance(
  { topics }: Pick<AssignContext, 'topics'>,
  update: GroupUpdate,
  memberId: string,
  owned: Assignment | null,
  subscriptionChanged: boolean,
): ConsumerMember {
  const { group } = update;
  const member = group.member(memberId);
  if (!subscriptionChanged && isReconciledTo(member, group.assignmentEpoch)) return member;
  const target = {
    epoch: group.assignmentEpoch,
    assignment: group.target(memberId),
    subscribed: subscribedTopics(group, topics, member),
    ownerOf: (topic: TopicKey, partition: number) => group.ownerOf(topic, partition),
  };
  const after = reconcile(member, target, owned, subscriptionChanged);
  if (sameProgress(member, after)) return member;
  update.apply({ kind: 'progress', memberId, value: after });
  if (after.classic === null) update.afterwards(() => watchRevocation(group, after));
  return after;
}

/** Who has to give up partitions has its rebalance timeout for it. */
function watchRevocation(group: ConsumerGroup, { memberId, memberEpoch, state, rebalanceTimeoutMs }: ConsumerMember): void {
  const timers = group.timers.get(memberId);
  if (timers === undefined) return;
  if (state !== 'unrevoked') {
    timers.revocation.cancel();
    return;
  }
  timers.revokingEpoch = memberEpoch;
  timers.revocation.set(rebalanceTimeoutMs);
}
