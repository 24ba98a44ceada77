/** AddPartitionsToTxn, AddOffsetsToTxn and the check whether somebody may write to a partition in a transaction. */

import { Code, type TransactionSupport, verificationEnabled } from '../coordinator/index.ts';
import type { Clock } from '../seams.ts';
import type { EndingHost } from './end-transaction.ts';
import { containsAll, type PartitionSet, type Transaction, withPartitions } from './state.ts';
import type { ProducerIdentity } from './types.ts';

export interface AddingHost extends EndingHost {
  readonly clock: Clock;
}

/** The error code; waits for the log only when something is new. */
export function addPartitions(
  host: AddingHost,
  transactionalId: string,
  producer: ProducerIdentity,
  partitions: PartitionSet,
  clientVersion: number,
): number | Promise<number> {
  const transaction = host.store.get(transactionalId);
  const errorCode = checkProducer(transactionalId, transaction, producer);
  if (errorCode !== Code.NONE || transaction === undefined) return errorCode;
  if (transaction.busy || transaction.preparing) return Code.CONCURRENT_TRANSACTIONS;
  if (transaction.current.state === 'Ongoing' && containsAll(transaction.current.partitions, partitions)) return Code.NONE;
  return host.store.change(transaction, withPartitions(transaction.current, partitions, clientVersion, host.clock.nowMs()));
}

function checkProducer(transactionalId: string, transaction: Transaction | undefined, producer: ProducerIdentity): number {
  if (transactionalId === '') return Code.INVALID_REQUEST;
  if (transaction === undefined || transaction.current.producerId !== producer.producerId) return Code.INVALID_PRODUCER_ID_MAPPING;
  return transaction.current.producerEpoch === producer.producerEpoch ? Code.NONE : Code.PRODUCER_FENCED;
}

/** Whether the producer has an open transaction, and then for any partition whether it is part of it. */
export function checkOpen(
  host: AddingHost,
  transactionalId: string,
  producer: ProducerIdentity,
): { readonly errorCode: number; readonly transaction?: Transaction } {
  const transaction = host.store.get(transactionalId);
  const errorCode = checkProducer(transactionalId, transaction, producer);
  if (errorCode !== Code.NONE || transaction === undefined) return { errorCode };
  return transaction.preparing ? { errorCode: Code.CONCURRENT_TRANSACTIONS } : { errorCode: Code.NONE, transaction };
}

/** See `TransactionVerifier.verifyTransaction`. */
export function verifyTransaction(
  host: AddingHost,
  transactionalId: string | null,
  producer: ProducerIdentity,
  topic: string,
  partition: number,
  support: TransactionSupport,
): number | Promise<number> {
  if (transactionalId === null) return Code.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  if (support === 'implicit') return addImplicitly(host, transactionalId, producer, topic, partition);
  if (!verificationEnabled(host.config)) return Code.NONE;
  const { errorCode, transaction } = checkOpen(host, transactionalId, producer);
  if (transaction === undefined) return writeError(errorCode, support);
  return transaction.has(topic, partition) ? Code.NONE : writeError(Code.TRANSACTION_ABORTABLE, support);
}

function addImplicitly(
  host: AddingHost,
  transactionalId: string,
  producer: ProducerIdentity,
  topic: string,
  partition: number,
): number | Promise<number> {
  const { transaction } = checkOpen(host, transactionalId, producer);
  if (transaction?.current.state === 'Ongoing' && transaction.has(topic, partition)) return Code.NONE;
  return addPartitionToBusy(host, transactionalId, producer, new Map([[topic, new Set([partition])]]));
}

/** How long a write waits for other changes of its own transaction before the client has to come back. */
const MAX_WAIT_MS = 1_000;
const MARKER_POLL_MS = 10;

/**
 * One producer writes to several partitions at a time, so a write may find the transaction busy with the partition of
 * the one before. It waits a little, as Kafka's `AddPartitionsToTxnManager` retries, instead of sending the client away.
 */
async function addPartitionToBusy(
  host: AddingHost,
  transactionalId: string,
  producer: ProducerIdentity,
  partitions: PartitionSet,
): Promise<number> {
  const untilMs = host.clock.nowMs() + MAX_WAIT_MS;
  for (;;) {
    const errorCode = await addPartitions(host, transactionalId, producer, partitions, 2);
    if (errorCode !== Code.CONCURRENT_TRANSACTIONS || host.clock.nowMs() >= untilMs) return writeError(errorCode, 'implicit');
    const transaction = host.store.get(transactionalId);
    if (transaction?.busy === true) await transaction.whenIdle();
    else await new Promise<void>((resolve) => host.clock.after(MARKER_POLL_MS, resolve));
  }
}

/** What a client that writes is told; older ones know fewer codes. */
function writeError(errorCode: number, support: TransactionSupport): number {
  switch (errorCode) {
    case Code.PRODUCER_FENCED:
      return Code.INVALID_PRODUCER_EPOCH;
    case Code.TRANSACTION_ABORTABLE:
      return support === 'classic' ? Code.INVALID_TXN_STATE : errorCode;
    case Code.CONCURRENT_TRANSACTIONS:
      // The older clients retry on this one.
      return support === 'implicit' ? errorCode : Code.NOT_ENOUGH_REPLICAS;
    default:
      return errorCode;
  }
}
