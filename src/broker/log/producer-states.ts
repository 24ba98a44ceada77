import type { PartitionLogApi } from '../seams.ts';
import {
  INVALID_PRODUCER_EPOCH,
  INVALID_TXN_STATE,
  OUT_OF_ORDER_SEQUENCE_NUMBER,
  type Refusal,
  TRANSACTION_COORDINATOR_FENCED,
} from './error-codes.ts';
import { isNextSequence, sequenceMinus } from './sequences.ts';

/** Batches of a producer that are remembered, so that a retry of one of them is recognised. Java clients rely on 5. */
export const REMEMBERED_BATCHES = 5;

export interface RememberedBatch {
  /** -1 for batches of the coordinators, which have none. */
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly offsetDelta: number;
  readonly timestampMs: number;
}

/** What the partition knows of one producer (Kafka: `ProducerStateEntry`). */
export interface ProducerState {
  readonly producerId: number;
  /** -1: nothing but an id is known. */
  epoch: number;
  /** Oldest first. */
  readonly batches: RememberedBatch[];
  coordinatorEpoch: number;
  /** Timestamp of the last batch or marker. */
  lastTimestampMs: number;
  /** When it last wrote by the broker's clock: what it expires by. Record timestamps may lie years back. */
  lastSeenMs: number;
  /** -1: no open transaction. */
  transactionStart: number;
}

export interface DataBatch {
  readonly producerId: number;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly transactional: boolean;
}

export interface CompletedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/**
 * Idempotence and transactions of one partition. Checks and changes are apart, so that a batch that could not be written
 * leaves no trace. Rules: Kafka's `ProducerAppendInfo` and `ProducerStateManager`.
 */
export class ProducerStates {
  readonly producers = new Map<number, ProducerState>();
  /** Producer id → first offset of its open transaction. First offsets only rise, so the first entry is the oldest. */
  private readonly open = new Map<number, number>();

  /** First offset of the oldest open transaction; -1 when there is none. */
  get firstOpenOffset(): number {
    for (const offset of this.open.values()) return offset;
    return -1;
  }

  /** All that are known, as DescribeProducers tells them. */
  describe(): ReturnType<PartitionLogApi['activeProducers']> {
    return [...this.producers.values()].map((state) => ({
      producerId: state.producerId,
      producerEpoch: state.epoch,
      lastSequence: state.batches[state.batches.length - 1]?.lastSequence ?? -1,
      lastTimestampMs: state.lastTimestampMs,
      coordinatorEpoch: state.coordinatorEpoch,
      currentTransactionStartOffset: state.transactionStart,
    }));
  }

  /** The earlier batch that `batch` repeats. */
  findDuplicate(batch: DataBatch): RememberedBatch | undefined {
    const state = this.producers.get(batch.producerId);
    if (state === undefined || state.epoch !== batch.epoch) return undefined;
    return state.batches.find(
      (earlier) =>
        earlier.lastSequence === batch.lastSequence && sequenceMinus(earlier.lastSequence, earlier.offsetDelta) === batch.firstSequence,
    );
  }

  /** `strict` (transaction version 2): a producer that is not known here must begin at sequence 0. */
  checkData(batch: DataBatch, fromClient: boolean, strict: boolean): Refusal | undefined {
    const state = this.producers.get(batch.producerId);
    if (state !== undefined && batch.epoch < state.epoch) return staleEpoch(batch.producerId, batch.epoch, state.epoch);
    if (fromClient) {
      const refusal = checkSequence(state, batch, strict);
      if (refusal !== undefined) return refusal;
    }
    if (state !== undefined && state.transactionStart >= 0 && !batch.transactional) {
      return {
        code: INVALID_TXN_STATE,
        message: `Producer ${batch.producerId} has an open transaction here but sent a batch outside of it.`,
      };
    }
    return undefined;
  }

  /** Takes in a batch that is in the log now; also when replaying it. */
  applyData(batch: DataBatch, firstOffset: number, lastOffset: number, timestampMs: number, seenMs: number): void {
    const state = this.stateOf(batch.producerId, batch.epoch, seenMs);
    state.batches.push({
      lastSequence: batch.lastSequence,
      lastOffset,
      offsetDelta: lastOffset - firstOffset,
      timestampMs,
    });
    if (state.batches.length > REMEMBERED_BATCHES) state.batches.shift();
    state.lastTimestampMs = timestampMs;
    if (batch.transactional && state.transactionStart < 0) {
      state.transactionStart = firstOffset;
      this.open.set(batch.producerId, firstOffset);
    }
  }

