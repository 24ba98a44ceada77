/**
 * Brings one member a step closer to its part of the target assignment: it first gives up what it should not have, then
 * moves to the target's epoch and gets what nobody else has any more. So a partition never has two owners. Follows
 * Kafka's `CurrentAssignmentBuilder`.
 */

import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code } from '../../coordinator/index.ts';
import { type Assignment, type EpochAssignment, epochsOf, NO_EPOCHS, overlaps, partitionsOf, type TopicKey } from './assignment.ts';
import type { ConsumerMember, MemberState } from './member.ts';

export interface Target {
  /** Assignment epoch. */
  readonly epoch: number;
  readonly assignment: Assignment;
  /** Topics the member is subscribed to that exist. */
  readonly subscribed: ReadonlySet<TopicKey>;
  /** Member that has a partition or has still to give it up. */
  ownerOf(topic: TopicKey, partition: number): string | undefined;
}

/**
 * The member after this heartbeat; the same object when nothing changes. `owned` is what the member says it has; null
 * when it says nothing. `subscriptionChanged`: partitions of topics it has just left are taken away at once, also when
 * the target is not made anew yet. Throws FENCED_MEMBER_EPOCH for a state nobody here knows.
 */
export function reconcile(member: ConsumerMember, target: Target, owned: Assignment | null, subscriptionChanged: boolean): ConsumerMember {
  switch (member.state) {
    case 'stable':
      if (member.memberEpoch !== target.epoch) return nextAssignment(member, target, owned, member.memberEpoch);
      return subscriptionChanged ? withoutUnsubscribed(member, target, owned) : member;
    case 'unrevoked':
      if (!stillOwns(owned, member.pendingRevocation)) return nextAssignment(member, target, owned, member.memberEpoch);
      return subscriptionChanged ? withoutUnsubscribed(member, target, owned) : member;
    case 'unreleased':
      return nextAssignment(member, target, owned, member.memberEpoch);
    case 'unknown':
      if (owned === null || owned.size > 0) {
        throw new KafkaProtocolError(
          Code.FENCED_MEMBER_EPOCH,
          'The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.',
        );
      }
      return nextAssignment(member, target, owned, target.epoch);
  }
}

/** A member that does not say what it has is taken to have it still. */
function stillOwns(owned: Assignment | null, revoked: EpochAssignment): boolean {
  return owned === null || overlaps(owned, revoked);
}

function withoutUnsubscribed(member: ConsumerMember, { subscribed }: Target, owned: Assignment | null): ConsumerMember {
  const left = [...member.assigned.keys()].filter((topic) => !subscribed.has(topic));
  if (left.length === 0) return member;
  const assigned = new Map(member.assigned);
  const pendingRevocation = new Map(member.pendingRevocation);
  for (const topic of left) {
    pendingRevocation.set(topic, new Map([...epochsOf(pendingRevocation, topic), ...epochsOf(assigned, topic)]));
    assigned.delete(topic);
  }
  if (stillOwns(owned, pendingRevocation)) return moved(member, member.memberEpoch, 'unrevoked', assigned, pendingRevocation);
  return moved(member, member.memberEpoch, member.state, assigned, member.pendingRevocation);
}

/** What the member has of a topic, split by the target. */
interface TopicStep {
  readonly kept: ReadonlyMap<number, number>;
  readonly revoked: ReadonlyMap<number, number>;
  /** Of the target, free to be taken. */
  readonly free: readonly number[];
  /** Some of the target is still somebody else's. */
  readonly waits: boolean;
}

function topicStep(member: ConsumerMember, target: Target, topic: TopicKey): TopicStep {
  const wanted: ReadonlySet<number> = target.subscribed.has(topic) ? partitionsOf(target.assignment, topic) : new Set<number>();
  const current = epochsOf(member.assigned, topic);
  const kept = new Map<number, number>();
  const revoked = new Map<number, number>();
  for (const [partition, epoch] of current) (wanted.has(partition) ? kept : revoked).set(partition, epoch);
  const free: number[] = [];
  let waits = false;
  for (const partition of wanted) {
    if (current.has(partition)) continue;
    const owner = target.ownerOf(topic, partition);
    // What it is about to give up itself it may just keep.
    if (owner === undefined || owner === member.memberId) free.push(partition);
    else waits = true;
  }
  return { kept, revoked, free, waits };
}

function nextAssignment(member: ConsumerMember, target: Target, owned: Assignment | null, epoch: number): ConsumerMember {
  const assigned = new Map<TopicKey, Map<number, number>>();
  const revoked = new Map<TopicKey, ReadonlyMap<number, number>>();
  const free: [TopicKey, readonly number[]][] = [];
  let waits = false;
  for (const topic of new Set([...target.assignment.keys(), ...member.assigned.keys()])) {
    const step = topicStep(member, target, topic);
    if (step.kept.size > 0) assigned.set(topic, new Map(step.kept));
    if (step.revoked.size > 0) revoked.set(topic, step.revoked);
    if (step.free.length > 0) free.push([topic, step.free]);
    waits ||= step.waits;
  }
  if (revoked.size > 0 && stillOwns(owned, revoked)) return moved(member, epoch, 'unrevoked', assigned, revoked);
  for (const [topic, partitions] of free) {
    const epochs = assigned.get(topic) ?? new Map<number, number>();
    for (const partition of partitions) epochs.set(partition, target.epoch);
    assigned.set(topic, epochs);
  }
  return moved(member, target.epoch, waits ? 'unreleased' : 'stable', assigned, NO_EPOCHS);
}

/** The epoch before becomes the previous one even when it does not change: then no older one is accepted any more. */
function moved(
  member: ConsumerMember,
  memberEpoch: number,
  state: MemberState,
  assigned: EpochAssignment,
  pendingRevocation: EpochAssignment,
): ConsumerMember {
  return { ...member, memberEpoch, previousMemberEpoch: member.memberEpoch, state, assigned, pendingRevocation };
}
