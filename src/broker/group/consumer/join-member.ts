/** Finds the member a request is about, or makes it: dynamic or static, of either protocol. Follows Kafka's `GroupMetadataManager`. */

import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code } from '../../coordinator/index.ts';
import { type Assignment, isSubset } from './assignment.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { GroupUpdate } from './group-update.ts';
import { type ConsumerMember, JOIN_EPOCH, LEAVE_STATIC_EPOCH, newMember } from './member.ts';

export interface Arrival {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** The member may be new. */
  readonly joins: boolean;
  readonly classic: boolean;
  /** Of the new protocol only: checked against the member's. */
  readonly memberEpoch: number;
  readonly owned: Assignment | null;
}

/** Throws GROUP_MAX_SIZE_REACHED for somebody new in a full group. */
export function checkRoom(group: ConsumerGroup, memberId: string, maxSize: number): void {
  if (group.members.size < maxSize || group.members.has(memberId)) return;
  throw new KafkaProtocolError(Code.GROUP_MAX_SIZE_REACHED, `The consumer group has reached its maximum capacity of ${maxSize} members.`);
}

/** The member as it was before this request. Throws UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, UNRELEASED_ or FENCED_INSTANCE_ID. */
export function findOrJoin(update: GroupUpdate, arrival: Arrival): ConsumerMember {
  return arrival.instanceId === null ? dynamicMember(update.group, arrival) : staticMember(update, arrival, arrival.instanceId);
}

function dynamicMember(group: ConsumerGroup, arrival: Arrival): ConsumerMember {
  const member = arrival.joins ? (group.members.get(arrival.memberId) ?? newMember(arrival.memberId)) : group.member(arrival.memberId);
  if (!arrival.classic) checkEpoch(member, arrival);
  return member;
}

function staticMember(update: GroupUpdate, arrival: Arrival, instanceId: string): ConsumerMember {
  const { group } = update;
  const existing = group.staticMember(instanceId);
  if (!arrival.joins) {
    const member = knownStaticMember(group, instanceId, arrival.memberId);
    if (!arrival.classic) checkEpoch(member, arrival);
    return member;
  }
  if (existing === undefined) return group.members.get(arrival.memberId) ?? newMember(arrival.memberId);
  // The newcomer takes its place: for two of the new protocol only once the old one has said that it goes.
  if (!arrival.classic && existing.classic === null && existing.memberEpoch !== LEAVE_STATIC_EPOCH) {
    throw new KafkaProtocolError(
      Code.UNRELEASED_INSTANCE_ID,
      `Static member ${arrival.memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${existing.memberId} member.`,
    );
  }
  return replaceMember(update, existing, arrival.memberId);
}

/** Throws UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when another member has the instance id now. */
export function knownStaticMember(group: ConsumerGroup, instanceId: string, memberId: string): ConsumerMember {
  const member = group.staticMember(instanceId);
  if (member === undefined) throw new KafkaProtocolError(Code.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`);
  if (member.memberId !== memberId) {
    throw new KafkaProtocolError(
      Code.FENCED_INSTANCE_ID,
      `Static member ${memberId} with instance id ${instanceId} was fenced by member ${member.memberId}.`,
    );
  }
  return member;
}

/** Writes the old member out and the new one, with all the old one had, in. */
function replaceMember(update: GroupUpdate, old: ConsumerMember, memberId: string): ConsumerMember {
  const target = update.group.target(old.memberId);
  const member: ConsumerMember = { ...old, memberId, memberEpoch: JOIN_EPOCH, previousMemberEpoch: JOIN_EPOCH };
  removeMember(update, old.memberId);
  update.apply({ kind: 'member', memberId, value: member });
  update.apply({ kind: 'target', memberId, value: target });
  update.apply({ kind: 'progress', memberId, value: member });
  return member;
}

/** Tombstones in the order in which Kafka's replay wants them. */
export function removeMember(update: GroupUpdate, memberId: string): void {
  update.apply({ kind: 'progress', memberId, value: null });
  update.apply({ kind: 'target', memberId, value: null });
  update.apply({ kind: 'member', memberId, value: null });
  update.afterwards(() => {
    if (update.group.members.has(memberId)) return;
    update.group.timers.get(memberId)?.cancel();
    update.group.timers.delete(memberId);
  });
}

/** The epoch before is accepted with nothing but what the member has: the answer with the current one may have been lost. */
function checkEpoch(member: ConsumerMember, { memberEpoch, owned }: Arrival): void {
  if (memberEpoch === JOIN_EPOCH || memberEpoch === member.memberEpoch) return;
  const retried = memberEpoch === member.previousMemberEpoch && owned !== null && isSubset(owned, member.assigned);
  if (memberEpoch < member.memberEpoch && retried) return;
  const compared = memberEpoch > member.memberEpoch ? 'greater' : 'smaller';
  throw new KafkaProtocolError(
    Code.FENCED_MEMBER_EPOCH,
    `The consumer group member has a ${compared} member epoch (${memberEpoch}) than the one known by the group coordinator (${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  );
}
