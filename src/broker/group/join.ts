/** JoinGroup: the four ways into a classic group (new or known, dynamic or static). */

import { randomUUID } from 'node:crypto';
import { Code, Deadline, intSetting } from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import { type ClassicGroup, MAX_PENDING_MEMBERS } from './classic-group.ts';
import { GroupMember, type MemberIdentity } from './member.ts';
import type { RebalanceHost, Rebalancer } from './rebalance.ts';
import { type JoinRequest, type JoinResult, joinError, syncError } from './types.ts';

/** A parked first join is given up after this long: its sender cannot send heartbeats, so it may be gone. As in Kafka. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000;

type Answer = (result: JoinResult) => void;

export class JoinPhase {
  readonly #host: RebalanceHost;
  readonly #clock: Clock;
  readonly #rebalancer: Rebalancer;

  constructor(host: RebalanceHost, clock: Clock, rebalancer: Rebalancer) {
    this.#host = host;
    this.#clock = clock;
    this.#rebalancer = rebalancer;
  }

  /** Resolves at once or when the rebalance is over. */
  join(group: ClassicGroup, request: JoinRequest): Promise<JoinResult> {
    return new Promise((answer) => {
      if (!this.#hasRoom(group, request.memberId)) {
        group.remove(request.memberId);
        answer(joinError(Code.GROUP_MAX_SIZE_REACHED, ''));
      } else if (!group.supportsProtocols(request.protocolType, request.protocols)) {
        answer(joinError(Code.INCONSISTENT_GROUP_PROTOCOL, request.memberId));
      } else if (request.memberId === '') {
        this.#joinWithoutId(group, request, answer);
      } else {
        this.#joinWithId(group, request, answer);
      }
    });
  }

  #hasRoom(group: ClassicGroup, memberId: string): boolean {
    const maxSize = intSetting(this.#host.config, 'group.max.size');
    const member = group.members.get(memberId);
    if (group.is('Empty')) return true;
    // While rebalancing only those that have arrived count: the last to rejoin an oversized group are turned away.
    if (group.is('PreparingRebalance')) return (member !== undefined && member.pendingJoin !== null) || group.awaitingJoinCount < maxSize;
    return member !== undefined || group.members.size < maxSize;
  }

  #joinWithoutId(group: ClassicGroup, request: JoinRequest, answer: Answer): void {
    const memberId = `${request.groupInstanceId ?? request.clientId}-${randomUUID()}`;
    if (request.groupInstanceId !== null) {
      const current = group.staticMembers.get(request.groupInstanceId);
      if (current === undefined) this.#add(group, request, memberId, answer);
      else this.#replaceStatic(group, request, current, memberId, answer);
    } else if (request.requireKnownMemberId) {
      this.#handOutId(group, request, memberId, answer);
    } else {
      this.#add(group, request, memberId, answer);
    }
  }

  #handOutId(group: ClassicGroup, request: JoinRequest, memberId: string, answer: Answer): void {
    if (group.pendingMembers.size >= MAX_PENDING_MEMBERS) {
      answer(joinError(Code.GROUP_MAX_SIZE_REACHED, ''));
      return;
    }
    const deadline = new Deadline(this.#clock, () => this.#rebalancer.onPendingExpired(group, memberId));
    deadline.set(request.sessionTimeoutMs);
    group.pendingMembers.set(memberId, deadline);
    answer(joinError(Code.MEMBER_ID_REQUIRED, memberId));
  }

  #joinWithId(group: ClassicGroup, request: JoinRequest, answer: Answer): void {
    const { memberId } = request;
    if (group.pendingMembers.has(memberId)) {
      // Ids are only handed out to dynamic members.
      if (request.groupInstanceId === null) this.#add(group, request, memberId, answer);
      else answer(joinError(Code.UNKNOWN_MEMBER_ID, memberId));
      return;
    }
    const errorCode = group.validateMember(memberId, request.groupInstanceId);
    const member = group.members.get(memberId);
    if (errorCode !== Code.NONE || member === undefined) {
      answer(joinError(errorCode, memberId));
    } else if (group.is('Empty')) {
      answer(joinError(Code.UNKNOWN_MEMBER_ID, memberId));
    } else if (needsRebalance(group, member, request)) {
      this.#rejoin(group, member, request, answer);
    } else {
      // It may have missed the answer of the last rebalance: tell it again.
      answer(group.joinResult(memberId));
    }
  }

  #add(group: ClassicGroup, request: JoinRequest, memberId: string, answer: Answer): void {
    const member = new GroupMember({ ...request, memberId }, this.#clock, (expired) => this.#rebalancer.onSessionExpired(group, expired));
    member.isNew = true;
    member.pendingJoin = answer;
    if (group.members.size === 0) group.protocolType = request.protocolType;
    if (group.is('PreparingRebalance') && group.initialDelayRemainingMs >= 0) group.newMemberAdded = true;
    group.add(member);
    member.session.set(NEW_MEMBER_JOIN_TIMEOUT_MS);
    this.#rebalancer.rebalanceOrComplete(group, `${memberId} joins, reason: ${request.reason ?? 'not given'}`);
  }

  #rejoin(group: ClassicGroup, member: GroupMember, request: JoinRequest, answer: Answer): void {
    group.update(member, request.protocols, request.rebalanceTimeoutMs, request.sessionTimeoutMs);
    this.#park(group, member, answer);
    this.#rebalancer.rebalanceOrComplete(group, `${member.memberId} joins again, reason: ${request.reason ?? 'not given'}`);
  }

  /** A member that repeats its join gets one answer, to the last request; the earlier one has been given up. */
  #park(group: ClassicGroup, member: GroupMember, answer: Answer): void {
    group.answerJoin(member, joinError(Code.REBALANCE_IN_PROGRESS, member.memberId));
    member.pendingJoin = answer;
  }

  /** The owner of an instance id came back without its member id: it takes the old member's place and fences it. */
  #replaceStatic(group: ClassicGroup, request: JoinRequest, oldId: string, newId: string, answer: Answer): void {
    const leaderBefore = group.leaderId;
    const old = group.members.get(oldId)!;
    const member = this.#takePlace(group, old, { ...identityOf(old), memberId: newId });
    group.update(member, request.protocols, request.rebalanceTimeoutMs, request.sessionTimeoutMs);
    member.pendingJoin = answer;
    member.keepAlive();
    if (group.is('Stable') && group.selectProtocol() === group.protocolName) {
      void this.#storeReplacement(group, request, old, member, leaderBefore);
    } else if (group.is('Stable')) {
      this.#rebalancer.start(group, `static member ${newId} changes the group's protocol`);
    } else if (group.is('CompletingRebalance')) {
      // The leader may be assigning to the old id at this moment.
      this.#rebalancer.start(group, `static member ${newId} replaces ${oldId}`);
    } else {
      this.#rebalancer.completeIfAllJoined(group);
    }
  }

  #takePlace(group: ClassicGroup, old: GroupMember, identity: MemberIdentity): GroupMember {
    group.answerJoin(old, joinError(Code.FENCED_INSTANCE_ID, old.memberId));
    group.answerSync(old, syncError(Code.FENCED_INSTANCE_ID));
    const member = new GroupMember(identity, this.#clock, (expired) => this.#rebalancer.onSessionExpired(group, expired));
    member.assignment = old.assignment;
    const wasLeader = group.isLeader(old.memberId);
    const owedSync = group.pendingSyncMembers.has(old.memberId);
    group.remove(old.memberId);
    group.add(member);
    if (wasLeader) group.leaderId = member.memberId;
    if (owedSync) group.pendingSyncMembers.add(member.memberId);
    return member;
  }

  /** No rebalance is needed: the member keeps the assignment its instance had, once the new id is on disk. */
  async #storeReplacement(
    group: ClassicGroup,
    request: JoinRequest,
    old: GroupMember,
    member: GroupMember,
    leaderBefore: string | null,
  ): Promise<void> {
    const assignments = new Map([...group.members.values()].map((one) => [one.memberId, one.assignment]));
    const errorCode = await this.#host.persist(group, assignments);
    if (errorCode !== Code.NONE) {
      group.answerJoin(member, joinError(errorCode, ''));
      if (group.members.get(member.memberId) === member) this.#takePlace(group, member, identityOf(old)).keepAlive();
      return;
    }
    const result = group.joinResult(member.memberId);
    if (request.supportsSkippingAssignment) {
      group.answerJoin(member, { ...result, skipAssignment: group.isLeader(member.memberId) });
    } else {
      // An older client that hears it leads would send an assignment. It is told the old leader's id and just syncs.
      group.answerJoin(member, { ...result, leader: leaderBefore ?? '', members: [] });
    }
  }
}

/** Whether a known member's join changes anything for the group. The leader's always does: topics may have changed. */
function needsRebalance(group: ClassicGroup, member: GroupMember, request: JoinRequest): boolean {
  if (group.is('PreparingRebalance') || !member.matches(request.protocols)) return true;
  return group.is('Stable') && group.isLeader(member.memberId);
}

function identityOf(member: GroupMember): MemberIdentity {
  const { memberId, groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = member;
  return { memberId, groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols };
}
