/**
 * Members of the classic protocol in a consumer group: each of them rebalances alone, by JoinGroup for its epoch and
 * SyncGroup for its assignment, and never leads. Follows the `classicGroup…ToConsumerGroup` methods of Kafka's
 * `GroupMetadataManager`.
 */

import { MillraceError } from '../../../errors.ts';
import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code } from '../../coordinator/index.ts';
import { CONSUMER_PROTOCOL_TYPE } from '../subscription.ts';
import type { HeartbeatRequest, JoinRequest, JoinResult, LeaveResult, LeavingMember, SyncRequest, SyncResult } from '../types.ts';
import { type AssignContext, advance, subscribe, updateTarget } from './assign.ts';
import { withoutEpochs } from './assignment.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerGroupHost } from './context.ts';
import { type ClassicSubscription, firstMetadata, readSubscription, writeAssignment } from './embedded-protocol.ts';
import { downgrade, fenceMembers } from './fence.ts';
import type { GroupUpdate } from './group-update.ts';
import { checkRoom, findOrJoin, knownStaticMember } from './join-member.ts';
import { type ClassicMetadata, type ConsumerMember, type MemberMetadata, sortedNames } from './member.ts';
import type { TopicView } from './topic-view.ts';

type ClassicMember = ConsumerMember & { readonly classic: ClassicMetadata };

/** Throws what makes the join impossible, before anything changes. */
export function checkJoin(group: ConsumerGroup, request: JoinRequest, memberId: string, maxSize: number): void {
  checkRoom(group, memberId, maxSize);
  const common = group.commonClassicProtocols();
  const speaks = request.protocols.some(({ name }) => common === undefined || common.has(name));
  if (request.protocolType === CONSUMER_PROTOCOL_TYPE && speaks) return;
  throw new KafkaProtocolError(Code.INCONSISTENT_GROUP_PROTOCOL, `Member ${memberId}'s protocols are not supported.`);
}

/** The member's epoch is its generation. The group may have become a classic one when this was the last other member. */
export function joinStep(
  host: ConsumerGroupHost,
  context: AssignContext,
  update: GroupUpdate,
  request: JoinRequest,
  memberId: string,
): JoinResult {
  const { group } = update;
  const { groupInstanceId: instanceId } = request;
  const subscription = subscriptionOf(request, context.topics);
  const replaced = group.staticMember(instanceId);
  const downgrades = replaced !== undefined && replaced.classic === null && canBeLastToChange(host, group, replaced);
  const joins = instanceId === null || request.memberId === '';
  const arrival = { memberId, instanceId, joins, classic: true, memberEpoch: -1, owned: subscription.owned };
  const before = findOrJoin(update, arrival);
  const changed = subscribe(context, update, before, saidBy(request, subscription, before), null);
  const rebalances = group.assignmentEpoch < group.groupEpoch;
  if (!downgrades) updateTarget(context, update);
  const member = downgrades && rebalances ? group.member(memberId) : advance(context, update, memberId, subscription.owned, changed);
  if (downgrades) {
    const reason = `Downgrade group ${group.groupId} from consumer to classic with stale assignment.`;
    downgrade(host, update, [], rebalances ? reason : null);
  } else {
    update.afterwards(() => awaitSync(group, memberId, request));
  }
  return joined(member, request);
}

/** A classic member in the place of the last one of the new protocol. */
function canBeLastToChange({ settings }: ConsumerGroupHost, group: ConsumerGroup, replaced: ConsumerMember): boolean {
  const onlyOther = group.classicMembers === group.members.size - 1 && replaced.classic === null;
  return onlyOther && settings.canDowngrade && group.members.size <= settings.classicMaxSize;
}

function subscriptionOf({ protocols }: JoinRequest, topics: TopicView): ClassicSubscription {
  try {
    return readSubscription(firstMetadata(protocols), topics);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw new KafkaProtocolError(Code.INCONSISTENT_GROUP_PROTOCOL, 'The embedded consumer protocol is malformed.');
  }
}

function saidBy(request: JoinRequest, { topicNames, rackId }: ClassicSubscription, before: MemberMetadata): MemberMetadata {
  return {
    instanceId: request.groupInstanceId ?? before.instanceId,
    rackId: rackId ?? before.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    topicNames: sortedNames(topicNames),
    topicRegex: '',
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    serverAssignor: before.serverAssignor,
    classic: { sessionTimeoutMs: request.sessionTimeoutMs, protocols: request.protocols },
  };
}

function joined(member: ConsumerMember, request: JoinRequest): JoinResult {
  return {
    errorCode: Code.NONE,
    generationId: member.memberEpoch,
    protocolType: CONSUMER_PROTOCOL_TYPE,
    protocolName: request.protocols[0]?.name ?? null,
    leader: '',
    memberId: member.memberId,
    members: [],
    skipAssignment: false,
  };
}

