/**
 * The group coordinator: owns the groups, brings every request to the right one, keeps all of it in
 * `__consumer_offsets` and reads it back at start. The rules themselves are in the files beside this one.
 */

import {
  type BrokerConfig,
  type BrokerNode,
  Code,
  type CoordinatorDeps,
  type CoordinatorLogger,
  coordinatorAppendError,
  InternalTopic,
  intSetting,
  MAX_ID_CHARACTERS,
  OFFSETS_TOPIC,
  Readiness,
  type TransactionalOffsets,
} from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import { ClassicGroup } from './classic-group.ts';
import { ConsumerGroups } from './consumer/consumer-groups.ts';
import type { ConsumerGroupHost } from './consumer/context.ts';
import { retire } from './consumer/fence.ts';
import { ConsumerGroupSettings } from './consumer/settings.ts';
import { TopicView } from './consumer/topic-view.ts';
import type { ConsumerHeartbeat, ConsumerHeartbeatResult } from './consumer/types.ts';
import type { Group } from './group.ts';
import { GroupAdmin } from './group-admin.ts';
import { JoinPhase } from './join.ts';
import { loadGroups, loadPartition } from './load.ts';
import { heartbeat, leave } from './membership.ts';
import { OffsetService } from './offset-commits.ts';
import { type ExpiryHost, expireOffsets } from './offset-expiry.ts';
import { OffsetStore } from './offsets.ts';
import { Rebalancer } from './rebalance.ts';
import { groupRecord } from './records.ts';
import { SyncPhase } from './sync.ts';
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
} from './types.ts';

/** Times a partition is read again because it grew meanwhile. Almost nothing writes to it then. */
const MAX_RELOADS = 10;

export class GroupCoordinator implements TransactionalOffsets, ExpiryHost, ConsumerGroupHost {
  readonly clock: Clock;
  readonly config: BrokerConfig;
  readonly log: CoordinatorLogger;
  readonly topic: InternalTopic;
  readonly readiness: Readiness;
  readonly store = new OffsetStore();
  readonly offsets: OffsetService;
  readonly admin: GroupAdmin;
  /** The broker's topics as consumer groups see them. */
  readonly topics: TopicView;
  readonly settings: ConsumerGroupSettings;
  readonly rebalancer: Rebalancer;
  readonly consumers: ConsumerGroups;
  readonly #groups = new Map<string, Group>();
  /** Partitions that are being read again. */
  readonly #reloads = new Map<number, Promise<void>>();
  readonly #joinPhase: JoinPhase;
  readonly #syncPhase: SyncPhase;
  #cancelExpiry: (() => void) | null = null;

  constructor(deps: CoordinatorDeps) {
    this.clock = deps.clock;
    this.config = deps.config;
    this.log = deps.log;
    this.topic = new InternalTopic({
      name: OFFSETS_TOPIC,
      topics: deps.topics,
      clock: deps.clock,
      log: deps.log,
      partitions: () => intSetting(deps.config, 'offsets.topic.num.partitions'),
      replicationFactor: () => intSetting(deps.config, 'offsets.topic.replication.factor'),
      segmentBytes: () => intSetting(deps.config, 'offsets.topic.segment.bytes'),
    });
    this.readiness = new Readiness(this.topic, () => deps.nodes(), deps.log);
    this.topics = new TopicView(deps.topics);
    this.settings = new ConsumerGroupSettings(deps.config, (groupId) => deps.groupConfig?.(groupId) ?? {});
    this.rebalancer = new Rebalancer(this);
    this.#joinPhase = new JoinPhase(this, deps.clock, this.rebalancer);
    this.#syncPhase = new SyncPhase(this, this.rebalancer);
    this.consumers = new ConsumerGroups(this);
    this.offsets = new OffsetService(this);
    this.admin = new GroupAdmin(this, this.offsets);
  }

  /** Reads `__consumer_offsets` back. Requests are answered COORDINATOR_LOAD_IN_PROGRESS until it is done. */
  async load(): Promise<void> {
    await loadGroups(this);
    if (this.readiness.activate()) this.#scheduleExpiry();
  }

