/** JoinGroup, SyncGroup, Heartbeat, LeaveGroup: between the wire and the coordinator. */

import { Heartbeat, JoinGroup, LeaveGroup, type RequestOf, type ResponseInput, SyncGroup } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle } from '../coordinator/index.ts';
import type { RequestContext } from '../seams.ts';
import type { GroupCoordinator } from './coordinator.ts';
import { type JoinRequest, type JoinResult, joinError, type LeaveResult, type SyncRequest, syncError } from './types.ts';

/** From here on members must name the protocol that was chosen (KIP-559). */
const SYNC_NAMES_PROTOCOL = 5;

export function addMembershipHandlers(handlers: HandlerMap, groups: GroupCoordinator): void {
  handle(handlers, JoinGroup, async (request, context) => {
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    const result = errorCode === Code.NONE ? await groups.join(joinRequest(request, context)) : joinError(errorCode, request.memberId);
    return joinResponse(result, context.apiVersion);
  });

  handle(handlers, SyncGroup, async (request, context) => {
    const incomplete = context.apiVersion >= SYNC_NAMES_PROTOCOL && (request.protocolType === null || request.protocolName === null);
    if (incomplete) return syncError(Code.INCONSISTENT_GROUP_PROTOCOL);
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    return errorCode === Code.NONE ? groups.sync(syncRequest(request)) : syncError(errorCode);
  });

  handle(handlers, Heartbeat, async (request, context) => {
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    // While the groups are read back nobody knows better than the member itself. As in Kafka.
    if (errorCode === Code.COORDINATOR_LOAD_IN_PROGRESS) return { errorCode: Code.NONE };
    return { errorCode: errorCode === Code.NONE ? groups.heartbeat(request) : errorCode };
  });

  handle(handlers, LeaveGroup, async (request, context) => {
    const single = context.apiVersion < 3;
    const leaving = single ? [{ memberId: request.memberId, groupInstanceId: null, reason: null }] : request.members;
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    return leaveResponse(errorCode === Code.NONE ? await groups.leave(request.groupId, leaving) : errorCode, single);
  });
}

function joinRequest(request: RequestOf<typeof JoinGroup>, context: RequestContext): JoinRequest {
  return {
    groupId: request.groupId,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: context.clientId ?? '',
    // As Java writes addresses; tools show it so.
    clientHost: `/${context.clientHost}`,
    sessionTimeoutMs: request.sessionTimeoutMs,
    // Version 0 has one timeout for both.
    rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType: request.protocolType,
    // The bytes are views of the request's frame and outlive it.
    protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    reason: request.reason,
    requireKnownMemberId: context.apiVersion >= 4,
    supportsSkippingAssignment: context.apiVersion >= 9,
  };
}

function joinResponse(result: JoinResult, version: number): ResponseInput<typeof JoinGroup> {
  return { ...result, protocolName: version < 7 ? (result.protocolName ?? '') : result.protocolName, members: [...result.members] };
}

function syncRequest(request: RequestOf<typeof SyncGroup>): SyncRequest {
  const { groupId, generationId, memberId, groupInstanceId, protocolType, protocolName } = request;
  const assignments = new Map(request.assignments.map((one) => [one.memberId, Buffer.from(one.assignment)]));
  return { groupId, generationId, memberId, groupInstanceId, protocolType, protocolName, assignments };
}

function leaveResponse(result: number | readonly LeaveResult[], single: boolean): ResponseInput<typeof LeaveGroup> {
  if (typeof result === 'number') return { errorCode: result };
  return single ? { errorCode: result[0]?.errorCode ?? Code.NONE } : { errorCode: Code.NONE, members: [...result] };
}
