/**
 * The transaction coordinator: owns the transactional ids and producer ids, keeps them in `__transaction_state` and
 * reads them back at start. The rules themselves are in the files beside this one.
 */

import { isMillraceError } from '../../errors.ts';
import {
  type BrokerConfig,
  Code,
  type CoordinatorDeps,
  type CoordinatorLogger,
  InternalTopic,
  intSetting,
  OFFSETS_TOPIC,
  Readiness,
  TRANSACTION_TOPIC,
  type TransactionalOffsets,
  type TransactionSupport,
  type TransactionVerifier,
} from '../coordinator/index.ts';
import type { Clock, TopicRegistryApi } from '../seams.ts';
import { addPartitions, checkOpen, verifyTransaction } from './add-partitions.ts';
import { endTransaction, fenceAndAbort } from './end-transaction.ts';
import { abortTimedOut, forgetUnused } from './expiry.ts';
import { abortForgotten } from './forgotten.ts';
import { initProducer } from './init-producer.ts';
import { loadTransactions } from './load.ts';
import { MarkerWriter } from './markers.ts';
import { type ClaimedProducerIds, ProducerIds } from './producer-ids.ts';
import { reloadTransactions } from './reload.ts';
import type { PartitionSet, Transaction } from './state.ts';
import { TransactionStore } from './store.ts';
import { type ProducerIdentity, type ProducerResult, producerError } from './types.ts';

export interface TransactionCoordinatorDeps extends CoordinatorDeps {
  /** Loaded before this one: its offsets follow the transactions that are finished at start. */
  readonly groups: TransactionalOffsets;
  readonly producerIdBlocks: ClaimedProducerIds;
}

export class TransactionCoordinator implements TransactionVerifier {
  readonly clock: Clock;
  readonly config: BrokerConfig;
  readonly log: CoordinatorLogger;
  readonly topics: TopicRegistryApi;
  readonly topic: InternalTopic;
  readonly readiness: Readiness;
  readonly groups: TransactionalOffsets;
  readonly store: TransactionStore;
  readonly producerIds: ProducerIds;
  readonly markers: MarkerWriter;
  readonly #timers = new Set<() => void>();

  constructor(deps: TransactionCoordinatorDeps) {
    this.clock = deps.clock;
    this.config = deps.config;
    this.log = deps.log;
    this.topics = deps.topics;
    this.groups = deps.groups;
    this.topic = new InternalTopic({
      name: TRANSACTION_TOPIC,
      topics: deps.topics,
      clock: deps.clock,
      log: deps.log,
      partitions: () => intSetting(deps.config, 'transaction.state.log.num.partitions'),
      replicationFactor: () => intSetting(deps.config, 'transaction.state.log.replication.factor'),
      segmentBytes: () => intSetting(deps.config, 'transaction.state.log.segment.bytes'),
    });
    this.readiness = new Readiness(this.topic, () => deps.nodes(), deps.log);
    this.store = new TransactionStore(this);
    this.producerIds = new ProducerIds(deps.producerIdBlocks);
    this.markers = new MarkerWriter(this);
  }

  /**
   * Reads `__transaction_state` back and finishes what was decided before the crash. Load the group coordinator first.
   * Requests are answered COORDINATOR_LOAD_IN_PROGRESS until it is done.
   */
  async load(): Promise<void> {
    await loadTransactions(this);
    if (!this.readiness.activate()) return;
    for (const transaction of this.store.all()) if (transaction.preparing) await this.markers.finish(transaction);
    await abortForgotten(this);
    this.#repeat(
      () => intSetting(this.config, 'transaction.abort.timed.out.transaction.cleanup.interval.ms'),
      () => abortTimedOut(this),
    );
    this.#repeat(
      () => intSetting(this.config, 'transaction.remove.expired.transaction.cleanup.interval.ms'),
      () => forgetUnused(this),
    );
  }

  /** A partition of `__transaction_state` has another leader. Its ids are answered COORDINATOR_LOAD_IN_PROGRESS meanwhile. */
  onLeaderMoved(partition: number): Promise<void> {
    return reloadTransactions(this, partition);
  }

  /** Aborts the open transaction of an id as if its time was up, and fences its producer. Resolves with an error code. */
  async expire(transactionalId: string): Promise<number> {
    const transaction = this.store.get(transactionalId);
    if (transaction === undefined) return Code.TRANSACTIONAL_ID_NOT_FOUND;
    await transaction.whenIdle();
    return transaction.current.state === 'Ongoing' ? fenceAndAbort(this, transaction) : Code.INVALID_TXN_STATE;
  }

  /** Stops all timers and refuses requests. Idempotent. */
  close(): void {
    this.readiness.close();
    this.markers.close();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  initProducer(transactionalId: string | null, timeoutMs: number, expected: ProducerIdentity | null): Promise<ProducerResult> {
    return this.#guarded(() => initProducer(this, transactionalId, timeoutMs, expected));
  }

  /** `clientVersion` 2 when a TV2 client adds by writing; what sends AddPartitionsToTxn is TV1. */
  addPartitions(
    transactionalId: string,
    producer: ProducerIdentity,
    partitions: PartitionSet,
    clientVersion = 0,
  ): number | Promise<number> {
    return addPartitions(this, transactionalId, producer, partitions, clientVersion);
  }

  /** Adds the partition of the group's offsets. */
  async addOffsets(transactionalId: string, producer: ProducerIdentity, groupId: string): Promise<number> {
    const partition = await this.groups.offsetsPartition(groupId);
    if (partition === undefined) return Code.COORDINATOR_NOT_AVAILABLE;
    return this.addPartitions(transactionalId, producer, new Map([[OFFSETS_TOPIC, new Set([partition])]]));
  }

  /** Whether the producer's transaction takes part in partitions (AddPartitionsToTxn 4+ with `verifyOnly`). */
  checkOpen(transactionalId: string, producer: ProducerIdentity): { readonly errorCode: number; readonly transaction?: Transaction } {
    return checkOpen(this, transactionalId, producer);
  }

  endTransaction(transactionalId: string, producer: ProducerIdentity, commit: boolean, bumpEpoch: boolean): Promise<ProducerResult> {
    return this.#guarded(() => endTransaction(this, transactionalId, producer, commit, bumpEpoch));
  }

  verifyTransaction(
    transactionalId: string | null,
    producerId: number,
    producerEpoch: number,
    topic: string,
    partition: number,
    support: TransactionSupport,
  ): number | Promise<number> {
    if (!this.readiness.isServing(transactionalId ?? '')) return Code.NOT_ENOUGH_REPLICAS;
    return verifyTransaction(this, transactionalId, { producerId, producerEpoch }, topic, partition, support);
  }

  /** Producer ids may be unobtainable; that is the client's to retry, anything else is a bug. */
  async #guarded(action: () => Promise<ProducerResult>): Promise<ProducerResult> {
    try {
      return await action();
    } catch (error) {
      if (!isMillraceError(error) || !error.retriable) throw error;
      this.log.error(error.message);
      return producerError(Code.COORDINATOR_NOT_AVAILABLE);
    }
  }

  #repeat(intervalMs: () => number, action: () => Promise<void>): void {
    const cancel = this.clock.after(intervalMs(), () => {
      this.#timers.delete(cancel);
      action()
        .catch((error: unknown) => this.log.error(`Looking after transactions failed: ${String(error)}`))
        .finally(() => {
          if (this.readiness.active) this.#repeat(intervalMs, action);
        });
    });
    this.#timers.add(cancel);
  }
}
