/** SyncGroup: the leader hands in the assignment, everybody gets theirs once it is on disk. */

import { Code } from '../coordinator/index.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupMember } from './member.ts';
import type { RebalanceHost, Rebalancer } from './rebalance.ts';
import { NO_BYTES, type SyncRequest, type SyncResult, syncError } from './types.ts';

export class SyncPhase {
  readonly #host: RebalanceHost;
  readonly #rebalancer: Rebalancer;

  constructor(host: RebalanceHost, rebalancer: Rebalancer) {
    this.#host = host;
    this.#rebalancer = rebalancer;
  }

  /** Resolves at once, or when the leader's assignment is durable, or when the rebalance is given up. */
  sync(group: ClassicGroup, request: SyncRequest): SyncResult | Promise<SyncResult> {
    const member = group.members.get(request.memberId);
    const errorCode = group.is('Empty') ? Code.UNKNOWN_MEMBER_ID : validateSync(group, request);
    if (errorCode !== Code.NONE || member === undefined) return syncError(errorCode);
    if (group.is('PreparingRebalance')) return syncError(Code.REBALANCE_IN_PROGRESS);
    this.#hasSynced(group, member);
    if (group.is('Stable')) {
      return { errorCode: Code.NONE, protocolType: group.protocolType, protocolName: group.protocolName, assignment: member.assignment };
    }
    return new Promise((answer) => {
      group.answerSync(member, syncError(Code.REBALANCE_IN_PROGRESS));
      member.pendingSync = answer;
      if (group.isLeader(member.memberId)) void this.#assign(group, request);
    });
  }

  #hasSynced(group: ClassicGroup, member: GroupMember): void {
    group.pendingSyncMembers.delete(member.memberId);
    if (group.pendingSyncMembers.size === 0) group.syncDeadline.cancel();
  }

  async #assign(group: ClassicGroup, request: SyncRequest): Promise<void> {
    const assignments = new Map<string, Uint8Array>();
    for (const memberId of group.members.keys()) assignments.set(memberId, request.assignments.get(memberId) ?? NO_BYTES);
    const errorCode = await this.#host.persist(group, assignments);
    // Another rebalance may have begun meanwhile; it has answered everybody.
    if (!group.is('CompletingRebalance') || group.generationId !== request.generationId) return;
    if (errorCode !== Code.NONE) {
      for (const member of group.members.values()) member.assignment = NO_BYTES;
      this.#rebalancer.answerSyncs(group, errorCode);
      this.#rebalancer.start(group, `the assignment could not be stored (error ${errorCode})`);
      return;
    }
    for (const member of group.members.values()) member.assignment = assignments.get(member.memberId) ?? NO_BYTES;
    group.transitionTo('Stable');
    this.#rebalancer.answerSyncs(group, Code.NONE);
  }
}

function validateSync(group: ClassicGroup, request: SyncRequest): number {
  const errorCode = group.validateMember(request.memberId, request.groupInstanceId);
  if (errorCode !== Code.NONE) return errorCode;
  if (request.generationId !== group.generationId) return Code.ILLEGAL_GENERATION;
  const typeDiffers = request.protocolType !== null && request.protocolType !== group.protocolType;
  const nameDiffers = request.protocolName !== null && request.protocolName !== group.protocolName;
  return typeDiffers || nameDiffers ? Code.INCONSISTENT_GROUP_PROTOCOL : Code.NONE;
}