  checkMarker(producerId: number, epoch: number, coordinatorEpoch: number): Refusal | undefined {
    const state = this.producers.get(producerId);
    if (state === undefined) return undefined;
    if (epoch < state.epoch) return staleEpoch(producerId, epoch, state.epoch);
    if (coordinatorEpoch < state.coordinatorEpoch) {
      return {
        code: TRANSACTION_COORDINATOR_FENCED,
        message: `Marker for producer ${producerId} from coordinator epoch ${coordinatorEpoch}, but ${state.coordinatorEpoch} was seen.`,
      };
    }
    return undefined;
  }

  /** Ends the producer's transaction; undefined when it had none open here. */
  applyMarker(
    producerId: number,
    epoch: number,
    coordinatorEpoch: number,
    offset: number,
    timestampMs: number,
    seenMs: number,
  ): CompletedTransaction | undefined {
    const state = this.stateOf(producerId, epoch, seenMs);
    state.coordinatorEpoch = coordinatorEpoch;
    state.lastTimestampMs = timestampMs;
    const firstOffset = state.transactionStart;
    state.transactionStart = -1;
    this.open.delete(producerId);
    return firstOffset < 0 ? undefined : { producerId, firstOffset, lastOffset: offset };
  }

  /** Forgets producers that were silent for `expirationMs`, but none with an open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const state of this.producers.values()) {
      if (state.transactionStart < 0 && nowMs - state.lastSeenMs >= expirationMs) this.producers.delete(state.producerId);
    }
  }

  /** Forgets one producer, unless it has an open transaction. False when it is not known or has. */
  forget(producerId: number): boolean {
    const state = this.producers.get(producerId);
    return state !== undefined && state.transactionStart < 0 && this.producers.delete(producerId);
  }

  /** Takes over what a snapshot says, in place of all there is. */
  restore(states: readonly ProducerState[]): void {
    this.producers.clear();
    this.open.clear();
    for (const state of states) this.producers.set(state.producerId, state);
    const open = states.filter((state) => state.transactionStart >= 0);
    open.sort((left, right) => left.transactionStart - right.transactionStart);
    for (const state of open) this.open.set(state.producerId, state.transactionStart);
  }

  private stateOf(producerId: number, epoch: number, seenMs: number): ProducerState {
    let state = this.producers.get(producerId);
    if (state === undefined) {
      state = { producerId, epoch, batches: [], coordinatorEpoch: -1, lastTimestampMs: -1, lastSeenMs: seenMs, transactionStart: -1 };
      this.producers.set(producerId, state);
    }
    if (state.epoch !== epoch) {
      // Sequences start over with an epoch.
      state.epoch = epoch;
      state.batches.length = 0;
    }
    state.lastSeenMs = seenMs;
    return state;
  }
}

function checkSequence(state: ProducerState | undefined, batch: DataBatch, strict: boolean): Refusal | undefined {
  const first = batch.firstSequence;
  if (state === undefined || state.epoch < 0) {
    // The state may have expired or been deleted with its records: any sequence will do (KIP-360).
    return strict && first !== 0 ? outOfOrder(batch, 'a producer that is not known here must begin with 0') : undefined;
  }
  if (batch.epoch !== state.epoch) {
    return first === 0 ? undefined : outOfOrder(batch, `epoch ${batch.epoch} is new and must begin with 0`);
  }
  if (state.batches.length === 0) {
    return first === 0 ? undefined : outOfOrder(batch, 'the first batch of an epoch must begin with 0');
  }
  const last = state.batches[state.batches.length - 1]!.lastSequence;
  return isNextSequence(last, first) ? undefined : outOfOrder(batch, `the last one was ${last}`);
}

function outOfOrder(batch: DataBatch, why: string): Refusal {
  return {
    code: OUT_OF_ORDER_SEQUENCE_NUMBER,
    message: `Out of order sequence ${batch.firstSequence} of producer ${batch.producerId}: ${why}.`,
  };
}

function staleEpoch(producerId: number, epoch: number, current: number): Refusal {
  return {
    code: INVALID_PRODUCER_EPOCH,
    message: `Producer ${producerId} wrote with epoch ${epoch}, but epoch ${current} was seen.`,
  };
}
