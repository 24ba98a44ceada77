/** Commits, fetches and deletes offsets: the rules about who may, and the way through the log into the store. */

import { type BrokerConfig, Code, coordinatorAppendError, type InternalTopic, intSetting, type KeyValue } from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import type { ClassicGroup } from './classic-group.ts';
import { checkCommit, type PartitionToCommit } from './consumer/offset-access.ts';
import type { TopicView } from './consumer/topic-view.ts';
import type { Group } from './group.ts';
import type { CommittedOffset, OffsetStore } from './offsets.ts';
import { offsetRecord, offsetTombstone } from './records.ts';
import { CONSUMER_PROTOCOL_TYPE } from './subscription.ts';

export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
}

export interface CommitIdentity {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** -1: no group membership. For KIP-848 members it is the epoch. */
  readonly generationId: number;
}

export interface OffsetCommit extends CommitIdentity {
  /** -1 = the broker's retention. */
  readonly retentionTimeMs: number;
  readonly offsets: readonly OffsetToCommit[];
  /** OffsetCommit 9+: an unknown group is GROUP_ID_NOT_FOUND, before it was ILLEGAL_GENERATION. */
  readonly groupNotFoundKnown: boolean;
}

export interface TransactionalOffsetCommit extends CommitIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly offsets: readonly OffsetToCommit[];
}

/** One code for each offset, in the order they were given. */
export type CommitResult = readonly number[];

export interface OffsetServiceHost {
  readonly clock: Clock;
  readonly config: BrokerConfig;
  readonly topic: InternalTopic;
  readonly store: OffsetStore;
  readonly topics: Pick<TopicView, 'keyOf'>;
  find(groupId: string): Group | undefined;
  create(groupId: string): ClassicGroup;
}

interface Accepted {
  readonly offset: OffsetToCommit;
  readonly committed: Omit<CommittedOffset, 'recordOffset'>;
}

export class OffsetService {
  readonly #host: OffsetServiceHost;

  constructor(host: OffsetServiceHost) {
    this.#host = host;
  }

  /** Resolves when the offsets are durable. */
  commit(request: OffsetCommit): Promise<CommitResult> {
    const refused = this.#checkCommit(request);
    if (refused !== Code.NONE) return Promise.resolve(request.offsets.map(() => refused));
    const group = this.#host.find(request.groupId);
    // In the classic protocol a commit keeps the session alive, as a heartbeat does.
    if (group?.type === 'classic' && group.is('Stable', 'PreparingRebalance')) group.members.get(request.memberId)?.keepAlive();
    return this.#store(request.groupId, request.offsets, request.retentionTimeMs, null);
  }

  /** Resolves when the offsets are durable; they become visible when the producer's transaction commits. */
  commitInTransaction(request: TransactionalOffsetCommit): Promise<CommitResult> {
    const refused = this.#checkTransactionalCommit(request);
    if (refused !== Code.NONE) return Promise.resolve(request.offsets.map(() => refused));
    return this.#store(request.groupId, request.offsets, -1, request);
  }

  #checkCommit(request: OffsetCommit): number {
    const group = this.#host.find(request.groupId);
    if (group === undefined) {
      if (request.generationId >= 0) return request.groupNotFoundKnown ? Code.GROUP_ID_NOT_FOUND : Code.ILLEGAL_GENERATION;
      this.#host.create(request.groupId);
      return Code.NONE;
    }
    if (group.type === 'consumer') {
      const check = { ...request, transactional: false, knowsEpochs: request.groupNotFoundKnown };
      return checkCommit(group, check, this.#byTopicKey(request.offsets));
    }
    if (request.generationId < 0 && group.is('Empty')) return Code.NONE;
    const identified = request.generationId >= 0 || request.memberId !== '' || request.groupInstanceId !== null;
    // Somebody outside of a group that has members may not move its offsets.
    if (!identified) return group.is('Empty') ? Code.NONE : Code.UNKNOWN_MEMBER_ID;
    const errorCode = checkMember(group, request);
    if (errorCode !== Code.NONE) return errorCode;
    return group.is('CompletingRebalance') ? Code.REBALANCE_IN_PROGRESS : Code.NONE;
  }

  /** KIP-447: old producers do not say who they are and are believed; a rebalance does not stop a transaction. */
  #checkTransactionalCommit(request: TransactionalOffsetCommit): number {
    const group = this.#host.find(request.groupId);
    if (group === undefined) {
      if (request.generationId >= 0) return Code.ILLEGAL_GENERATION;
      this.#host.create(request.groupId);
      return Code.NONE;
    }
    if (group.type === 'consumer') {
      return checkCommit(group, { ...request, transactional: true, knowsEpochs: true }, this.#byTopicKey(request.offsets));
    }
    if (request.generationId < 0 && group.is('Empty')) return Code.NONE;
    const identified = request.generationId >= 0 || request.memberId !== '' || request.groupInstanceId !== null;
    return identified ? checkMember(group, request) : Code.NONE;
  }