  /** Answers everything that waits with NOT_COORDINATOR and stops all timers. Idempotent. */
  close(): void {
    this.readiness.close();
    this.#cancelExpiry?.();
    this.#cancelExpiry = null;
    for (const group of this.#groups.values()) unload(group);
  }

  /**
   * A partition of `__consumer_offsets` has another leader: what waits is answered NOT_COORDINATOR, and the groups in it
   * are read from the log again, as a real node would that has just become their coordinator.
   */
  onLeaderMoved(partition: number): Promise<void> {
    // One move after the other: what one has read back the next one drops again.
    const reload = (this.#reloads.get(partition) ?? Promise.resolve()).then(() => this.#reload(partition));
    const settled = reload.catch(() => undefined);
    this.#reloads.set(partition, settled);
    void settled.then(() => {
      if (this.#reloads.get(partition) === settled) this.#reloads.delete(partition);
    });
    if (this.readiness.active) this.readiness.setReloading(partition, true);
    return reload;
  }

  async #reload(partition: number): Promise<void> {
    if (!this.readiness.active || this.topic.partition(partition) === undefined) return;
    this.readiness.setReloading(partition, true);
    try {
      // The end of a transaction may be written meanwhile; then what was read is not all.
      for (let attempt = 0, end = -1; attempt < MAX_RELOADS && this.topic.partition(partition)?.logEndOffset !== end; attempt++) {
        end = this.topic.partition(partition)?.logEndOffset ?? -1;
        this.#unloadPartition(partition);
        await loadPartition(this, partition);
      }
    } finally {
      this.readiness.setReloading(partition, false);
    }
  }

  #unloadPartition(partition: number): void {
    const concerned = (groupId: string): boolean => this.topic.partitionFor(groupId) === partition;
    for (const group of [...this.#groups.values()]) {
      if (!concerned(group.groupId)) continue;
      this.#groups.delete(group.groupId);
      unload(group);
    }
    this.store.forget(concerned);
  }

  find(groupId: string): Group | undefined {
    return this.#groups.get(groupId);
  }

  groups(): Iterable<Group> {
    return this.#groups.values();
  }

  create(groupId: string): ClassicGroup {
    const group = this.newClassic(groupId);
    this.register(group);
    return group;
  }

  /** An empty classic group that is not registered yet. */
  newClassic(groupId: string): ClassicGroup {
    return new ClassicGroup(groupId, this.clock, this.rebalancer);
  }

  /** Takes the place of whatever group had the id. */
  register(group: Group): void {
    this.#groups.set(group.groupId, group);
  }

  /** The group is gone; what still waits for it is told so. */
  forget(group: Group): void {
    this.#groups.delete(group.groupId);
    if (group.type === 'consumer') {
      retire(group);
    } else {
      group.transitionTo('Dead');
      group.shutDown(Code.UNKNOWN_MEMBER_ID);
    }
  }

  /** ConsumerGroupHeartbeat (KIP-848). */
  consumerHeartbeat(request: ConsumerHeartbeat): Promise<ConsumerHeartbeatResult> {
    return this.consumers.heartbeat(request);
  }

  join(request: JoinRequest): Promise<JoinResult> {
    const { groupId, memberId, sessionTimeoutMs } = request;
    if (groupId === '') return Promise.resolve(joinError(Code.INVALID_GROUP_ID, memberId));
    if (namesTooLong(request)) return Promise.resolve(joinError(Code.INVALID_REQUEST, memberId));
    const minMs = intSetting(this.config, 'group.min.session.timeout.ms');
    const maxMs = intSetting(this.config, 'group.max.session.timeout.ms');
    if (sessionTimeoutMs < minMs || sessionTimeoutMs > maxMs) return Promise.resolve(joinError(Code.INVALID_SESSION_TIMEOUT, memberId));
    const group = this.find(groupId);
    if (group?.type === 'consumer' && !group.isEmpty) return this.consumers.join(group, request);
    if (group?.type === 'classic') return this.#joinPhase.join(group, request);
    if (memberId !== '') return Promise.resolve(joinError(Code.UNKNOWN_MEMBER_ID, memberId));
    const errorCode = group === undefined ? Code.NONE : this.consumers.remove(group);
    return errorCode === Code.NONE ? this.#joinPhase.join(this.create(groupId), request) : Promise.resolve(joinError(errorCode, memberId));
  }

  sync(request: SyncRequest): SyncResult | Promise<SyncResult> {
    if (request.groupId === '') return syncError(Code.INVALID_GROUP_ID);
    const group = this.find(request.groupId);
    if (group === undefined) return syncError(Code.UNKNOWN_MEMBER_ID);
    return group.type === 'consumer' ? this.consumers.sync(group, request) : this.#syncPhase.sync(group, request);
  }

  heartbeat(request: HeartbeatRequest): number {
    if (request.groupId === '') return Code.INVALID_GROUP_ID;
    const group = this.find(request.groupId);
    if (group === undefined) return Code.UNKNOWN_MEMBER_ID;
    return group.type === 'consumer' ? this.consumers.classicHeartbeat(group, request) : heartbeat(group, request);
  }

  /** A code for the whole request, or one result for each member. */
  leave(groupId: string, leaving: readonly LeavingMember[]): number | LeaveResult[] | Promise<number | LeaveResult[]> {
    if (groupId === '') return Code.INVALID_GROUP_ID;
    const group = this.find(groupId);
    if (group === undefined)
      return leaving.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId, errorCode: Code.UNKNOWN_MEMBER_ID }));
    return group.type === 'consumer' ? this.consumers.leave(group, leaving) : leave(group, leaving, this.rebalancer);
  }

  async persist(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): Promise<number> {
    return coordinatorAppendError(await this.topic.append(group.groupId, [groupRecord(group, assignments)]).durable);
  }

  nodeOf(groupId: string): Promise<BrokerNode | undefined> {
    return this.readiness.nodeOf(groupId);
  }

  /** For AddOffsetsToTxn: where the group's offsets, and so the transaction's marker, go. */
  async offsetsPartition(groupId: string): Promise<number | undefined> {
    return (await this.readiness.ensureTopic()) ? this.topic.partitionFor(groupId) : undefined;
  }

  endTransaction(partition: number, producerId: number, commit: boolean): void {
    this.store.endTransaction(producerId, commit, (groupId) => this.topic.partitionFor(groupId) === partition);
  }

  /** A topic was made, has more partitions, or is gone: the groups that read it make a new assignment. */
  onTopicChanged(name: string, change: 'created' | 'grown' | 'deleted'): void {
    if (change === 'created') this.topics.noteCreation();
    for (const group of this.#groups.values()) if (group.type === 'consumer' && group.isSubscribedTo(name)) group.metadataStale = true;
  }

  /** A topic was deleted: so are the offsets of all groups in it. Resolves when that is durable. */
  async onTopicDeleted(name: string): Promise<void> {
    for (const group of [...this.#groups.values()]) {
      const partitions = this.store.partitionsOf(group.groupId).filter(({ topic }) => topic === name);
      await this.offsets.tombstone(group.groupId, partitions);
    }
  }

  #scheduleExpiry(): void {
    this.#cancelExpiry = this.clock.after(intSetting(this.config, 'offsets.retention.check.interval.ms'), () => {
      expireOffsets(this, this.offsets)
        .catch((error: unknown) => this.log.error(`Expiring offsets failed: ${String(error)}`))
        .finally(() => {
          if (this.readiness.active) this.#scheduleExpiry();
        });
    });
  }
}

/** Answers what waits and stops all timers; the group goes on elsewhere, or after the next start. */
function unload(group: Group): void {
  if (group.type === 'consumer') retire(group);
  else group.shutDown(Code.NOT_COORDINATOR);
}

/** What would not fit the group's record. Real names are far shorter. */
function namesTooLong(request: JoinRequest): boolean {
  const names = [request.groupInstanceId ?? '', request.protocolType, ...request.protocols.map(({ name }) => name)];
  return names.some((name) => name.length > MAX_ID_CHARACTERS);
}
