/**
 * The consumer groups (KIP-848) of the group coordinator: brings each request to its group, as one step that is written
 * as one batch, and watches the members' deadlines.
 */

import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code } from '../../coordinator/index.ts';
import { groupTombstone } from '../records.ts';
import {
  type HeartbeatRequest,
  type JoinRequest,
  type JoinResult,
  joinError,
  type LeaveResult,
  type LeavingMember,
  type SyncRequest,
  type SyncResult,
  syncError,
} from '../types.ts';
import type { AssignContext, FreshRegexes } from './assign.ts';
import { checkJoin, classicHeartbeat, joinStep, leaveStep as leaveClassicStep, syncStep } from './classic-members.ts';
import { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerGroupHost } from './context.ts';
import { checkUpgrade, removalEvents, upgradeEvents } from './convert.ts';
import { fenceMembers, retire } from './fence.ts';
import { GroupUpdate } from './group-update.ts';
import { heartbeatStep, leaveStep } from './heartbeat.ts';
import { type ConsumerMember, JOIN_EPOCH, newMemberId } from './member.ts';
import { RegexMatcher } from './regexes.ts';
import { MemberTimers } from './timers.ts';
import { type ConsumerHeartbeat, type ConsumerHeartbeatResult, heartbeatError } from './types.ts';
import { validateHeartbeat } from './validate.ts';

/** New topics are matched with a group's regular expressions at most this often. Kafka: 10 s. */
const MIN_REGEX_REFRESH_MS = 1_000;

export class ConsumerGroups {
  readonly #host: ConsumerGroupHost;
  readonly #regexes = new RegexMatcher();

  constructor(host: ConsumerGroupHost) {
    this.#host = host;
  }

  /** Resolves when what the answer says is durable. Never rejects for a request that is merely wrong. */
  async heartbeat(request: ConsumerHeartbeat): Promise<ConsumerHeartbeatResult> {
    try {
      validateHeartbeat(request, this.#host.settings.assignors);
      const fresh = request.memberEpoch < JOIN_EPOCH ? null : await this.#resolveRegexes(request);
      return await this.#heartbeat(request, fresh);
    } catch (error) {
      if (error instanceof KafkaProtocolError) return heartbeatError(error.code, error.message);
      throw error;
    }
  }

  async #heartbeat(request: ConsumerHeartbeat, fresh: FreshRegexes | null): Promise<ConsumerHeartbeatResult> {
    const { groupId } = request;
    // The coordinator may have moved while the regular expressions were matched.
    if (!this.#host.readiness.isServing(groupId)) return heartbeatError(Code.COORDINATOR_LOAD_IN_PROGRESS, null);
    const joins = request.memberEpoch === JOIN_EPOCH;
    const leaves = request.memberEpoch < JOIN_EPOCH;
    const memberId = request.memberId === '' ? newMemberId() : request.memberId;
    const update = joins ? this.#groupToJoin(groupId) : new GroupUpdate(this.#known(groupId));
    const answer = this.#run(update, () => {
      if (leaves) return leaveStep(this.#host, update, request);
      this.#startSession(update, memberId, this.#host.settings.sessionTimeoutMs(groupId));
      return heartbeatStep(this.#context(), update, request, memberId, fresh);
    });
    const errorCode = await update.group.written;
    if (errorCode !== Code.NONE) return heartbeatError(errorCode, null);
    const heartbeatIntervalMs = leaves ? 0 : this.#host.settings.heartbeatIntervalMs(groupId);
    return { errorCode, errorMessage: null, heartbeatIntervalMs, ...answer };
  }

  /** JoinGroup to a consumer group that has members. */
  async join(group: ConsumerGroup, request: JoinRequest): Promise<JoinResult> {
    const memberId = request.memberId === '' ? newMemberId() : request.memberId;
    try {
      checkJoin(group, request, memberId, this.#host.settings.maxSize);
      if (request.memberId === '' && request.groupInstanceId === null && request.requireKnownMemberId) {
        return joinError(Code.MEMBER_ID_REQUIRED, memberId);
      }
      const update = new GroupUpdate(group);
      const result = this.#run(update, () => {
        this.#startSession(update, memberId, request.sessionTimeoutMs);
        return joinStep(this.#host, this.#context(), update, request, memberId);
      });
      const errorCode = await group.written;
      return errorCode === Code.NONE ? result : joinError(errorCode, memberId);
    } catch (error) {
      if (error instanceof KafkaProtocolError) return joinError(error.code, '');
      throw error;
    }
  }

  async sync(group: ConsumerGroup, request: SyncRequest): Promise<SyncResult> {
    try {
      const result = syncStep(group, request, this.#host.topics);
      const errorCode = await group.written;
      return errorCode === Code.NONE ? result : syncError(errorCode);
    } catch (error) {
      if (error instanceof KafkaProtocolError) return syncError(error.code);
      throw error;
    }
  }

  classicHeartbeat(group: ConsumerGroup, request: HeartbeatRequest): number {
    try {
      return classicHeartbeat(group, request);
    } catch (error) {
      if (error instanceof KafkaProtocolError) return error.code;
      throw error;
    }
  }

  /** A code for the whole request, or one result for each member. */
  async leave(group: ConsumerGroup, leaving: readonly LeavingMember[]): Promise<number | LeaveResult[]> {
    try {
      const update = new GroupUpdate(group);
      const results = this.#run(update, () => leaveClassicStep(this.#host, update, leaving));
      const errorCode = await group.written;
      return errorCode === Code.NONE ? results : errorCode;
    } catch (error) {
      if (error instanceof KafkaProtocolError) return error.code;
      throw error;
    }
  }

  /** An empty consumer group makes place for a classic one, which the caller registers. 0, or why it cannot. */
  remove(group: ConsumerGroup): number {
    const update = new GroupUpdate(group);
    try {
      this.#run(update, () => {
        for (const event of removalEvents(group)) update.apply(event);
        update.afterwards(() => retire(group));
      });
      return Code.NONE;
    } catch (error) {
      if (error instanceof KafkaProtocolError) return error.code;
      throw error;
    }
  }