  #byTopicKey(offsets: readonly OffsetToCommit[]): PartitionToCommit[] {
    return offsets.map(({ topic, partition }) => ({ topic: this.#host.topics.keyOf(topic), partition }));
  }

  async #store(
    groupId: string,
    offsets: readonly OffsetToCommit[],
    retentionTimeMs: number,
    producer: TransactionalOffsetCommit | null,
  ): Promise<CommitResult> {
    const codes = offsets.map((offset) => this.#checkMetadata(offset.metadata));
    const accepted = this.#accept(
      offsets.filter((_, index) => codes[index] === Code.NONE),
      retentionTimeMs,
    );
    if (accepted.length === 0) return codes;
    const records = accepted.map(({ offset, committed }) => offsetRecord(groupId, offset.topic, offset.partition, committed));
    const stored = this.#host.topic.append(groupId, records, producer ?? undefined);
    if (stored.errorCode === Code.NONE) this.#publish(groupId, accepted, stored.baseOffset, producer);
    const errorCode = commitError(await stored.durable);
    return codes.map((code) => (code === Code.NONE ? errorCode : code));
  }

  #checkMetadata(metadata: string | null): number {
    const limit = intSetting(this.#host.config, 'offset.metadata.max.bytes');
    return metadata !== null && Buffer.byteLength(metadata) > limit ? Code.OFFSET_METADATA_TOO_LARGE : Code.NONE;
  }

  #accept(offsets: readonly OffsetToCommit[], retentionTimeMs: number): Accepted[] {
    const nowMs = this.#host.clock.nowMs();
    return offsets.map((offset) => ({
      offset,
      committed: {
        offset: offset.offset,
        leaderEpoch: offset.leaderEpoch,
        metadata: offset.metadata ?? '',
        commitTimestampMs: nowMs,
        expireTimestampMs: retentionTimeMs < 0 ? -1 : nowMs + retentionTimeMs,
      },
    }));
  }

  #publish(groupId: string, accepted: readonly Accepted[], baseOffset: number, producer: TransactionalOffsetCommit | null): void {
    const { store } = this.#host;
    accepted.forEach(({ offset, committed }, index) => {
      const entry: CommittedOffset = { ...committed, recordOffset: baseOffset + index };
      if (producer === null) store.put(groupId, offset.topic, offset.partition, entry);
      else store.putPending(producer.producerId, groupId, offset.topic, offset.partition, entry);
    });
  }

  /** Deletes offsets of partitions: a code for the whole request, or one for each. Resolves when durable. */
  async delete(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<number | CommitResult> {
    const group = this.#host.find(groupId);
    if (group === undefined || group.state === 'Dead') return Code.GROUP_ID_NOT_FOUND;
    if (group.state !== 'Empty' && group.protocolType !== CONSUMER_PROTOCOL_TYPE) return Code.NON_EMPTY_GROUP;
    const codes: number[] = partitions.map(({ topic }) => (group.isSubscribedTo(topic) ? Code.GROUP_SUBSCRIBED_TO_TOPIC : Code.NONE));
    const errorCode = await this.tombstone(
      groupId,
      partitions.filter((_, index) => codes[index] === Code.NONE),
    );
    return codes.map((code) => (code === Code.NONE ? errorCode : code));
  }

  /** Writes tombstones for those partitions that have an offset, committed or pending, and forgets it. */
  async tombstone(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    more: readonly KeyValue[] = [],
  ): Promise<number> {
    const { store, topic: log } = this.#host;
    const present = partitions.filter(
      ({ topic, partition }) => store.get(groupId, topic, partition) !== undefined || store.hasPending(groupId, topic, partition),
    );
    const records = [...present.map(({ topic, partition }) => offsetTombstone(groupId, topic, partition)), ...more];
    if (records.length === 0) return Code.NONE;
    const stored = log.append(groupId, records);
    if (stored.errorCode === Code.NONE) for (const { topic, partition } of present) store.remove(groupId, topic, partition);
    return coordinatorAppendError(await stored.durable);
  }
}

function checkMember(group: ClassicGroup, identity: CommitIdentity): number {
  const errorCode = group.validateMember(identity.memberId, identity.groupInstanceId);
  if (errorCode !== Code.NONE) return errorCode;
  return identity.generationId === group.generationId ? Code.NONE : Code.ILLEGAL_GENERATION;
}

function commitError(code: number): number {
  return code === Code.MESSAGE_TOO_LARGE || code === Code.RECORD_LIST_TOO_LARGE
    ? Code.INVALID_COMMIT_OFFSET_SIZE
    : coordinatorAppendError(code);
}
