/**
 * The data of one classic consumer group and the questions that can be asked of it. What happens when, is in
 * `join.ts`, `rebalance.ts`, `sync.ts` and `membership.ts`. Follows Kafka's `ClassicGroup`.
 */

import { MillraceError } from '../../errors.ts';
import { Code, Deadline, javaHashCode } from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import type { GroupMember } from './member.ts';
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscription.ts';
import { type GroupProtocol, type JoinedMember, type JoinResult, joinError, type SyncResult, syncError } from './types.ts';

export type ClassicGroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const PREVIOUS_STATES: Readonly<Record<ClassicGroupState, readonly ClassicGroupState[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'],
};

/** Ids handed out by MEMBER_ID_REQUIRED that one group keeps at a time; the next join is refused. */
export const MAX_PENDING_MEMBERS = 10_000;

export interface GroupTimers {
  /** The join phase is over, complete or not. */
  onJoinDeadline(group: ClassicGroup): void;
  /** Who has not synced by now is removed. */
  onSyncDeadline(group: ClassicGroup): void;
}

export class ClassicGroup {
  /** Tells the kinds of groups apart; KIP-848 adds `consumer`. */
  readonly type = 'classic';
  readonly groupId: string;
  state: ClassicGroupState = 'Empty';
  previousState: ClassicGroupState = 'Dead';
  /** -1 when unknown: a group that only ever stored offsets. */
  stateTimestampMs = -1;
  generationId = 0;
  /** Null for a group without members so far: somebody who only commits offsets. */
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  readonly members = new Map<string, GroupMember>();
  /** groupInstanceId → memberId. */
  readonly staticMembers = new Map<string, string>();
  /** Ids handed out with MEMBER_ID_REQUIRED whose owners have not come back yet. */
  readonly pendingMembers = new Map<string, Deadline>();
  readonly pendingSyncMembers = new Set<string>();
  /** Null = unknown. */
  subscribedTopics: ReadonlySet<string> | null = null;
  /** During an initial rebalance: somebody joined since the delay was last extended. */
  newMemberAdded = false;
  /** What is left of the time an initial rebalance may be delayed; -1 outside of one. */
  initialDelayRemainingMs = -1;
  readonly joinDeadline: Deadline;
  readonly syncDeadline: Deadline;
  readonly #clock: Clock;
  /** Protocol name → members that speak it. */
  readonly #speakers = new Map<string, number>();

  constructor(groupId: string, clock: Clock, timers: GroupTimers) {
    this.groupId = groupId;
    this.#clock = clock;
    this.joinDeadline = new Deadline(clock, () => timers.onJoinDeadline(this));
    this.syncDeadline = new Deadline(clock, () => timers.onSyncDeadline(this));
  }

  is(...states: readonly ClassicGroupState[]): boolean {
    return states.includes(this.state);
  }

  transitionTo(state: ClassicGroupState): void {
    if (!PREVIOUS_STATES[state].includes(this.state)) {
      throw new MillraceError('INVALID_STATE', `Group ${this.groupId} cannot go from ${this.state} to ${state}.`, {
        context: { group: this.groupId },
      });
    }
    this.previousState = this.state;
    this.state = state;
    this.stateTimestampMs = this.#clock.nowMs();
  }

  get canRebalance(): boolean {
    return PREVIOUS_STATES.PreparingRebalance.includes(this.state);
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  /** The slowest member's. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  get awaitingJoinCount(): number {
    let count = 0;
    for (const member of this.members.values()) if (member.pendingJoin !== null) count++;
    return count;
  }

  get allMembersJoined(): boolean {
    return this.pendingMembers.size === 0 && this.awaitingJoinCount === this.members.size;
  }

  add(member: GroupMember): void {
    if (member.groupInstanceId !== null) this.staticMembers.set(member.groupInstanceId, member.memberId);
    this.leaderId ??= member.memberId;
    this.members.set(member.memberId, member);
    this.#countProtocols(member, 1);
    this.forgetPending(member.memberId);
  }

  /** What a member says anew at every join. */
  update(member: GroupMember, protocols: readonly GroupProtocol[], rebalanceTimeoutMs: number, sessionTimeoutMs: number): void {
    this.#countProtocols(member, -1);
    member.protocols = protocols;
    this.#countProtocols(member, 1);
    member.rebalanceTimeoutMs = rebalanceTimeoutMs;
    member.sessionTimeoutMs = sessionTimeoutMs;
  }

  /** Forgets a member, pending or not. Its parked requests must have been answered. */
  remove(memberId: string): void {
    const member = this.members.get(memberId);
    if (member !== undefined) {
      this.members.delete(memberId);
      this.#countProtocols(member, -1);
      member.session.cancel();
      if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId);
    }
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null;
    this.forgetPending(memberId);
    this.pendingSyncMembers.delete(memberId);
  }

