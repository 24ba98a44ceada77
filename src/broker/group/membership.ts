/** Heartbeat and LeaveGroup of classic groups. */

import { Code } from '../coordinator/index.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { Rebalancer } from './rebalance.ts';
import type { HeartbeatRequest, LeaveResult, LeavingMember } from './types.ts';

/** The error code of the answer; REBALANCE_IN_PROGRESS tells the member to join again. */
export function heartbeat(group: ClassicGroup, request: HeartbeatRequest): number {
  const errorCode = group.validateMember(request.memberId, request.groupInstanceId);
  if (errorCode !== Code.NONE) return errorCode;
  if (request.generationId !== group.generationId) return Code.ILLEGAL_GENERATION;
  if (group.is('Empty')) return Code.UNKNOWN_MEMBER_ID;
  group.members.get(request.memberId)?.keepAlive();
  return group.is('PreparingRebalance') ? Code.REBALANCE_IN_PROGRESS : Code.NONE;
}

/** Takes members out; one rebalance follows for all of them. */
export function leave(group: ClassicGroup, leaving: readonly LeavingMember[], rebalancer: Rebalancer): LeaveResult[] {
  const left: string[] = [];
  const results = leaving.map((member): LeaveResult => {
    const errorCode = leaveOne(group, member, rebalancer);
    if (errorCode === Code.NONE) left.push(member.groupInstanceId ?? member.memberId);
    return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, errorCode };
  });
  if (left.length > 0) {
    const reason = `${left.join(', ')} left, reason: ${leaving[0]?.reason ?? 'not given'}`;
    if (group.is('PreparingRebalance')) rebalancer.completeIfAllJoined(group);
    else if (!group.is('Empty')) rebalancer.rebalanceOrComplete(group, reason);
  }
  return results;
}

function leaveOne(group: ClassicGroup, leaving: LeavingMember, rebalancer: Rebalancer): number {
  let { memberId } = leaving;
  if (memberId === '' && leaving.groupInstanceId !== null) {
    // An administrator removes a static member by its instance id alone.
    memberId = group.staticMembers.get(leaving.groupInstanceId) ?? '';
  } else if (group.pendingMembers.has(memberId)) {
    group.forgetPending(memberId);
    return Code.NONE;
  }
  const errorCode = group.validateMember(memberId, leaving.groupInstanceId);
  const member = group.members.get(memberId);
  if (errorCode !== Code.NONE || member === undefined) return errorCode;
  rebalancer.removeMember(group, member);
  return Code.NONE;
}
