/**
 * The rebalance of a classic group: who has to join again, how long it waits for them, and what follows when it is
 * over. Every wait ends with a deadline. Follows the classic half of Kafka's `GroupMetadataManager`.
 */

import { type BrokerConfig, Code, type CoordinatorLogger, intSetting } from '../coordinator/index.ts';
import type { ClassicGroup, GroupTimers } from './classic-group.ts';
import type { GroupMember } from './member.ts';
import { joinError, NO_BYTES, type SyncResult, syncError } from './types.ts';

export interface RebalanceHost {
  readonly config: BrokerConfig;
  readonly log: CoordinatorLogger;
  /** Writes the group as it is now, with these assignments by member id; resolves with an error code when durable. */
  persist(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): Promise<number>;
}

export class Rebalancer implements GroupTimers {
  readonly #host: RebalanceHost;

  constructor(host: RebalanceHost) {
    this.#host = host;
  }

  /** Starts a rebalance where the group's state allows one; otherwise sees whether the running one can end. */
  rebalanceOrComplete(group: ClassicGroup, reason: string): void {
    if (group.canRebalance) this.start(group, reason);
    else this.completeIfAllJoined(group);
  }

  /** Everybody has to join again. The group must be Empty, CompletingRebalance or Stable. */
  start(group: ClassicGroup, reason: string): void {
    if (group.is('CompletingRebalance')) {
      for (const member of group.members.values()) member.assignment = NO_BYTES;
      this.answerSyncs(group, Code.REBALANCE_IN_PROGRESS);
    }
    group.pendingSyncMembers.clear();
    group.syncDeadline.cancel();
    const initial = group.is('Empty');
    group.transitionTo('PreparingRebalance');
    this.#host.log.info(`Rebalancing group ${group.groupId}, generation ${group.generationId}: ${reason}.`);
    if (initial) this.#delayInitial(group);
    else if (group.allMembersJoined) this.complete(group);
    else group.joinDeadline.set(group.rebalanceTimeoutMs);
  }

  /** A group that was empty gives its first members some time to arrive together, again whenever another one does. */
  #delayInitial(group: ClassicGroup): void {
    const delayMs = intSetting(this.#host.config, 'group.initial.rebalance.delay.ms');
    group.newMemberAdded = false;
    group.initialDelayRemainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0);
    if (delayMs <= 0) this.complete(group);
    else group.joinDeadline.set(delayMs);
  }

  completeIfAllJoined(group: ClassicGroup): void {
    const initial = group.initialDelayRemainingMs >= 0;
    if (group.is('PreparingRebalance') && !initial && group.allMembersJoined) this.complete(group);
  }

  /** The join phase is over: members that did not come are out, the others hear of the next generation. */
  complete(group: ClassicGroup): void {
    group.joinDeadline.cancel();
    group.initialDelayRemainingMs = -1;
    this.#removeAbsentMembers(group);
    if (group.is('Dead')) return;
    if (group.members.size > 0 && !this.#electLeader(group)) {
      // Only static members are left and none has joined. Their sessions end or they come back; look again later.
      group.joinDeadline.set(group.rebalanceTimeoutMs);
      return;
    }
    group.startNextGeneration();
    if (group.is('Empty')) this.#persistEmpty(group);
    else this.#announceGeneration(group);
  }

  #removeAbsentMembers(group: ClassicGroup): void {
    for (const member of [...group.members.values()]) {
      if (member.pendingJoin !== null || member.groupInstanceId !== null) continue;
      this.#host.log.info(`Group ${group.groupId}: ${member.memberId} did not join the rebalance in time and is removed.`);
      group.remove(member.memberId);
    }
  }

  /** The leader must be among those that wait for its assignment task. False when nobody has joined. */
  #electLeader(group: ClassicGroup): boolean {
    const leader = group.leaderId === null ? undefined : group.members.get(group.leaderId);
    if (leader !== undefined && leader.pendingJoin !== null) return true;
    for (const member of group.members.values()) {
      if (member.pendingJoin === null) continue;
      group.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  #persistEmpty(group: ClassicGroup): void {
    // Nobody waits for this. If it gets lost, the members of the last generation time out once more after a restart.
    void this.#host.persist(group, new Map());
  }

  #announceGeneration(group: ClassicGroup): void {
    this.#host.log.info(`Group ${group.groupId} has ${group.members.size} members in generation ${group.generationId}.`);
    for (const member of group.members.values()) {
      group.answerJoin(member, group.joinResult(member.memberId));
      member.keepAlive();
      member.isNew = false;
      group.pendingSyncMembers.add(member.memberId);
    }
    group.syncDeadline.set(group.rebalanceTimeoutMs);
  }

  /** Answers everybody who waits for the leader: with the assignment, or with an error. */
  answerSyncs(group: ClassicGroup, errorCode: number): void {
    for (const member of group.members.values()) {
      const result: SyncResult =
        errorCode === Code.NONE
          ? { errorCode, protocolType: group.protocolType, protocolName: group.protocolName, assignment: member.assignment }
          : syncError(errorCode);
      // Its session may have run out unnoticed while it waited here.
      if (group.answerSync(member, result)) member.keepAlive();
    }
  }

  onJoinDeadline(group: ClassicGroup): void {
    if (!group.is('PreparingRebalance')) return;
    const remainingMs = group.initialDelayRemainingMs;
    if (remainingMs > 0 && group.newMemberAdded) {
      const delayMs = Math.min(intSetting(this.#host.config, 'group.initial.rebalance.delay.ms'), remainingMs);
      group.newMemberAdded = false;
      group.initialDelayRemainingMs = remainingMs - delayMs;
      group.joinDeadline.set(delayMs);
    } else {
      this.complete(group);
    }
  }

  onSyncDeadline(group: ClassicGroup): void {
    if (!group.is('CompletingRebalance', 'Stable') || group.pendingSyncMembers.size === 0) return;
    const absent = [...group.pendingSyncMembers];
    for (const memberId of absent) group.remove(memberId);
    this.start(group, `${absent.join(', ')} sent no SyncGroup in time`);
  }

  /** A heartbeat is overdue. */
  onSessionExpired(group: ClassicGroup, member: GroupMember): void {
    if (group.is('Dead') || group.members.get(member.memberId) !== member || member.waitsAtBroker) return;
    this.removeMember(group, member);
    this.afterRemoval(group, `the session of ${member.memberId} expired`);
  }

  /** A member id was handed out and never used. */
  onPendingExpired(group: ClassicGroup, memberId: string): void {
    group.forgetPending(memberId);
    if (group.is('PreparingRebalance') && group.allMembersJoined) this.complete(group);
  }

  /** Takes a member out and answers what it waits for; the caller goes on with {@link afterRemoval}. */
  removeMember(group: ClassicGroup, member: GroupMember): void {
    group.answerJoin(member, joinError(Code.UNKNOWN_MEMBER_ID, ''));
    group.answerSync(member, syncError(Code.UNKNOWN_MEMBER_ID));
    group.remove(member.memberId);
  }

  afterRemoval(group: ClassicGroup, reason: string): void {
    if (group.is('Stable', 'CompletingRebalance')) this.start(group, reason);
    else if (group.is('PreparingRebalance') && group.allMembersJoined) this.complete(group);
  }
}
