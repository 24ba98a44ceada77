/** InitProducerId: who is the producer of a transactional id from now on (KIP-98, KIP-360). */

import { Code, intSetting } from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import { type EndingHost, fenceAndAbort } from './end-transaction.ts';
import type { ProducerIds } from './producer-ids.ts';
import {
  isEpochExhausted,
  NO_PRODUCER_EPOCH,
  newSnapshot,
  type Transaction,
  type TransactionSnapshot,
  withEpoch,
  withProducerId,
} from './state.ts';
import { type ProducerIdentity, type ProducerResult, producerError } from './types.ts';

export interface InitHost extends EndingHost {
  readonly clock: Clock;
  readonly producerIds: ProducerIds;
}

/**
 * `expected` is the identity a client wants to go on with after an error (InitProducerId 3+); null starts anew and
 * fences whoever had the id before.
 */
export async function initProducer(
  host: InitHost,
  transactionalId: string | null,
  timeoutMs: number,
  expected: ProducerIdentity | null,
): Promise<ProducerResult> {
  if (transactionalId === null) return { errorCode: Code.NONE, producerId: host.producerIds.allocate(), producerEpoch: 0 };
  if (transactionalId === '') return producerError(Code.INVALID_REQUEST);
  if (timeoutMs <= 0 || timeoutMs > intSetting(host.config, 'transaction.max.timeout.ms'))
    return producerError(Code.INVALID_TRANSACTION_TIMEOUT);

  const transaction = host.store.get(transactionalId) ?? addTransaction(host, transactionalId, timeoutMs);
  if (transaction.busy || transaction.preparing) return producerError(Code.CONCURRENT_TRANSACTIONS);
  if (expected !== null && !isKnownProducer(transaction.current, expected)) return producerError(Code.PRODUCER_FENCED);
  if (transaction.current.state === 'Ongoing') {
    // Its producer is gone or this one forgot. The client comes back and then gets an epoch of its own.
    const errorCode = await fenceAndAbort(host, transaction);
    return producerError(errorCode === Code.NONE ? Code.CONCURRENT_TRANSACTIONS : errorCode);
  }
  return startAnew(host, transaction, timeoutMs, expected);
}

function addTransaction(host: InitHost, transactionalId: string, timeoutMs: number): Transaction {
  return host.store.add(transactionalId, newSnapshot(host.producerIds.allocate(), timeoutMs, host.clock.nowMs()));
}

/** The current producer, or the one before a rotation of ids whose answer got lost. */
function isKnownProducer(current: TransactionSnapshot, expected: ProducerIdentity): boolean {
  if (current.producerEpoch === NO_PRODUCER_EPOCH || expected.producerId === current.producerId) return true;
  return expected.producerId === current.previousProducerId && isEpochExhausted(expected.producerEpoch);
}

async function startAnew(
  host: InitHost,
  transaction: Transaction,
  timeoutMs: number,
  expected: ProducerIdentity | null,
): Promise<ProducerResult> {
  const next = nextSnapshot(host, transaction.current, timeoutMs, expected);
  if (next === undefined) return producerError(Code.PRODUCER_FENCED);
  const errorCode = await host.store.change(transaction, next);
  return errorCode === Code.NONE ? { errorCode, producerId: next.producerId, producerEpoch: next.producerEpoch } : producerError(errorCode);
}

/** Undefined when the expected epoch is neither the current nor the previous one. */
function nextSnapshot(
  host: InitHost,
  current: TransactionSnapshot,
  timeoutMs: number,
  expected: ProducerIdentity | null,
): TransactionSnapshot | undefined {
  const { producerEpoch, lastProducerEpoch } = current;
  const nowMs = host.clock.nowMs();
  if (isEpochExhausted(producerEpoch) && (expected === null || expected.producerEpoch === producerEpoch)) {
    const producerId = host.producerIds.allocate();
    return withProducerId(current, producerId, expected === null ? NO_PRODUCER_EPOCH : producerEpoch, timeoutMs, nowMs);
  }
  if (expected === null) return withEpoch(current, producerEpoch + 1, NO_PRODUCER_EPOCH, timeoutMs, nowMs);
  if (producerEpoch === NO_PRODUCER_EPOCH || expected.producerEpoch === producerEpoch) {
    return withEpoch(current, producerEpoch + 1, producerEpoch, timeoutMs, nowMs);
  }
  // The answer to the last bump got lost: it is given again.
  if (expected.producerEpoch === lastProducerEpoch) return withEpoch(current, producerEpoch, lastProducerEpoch, timeoutMs, nowMs);
  return undefined;
}