  /** The group was read back from the log: every member has a whole session to show up. */
  watch(group: ConsumerGroup): void {
    for (const member of group.members.values()) {
      const timers = this.#timersOf(group, member.memberId);
      timers.session.set(this.#host.settings.sessionTimeoutMs(group.groupId));
      if (member.state !== 'unrevoked' || member.classic !== null) continue;
      timers.revokingEpoch = member.memberEpoch;
      timers.revocation.set(member.rebalanceTimeoutMs);
    }
  }

  /** One step: all of it or nothing. */
  #run<T>(update: GroupUpdate, step: () => T): T {
    try {
      const result = step();
      update.commit(this.#host.topic);
      return result;
    } catch (error) {
      update.rollback();
      throw error;
    }
  }

  #context(): AssignContext {
    const { settings, topics, clock } = this.#host;
    return { settings, topics, nowMs: clock.nowMs() };
  }

  /** Throws GROUP_ID_NOT_FOUND. */
  #known(groupId: string): ConsumerGroup {
    const group = this.#host.find(groupId);
    if (group?.type === 'consumer') return group;
    const message = group === undefined ? `Consumer group ${groupId} not found.` : `Group ${groupId} is not a consumer group.`;
    throw new KafkaProtocolError(Code.GROUP_ID_NOT_FOUND, message);
  }

  /** The group, made when it is new, or made of the classic group that has the id. Throws GROUP_ID_NOT_FOUND. */
  #groupToJoin(groupId: string): GroupUpdate {
    const existing = this.#host.find(groupId);
    if (existing?.type === 'consumer') return new GroupUpdate(existing);
    const group = new ConsumerGroup(groupId);
    if (existing === undefined) {
      const update = new GroupUpdate(group);
      update.afterwards(() => this.#host.register(group));
      return update;
    }
    const upgraded = !existing.is('Empty');
    if (upgraded) checkUpgrade(existing, this.#host.settings);
    const events = upgraded ? upgradeEvents(existing, this.#host.topics) : [];
    const update = new GroupUpdate(group, [groupTombstone(groupId)]);
    for (const event of events) update.apply(event);
    update.afterwards(() => {
      existing.transitionTo('Dead');
      existing.shutDown(Code.REBALANCE_IN_PROGRESS);
      this.#host.register(group);
      for (const { memberId, classic } of group.members.values()) {
        if (classic !== null) this.#timersOf(group, memberId).session.set(classic.sessionTimeoutMs);
      }
      this.#host.log.info(`Group ${groupId} is a consumer group now.`);
    });
    return update;
  }

  #startSession(update: GroupUpdate, memberId: string, timeoutMs: number): void {
    update.afterwards(() => {
      if (update.group.members.has(memberId)) this.#timersOf(update.group, memberId).session.set(timeoutMs);
    });
  }

  #timersOf(group: ConsumerGroup, memberId: string): MemberTimers {
    const known = group.timers.get(memberId);
    if (known !== undefined) return known;
    const timers = new MemberTimers(this.#host.clock, (reason) => this.#fence(group, memberId, reason));
    group.timers.set(memberId, timers);
    return timers;
  }

  /** A deadline was missed. */
  #fence(group: ConsumerGroup, memberId: string, reason: string): void {
    const member: ConsumerMember | undefined = group.members.get(memberId);
    if (group.dead || member === undefined) return;
    this.#host.log.info(`Group ${group.groupId}: member ${memberId} is removed because ${reason}.`);
    const update = new GroupUpdate(group);
    try {
      this.#run(update, () => fenceMembers(this.#host, update, [member]));
    } catch (error) {
      if (!(error instanceof KafkaProtocolError)) throw error;
      // The log takes nothing at the moment. The member stays, and is looked at again after another session.
      this.#host.log.error(`Group ${group.groupId}: member ${memberId} cannot be removed: ${error.message}`);
      this.#timersOf(group, memberId).session.set(this.#host.settings.sessionTimeoutMs(group.groupId));
    }
  }

  /** Null when what is known still holds. Throws INVALID_REGULAR_EXPRESSION for the request's own. */
  async #resolveRegexes({ groupId, topicRegex, mayDescribe }: ConsumerHeartbeat): Promise<FreshRegexes | null> {
    const found = this.#host.find(groupId);
    const group = found?.type === 'consumer' ? found : undefined;
    const regexes = new Set(group?.subscriptions.regexes.keys());
    if (topicRegex !== null && topicRegex !== '') {
      if (!regexes.has(topicRegex)) await this.#regexes.check(topicRegex);
      regexes.add(topicRegex);
    }
    if (regexes.size === 0 || !this.#regexesDue(group, regexes)) return null;
    const version = this.#host.topics.version;
    const names = this.#host.topics.names().sort();
    const visible = names.filter((name) => mayDescribe(name));
    return { topics: await this.#regexes.match(regexes, visible), version };
  }

  #regexesDue(group: ConsumerGroup | undefined, regexes: ReadonlySet<string>): boolean {
    if (group === undefined || [...regexes].some((regex) => !group.regexes.has(regex))) return true;
    const { atMs, version } = group.regexesResolved;
    const elapsedMs = this.#host.clock.nowMs() - atMs;
    if (elapsedMs < MIN_REGEX_REFRESH_MS) return false;
    return version < this.#host.topics.version || elapsedMs >= this.#host.settings.regexRefreshIntervalMs;
  }
}
