/**
 * Ends a decided transaction: a marker in every partition it wrote to, offsets made visible or dropped, then the
 * Complete record. What fails is tried again until it works, so a decision once on disk always takes effect.
 */

import { Code, type CoordinatorLogger, type InternalTopic, OFFSETS_TOPIC, type TransactionalOffsets } from '../coordinator/index.ts';
import type { Clock, PartitionLogApi, TopicRegistryApi } from '../seams.ts';
import { completed, type PartitionSet, type Transaction } from './state.ts';
import type { TransactionStore } from './store.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 10_000;

export interface MarkerHost {
  readonly clock: Clock;
  readonly log: CoordinatorLogger;
  readonly topics: TopicRegistryApi;
  readonly topic: InternalTopic;
  readonly store: TransactionStore;
  readonly groups: TransactionalOffsets;
}

export interface Marker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly commit: boolean;
  readonly coordinatorEpoch: number;
}

export interface MarkerResult {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
}

export class MarkerWriter {
  readonly #host: MarkerHost;
  readonly #retries = new Set<() => void>();
  #closed = false;

  constructor(host: MarkerHost) {
    this.#host = host;
  }

  /** No more retries; what is unfinished is finished after the next start. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#retries) cancel();
    this.#retries.clear();
  }

  /** Resolves after one attempt; where it did not do all, others follow on their own. The state must be Prepare*. */
  async finish(transaction: Transaction): Promise<void> {
    if (this.#closed || !transaction.preparing) return;
    const { current } = transaction;
    const marker: Marker = {
      producerId: current.producerId,
      producerEpoch: current.producerEpoch,
      commit: current.state === 'PrepareCommit',
      coordinatorEpoch: this.#coordinatorEpoch(transaction),
    };
    const codes = await this.write(marker, current.partitions, true);
    const failed = codes.filter(({ errorCode }) => mayWorkLater(errorCode));
    if (failed.length === 0 && this.#host.store.changeNow(transaction, completed(current, this.#host.clock.nowMs())) === Code.NONE) {
      transaction.failedAttempts = 0;
    } else {
      this.#retryLater(transaction, failed.length);
    }
  }

  #coordinatorEpoch(transaction: Transaction): number {
    return this.#host.topic.partition(this.#host.topic.partitionFor(transaction.transactionalId))?.leaderEpoch ?? 0;
  }

  /**
   * A marker in each partition; resolves with the error codes when what was written is durable. `own`: it comes from
   * this coordinator, which is the only one there is, so no partition may take another for newer.
   */
  async write(marker: Marker, partitions: PartitionSet, own = false): Promise<MarkerResult[]> {
    const writes: Promise<MarkerResult>[] = [];
    for (const [topic, numbers] of partitions) {
      for (const partition of numbers)
        writes.push(this.#writeOne(marker, topic, partition, own).then((errorCode) => ({ topic, partition, errorCode })));
    }
    return Promise.all(writes);
  }

  #writeOne(marker: Marker, topic: string, partition: number, own: boolean): Promise<number> {
    const log = this.#host.topics.get(topic)?.partitions[partition];
    if (log === undefined) return Promise.resolve(Code.UNKNOWN_TOPIC_OR_PARTITION);
    let { errorCode } = log.appendMarker(marker);
    if (errorCode === Code.TRANSACTION_COORDINATOR_FENCED && own) {
      ({ errorCode } = log.appendMarker({ ...marker, coordinatorEpoch: knownCoordinatorEpoch(log, marker) }));
    }
    if (errorCode !== Code.NONE) {
      this.#host.log.warn(
        `The ${marker.commit ? 'commit' : 'abort'} marker of producer ${marker.producerId} for ${topic}-${partition} was refused with error ${errorCode}.`,
      );
      return Promise.resolve(errorCode);
    }
    // In the same turn as the append, so that no reader of the log and no reader of offsets see different outcomes.
    if (topic === OFFSETS_TOPIC) this.#host.groups.endTransaction(partition, marker.producerId, marker.commit);
    return this.#flush(log);
  }

  async #flush(log: PartitionLogApi): Promise<number> {
    try {
      await log.flushed();
      return Code.NONE;
    } catch (error) {
      this.#host.log.error(`Flushing ${log.topic}-${log.partition} failed: ${String(error)}`);
      return Code.KAFKA_STORAGE_ERROR;
    }
  }

  #retryLater(transaction: Transaction, missing: number): void {
    if (this.#closed) return;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(transaction.failedAttempts, 16), MAX_RETRY_MS);
    transaction.failedAttempts++;
    this.#host.log.warn(`Transactional id ${transaction.transactionalId}: ${missing} markers are missing, next attempt in ${delayMs} ms.`);
    const cancel = this.#host.clock.after(delayMs, () => {
      this.#retries.delete(cancel);
      void this.finish(transaction);
    });
    this.#retries.add(cancel);
  }
}

/** An administrator's marker, or a transaction log that was deleted, can leave a higher epoch in a partition than ours. */
function knownCoordinatorEpoch(log: PartitionLogApi, marker: Marker): number {
  const state = log.activeProducers().find(({ producerId }) => producerId === marker.producerId);
  return Math.max(state?.coordinatorEpoch ?? 0, marker.coordinatorEpoch);
}

/** A deleted partition needs no marker, and one that knows a newer epoch of the producer will never take this one. */
function mayWorkLater(errorCode: number): boolean {
  return (
    errorCode !== Code.NONE &&
    errorCode !== Code.UNKNOWN_TOPIC_OR_PARTITION &&
    errorCode !== Code.INVALID_PRODUCER_EPOCH &&
    errorCode !== Code.TRANSACTION_COORDINATOR_FENCED
  );
}