  forgetPending(memberId: string): void {
    this.pendingMembers.get(memberId)?.cancel();
    this.pendingMembers.delete(memberId);
  }

  /** 0, or why `memberId` may not speak for the group (with this instance id). */
  validateMember(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const current = this.staticMembers.get(groupInstanceId);
      if (current === undefined) return Code.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return Code.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? Code.NONE : Code.UNKNOWN_MEMBER_ID;
  }

  /** Whether a member with these protocols shares at least one with everybody else. */
  supportsProtocols(protocolType: string, protocols: readonly GroupProtocol[]): boolean {
    if (this.is('Empty')) return protocolType !== '' && protocols.length > 0;
    if (this.protocolType !== protocolType) return false;
    return protocols.some((protocol) => this.#isCommon(protocol.name));
  }

  /**
   * The protocol most members prefer among those all of them speak; of several the one that Java's hash table has first,
   * as in Kafka. The group must have members.
   */
  selectProtocol(): string {
    const votes = new Map<string, number>();
    for (const member of this.members.values()) {
      const choice = member.protocols.find((protocol) => this.#isCommon(protocol.name));
      if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
    }
    let best = '';
    let bestVotes = 0;
    for (const [name, count] of [...votes].sort(([a], [b]) => javaBucket(a) - javaBucket(b))) {
      if (count > bestVotes) {
        best = name;
        bestVotes = count;
      }
    }
    if (bestVotes === 0)
      throw new MillraceError('INTERNAL', `Group ${this.groupId} has no protocol that all its members speak.`, {
        context: { group: this.groupId },
      });
    return best;
  }

  /** Starts the next generation: with members it waits for the leader's assignment, without it is empty. */
  startNextGeneration(): void {
    this.generationId = this.generationId >= 0x7fff_ffff ? 0 : this.generationId + 1;
    this.protocolName = this.members.size > 0 ? this.selectProtocol() : null;
    this.refreshSubscription();
    this.transitionTo(this.members.size > 0 ? 'CompletingRebalance' : 'Empty');
    this.pendingSyncMembers.clear();
  }

  refreshSubscription(): void {
    this.subscribedTopics = subscribedTopics(this.protocolType, this.protocolName, this.members.values());
  }

  /** Unknown subscriptions of consumers count as subscribed to everything: nothing of theirs is deleted. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.protocolType === CONSUMER_PROTOCOL_TYPE;
  }

  /** What the leader is told about everybody. */
  joinedMembers(): JoinedMember[] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: member.metadataFor(this.protocolName),
    }));
  }

  /** The current generation as `memberId` is told of it. */
  joinResult(memberId: string): JoinResult {
    return {
      errorCode: Code.NONE,
      generationId: this.generationId,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leader: this.leaderId ?? '',
      memberId,
      members: this.isLeader(memberId) ? this.joinedMembers() : [],
      skipAssignment: false,
    };
  }

  answerJoin(member: GroupMember, result: JoinResult): void {
    const answer = member.pendingJoin;
    member.pendingJoin = null;
    answer?.(result);
  }

  /** True when a SyncGroup was waiting. */
  answerSync(member: GroupMember, result: SyncResult): boolean {
    const answer = member.pendingSync;
    member.pendingSync = null;
    answer?.(result);
    return answer !== null;
  }

  /** Answers everything that waits and stops all timers. */
  shutDown(errorCode: number): void {
    this.joinDeadline.cancel();
    this.syncDeadline.cancel();
    for (const deadline of this.pendingMembers.values()) deadline.cancel();
    for (const member of this.members.values()) {
      member.session.cancel();
      this.answerJoin(member, joinError(errorCode, member.memberId));
      this.answerSync(member, syncError(errorCode));
    }
  }

  #isCommon(protocol: string): boolean {
    return this.#speakers.get(protocol) === this.members.size;
  }

  #countProtocols(member: GroupMember, step: 1 | -1): void {
    for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
      const count = (this.#speakers.get(name) ?? 0) + step;
      if (count === 0) this.#speakers.delete(name);
      else this.#speakers.set(name, count);
    }
  }
}

/** Place of a key in a small `java.util.HashMap`: 16 buckets hold up to 12 keys. */
function javaBucket(key: string): number {
  const hash = javaHashCode(key);
  return (hash ^ (hash >>> 16)) & 15;
}
