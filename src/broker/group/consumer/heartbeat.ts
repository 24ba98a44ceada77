/** ConsumerGroupHeartbeat in a group: joining, going on, leaving. Follows Kafka's `GroupMetadataManager.consumerGroupHeartbeat`. */

import { type AssignContext, advance, type FreshRegexes, subscribe, updateTarget } from './assign.ts';
import { type Assignment, sameEpochs, withoutEpochs } from './assignment.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerGroupHost } from './context.ts';
import { fenceMembers, leaveForAWhile } from './fence.ts';
import type { GroupUpdate } from './group-update.ts';
import { checkRoom, findOrJoin, knownStaticMember } from './join-member.ts';
import { type ConsumerMember, JOIN_EPOCH, LEAVE_STATIC_EPOCH, type MemberMetadata, sortedNames } from './member.ts';
import type { ConsumerHeartbeat } from './types.ts';

export interface HeartbeatStep {
  readonly memberId: string;
  readonly memberEpoch: number;
  /** Null: nothing new. */
  readonly assignment: Assignment | null;
}

/** `memberId` is the request's, or the one made for it. Throws KafkaProtocolError. */
export function heartbeatStep(
  context: AssignContext,
  update: GroupUpdate,
  request: ConsumerHeartbeat,
  memberId: string,
  fresh: FreshRegexes | null,
): HeartbeatStep {
  const { memberEpoch, instanceId, owned } = request;
  checkRoom(update.group, memberId, context.settings.maxSize);
  const joins = memberEpoch === JOIN_EPOCH;
  const before = findOrJoin(update, { memberId, instanceId, joins, classic: false, memberEpoch, owned });
  const changed = subscribe(context, update, before, saidBy(request, before), fresh);
  updateTarget(context, update);
  const after = advance(context, update, memberId, owned, changed);
  const tellAssignment = joins || isFullRequest(request) || !sameEpochs(before.assigned, after.assigned);
  return { memberId, memberEpoch: after.memberEpoch, assignment: tellAssignment ? withoutEpochs(after.assigned) : null };
}

/** A member that got no answer, or an error, says everything again and wants to hear everything again. */
function isFullRequest({ rebalanceTimeoutMs, topicNames, topicRegex, owned }: ConsumerHeartbeat): boolean {
  return rebalanceTimeoutMs !== -1 && (topicNames !== null || topicRegex !== null) && owned !== null;
}

function saidBy(request: ConsumerHeartbeat, before: MemberMetadata): MemberMetadata {
  const { topicNames, rebalanceTimeoutMs } = request;
  return {
    instanceId: request.instanceId ?? before.instanceId,
    rackId: request.rackId ?? before.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    topicNames: topicNames === null ? before.topicNames : sortedNames(topicNames),
    topicRegex: request.topicRegex ?? before.topicRegex,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? before.rebalanceTimeoutMs : rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? before.serverAssignor,
    classic: null,
  };
}

/** Throws UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID. */
export function leaveStep(host: ConsumerGroupHost, update: GroupUpdate, request: ConsumerHeartbeat): HeartbeatStep {
  const { group } = update;
  const { memberId, memberEpoch, instanceId } = request;
  const member = leavingMember(group, memberId, instanceId);
  if (instanceId !== null && memberEpoch === LEAVE_STATIC_EPOCH) leaveForAWhile(update, member);
  else fenceMembers(host, update, [member]);
  return { memberId, memberEpoch, assignment: null };
}

function leavingMember(group: ConsumerGroup, memberId: string, instanceId: string | null): ConsumerMember {
  return instanceId === null ? group.member(memberId) : knownStaticMember(group, instanceId, memberId);
}