function awaitSync(group: ConsumerGroup, memberId: string, request: JoinRequest): void {
  const timers = group.timers.get(memberId);
  timers?.join.cancel();
  timers?.session.set(request.sessionTimeoutMs);
  timers?.sync.set(request.rebalanceTimeoutMs);
}

/** Throws KafkaProtocolError; REBALANCE_IN_PROGRESS calls the member to join again. */
export function syncStep(group: ConsumerGroup, request: SyncRequest, topics: TopicView): SyncResult {
  const { memberId, generationId, protocolType, protocolName } = request;
  const member = classicMember(group, memberId, request.groupInstanceId);
  checkGeneration(member, generationId);
  const first = member.classic.protocols[0]!;
  if ((protocolType !== null && protocolType !== CONSUMER_PROTOCOL_TYPE) || (protocolName !== null && protocolName !== first.name)) {
    throw new KafkaProtocolError(Code.INCONSISTENT_GROUP_PROTOCOL, `Member ${memberId} joined with protocol ${first.name}.`);
  }
  // A member that has partitions to give up has joined already; when it has given them up it is called again.
  if (group.assignmentEpoch > member.memberEpoch && member.state !== 'unrevoked') {
    awaitJoin(group, member);
    throw new KafkaProtocolError(
      Code.REBALANCE_IN_PROGRESS,
      `A new rebalance is triggered in group ${group.groupId} and member ${memberId} should rejoin to catch up.`,
    );
  }
  const timers = group.timers.get(memberId);
  timers?.sync.cancel();
  timers?.session.set(member.classic.sessionTimeoutMs);
  const assignment = writeAssignment(withoutEpochs(member.assigned), first.metadata, topics);
  return { errorCode: Code.NONE, protocolType, protocolName, assignment };
}

/** The code of the answer: REBALANCE_IN_PROGRESS when joining again would bring the member on. Throws KafkaProtocolError. */
export function classicHeartbeat(group: ConsumerGroup, request: HeartbeatRequest): number {
  const member = classicMember(group, request.memberId, request.groupInstanceId);
  checkGeneration(member, request.generationId);
  group.timers.get(member.memberId)?.session.set(member.classic.sessionTimeoutMs);
  const shallJoin =
    member.memberEpoch < group.assignmentEpoch ||
    member.state === 'unrevoked' ||
    (member.state === 'unreleased' && !waitsForOthers(group, member));
  if (!shallJoin) return Code.NONE;
  awaitJoin(group, member);
  return Code.REBALANCE_IN_PROGRESS;
}

/** Part of its target is still somebody else's. */
function waitsForOthers(group: ConsumerGroup, member: ConsumerMember): boolean {
  for (const [topic, partitions] of group.target(member.memberId)) {
    for (const partition of partitions) {
      const owner = group.ownerOf(topic, partition);
      if (owner !== undefined && owner !== member.memberId) return true;
    }
  }
  return false;
}

/** The deadline for joining runs from the first call. */
function awaitJoin(group: ConsumerGroup, { memberId, rebalanceTimeoutMs }: ConsumerMember): void {
  const join = group.timers.get(memberId)?.join;
  if (join !== undefined && !join.armed) join.set(rebalanceTimeoutMs);
}

export function leaveStep(host: ConsumerGroupHost, update: GroupUpdate, leaving: readonly LeavingMember[]): LeaveResult[] {
  const left = new Map<string, ConsumerMember>();
  const results = leaving.map(({ memberId, groupInstanceId }): LeaveResult => {
    try {
      const member = leavingMember(update.group, memberId, groupInstanceId);
      left.set(member.memberId, member);
      return { memberId, groupInstanceId, errorCode: Code.NONE };
    } catch (error) {
      if (!(error instanceof KafkaProtocolError)) throw error;
      return { memberId, groupInstanceId, errorCode: error.code };
    }
  });
  fenceMembers(host, update, [...left.values()]);
  return results;
}

/** Administrators remove static members by their instance id alone. */
function leavingMember(group: ConsumerGroup, memberId: string, instanceId: string | null): ConsumerMember {
  if (instanceId === null) return group.member(memberId);
  return knownStaticMember(group, instanceId, memberId === '' ? (group.staticMember(instanceId)?.memberId ?? '') : memberId);
}

function classicMember(group: ConsumerGroup, memberId: string, instanceId: string | null): ClassicMember {
  const member = instanceId === null ? group.member(memberId) : knownStaticMember(group, instanceId, memberId);
  if (isClassic(member)) return member;
  throw new KafkaProtocolError(Code.UNKNOWN_MEMBER_ID, `Member ${memberId} does not use the classic protocol.`);
}

function isClassic(member: ConsumerMember): member is ClassicMember {
  return member.classic !== null;
}

function checkGeneration(member: ConsumerMember, generationId: number): void {
  if (member.memberEpoch === generationId) return;
  throw new KafkaProtocolError(
    Code.ILLEGAL_GENERATION,
    `The request generation id ${generationId} is not equal to the member epoch ${member.memberEpoch} of member ${member.memberId}.`,
  );
}
