/**
 * The records of `__transaction_state` in Kafka's own formats: TransactionLogKey 0, TransactionLogValue 1 (0 where
 * `transaction.version` is 0, as Kafka then does). One record of our own lies beside them, with a key version Kafka
 * does not use and its tools skip (KIP-915): up to where producer ids have been handed out. KRaft keeps that in its
 * metadata log, which this broker does not have.
 */

import { MillraceError } from '../../errors.ts';
import { array, type Decoded, defineMessage, int8, int16, int32, int64, string } from '../../protocol/schema/index.ts';
import { decodeVersioned, encodeVersioned, type KeyValue, recordVersion } from '../coordinator/index.ts';
import { NO_PRODUCER_EPOCH, type PartitionSet, TRANSACTION_STATES, type TransactionSnapshot } from './state.ts';

const TransactionLogKey = defineMessage({
  name: 'TransactionLogKey',
  versions: [0, 0],
  flexibleFrom: null,
  shape: { transactionalId: string('0+') },
});

const TransactionLogValue = defineMessage({
  name: 'TransactionLogValue',
  versions: [0, 1],
  flexibleFrom: 1,
  shape: {
    producerId: int64('0+'),
    previousProducerId: int64('1+', { tag: 0, default: -1, ignorable: true }),
    nextProducerId: int64('1+', { tag: 1, default: -1, ignorable: true }),
    producerEpoch: int16('0+'),
    transactionTimeoutMs: int32('0+'),
    transactionStatus: int8('0+'),
    transactionPartitions: array('0+', { topic: string('0+'), partitionIds: array('0+', int32('0+')) }, { nullable: '0+' }),
    transactionLastUpdateTimestampMs: int64('0+'),
    transactionStartTimestampMs: int64('0+'),
    clientTransactionVersion: int16('1+', { tag: 2, default: 0, ignorable: true }),
  },
});

type StoredTransaction = Decoded<(typeof TransactionLogValue)['shape']>;

export type TransactionRecordKey =
  | { readonly kind: 'transaction'; readonly transactionalId: string }
  | { readonly kind: 'unknown'; readonly version: number };

export function decodeTransactionKey(key: Buffer): TransactionRecordKey {
  const version = recordVersion(key);
  if (version === 0) return { kind: 'transaction', ...decodeVersioned(TransactionLogKey, key) };
  return { kind: 'unknown', version };
}

/** `valueVersion` 0 loses what only TV2 needs. */
export function transactionRecord(transactionalId: string, snapshot: TransactionSnapshot, valueVersion: 0 | 1): KeyValue {
  const partitions = [...snapshot.partitions].map(([topic, numbers]) => ({ topic, partitionIds: [...numbers] }));
  const value = encodeVersioned(TransactionLogValue, valueVersion, {
    producerId: snapshot.producerId,
    previousProducerId: snapshot.previousProducerId,
    nextProducerId: snapshot.nextProducerId,
    producerEpoch: snapshot.producerEpoch,
    transactionTimeoutMs: snapshot.timeoutMs,
    transactionStatus: TRANSACTION_STATES.indexOf(snapshot.state),
    transactionPartitions: snapshot.state === 'Empty' ? null : partitions,
    transactionLastUpdateTimestampMs: snapshot.updatedMs,
    transactionStartTimestampMs: snapshot.startMs,
    clientTransactionVersion: snapshot.clientVersion,
  });
  return { key: transactionKey(transactionalId), value };
}

export function transactionTombstone(transactionalId: string): KeyValue {
  return { key: transactionKey(transactionalId), value: null };
}

function transactionKey(transactionalId: string): Buffer {
  return encodeVersioned(TransactionLogKey, 0, { transactionalId });
}

export function decodeTransaction(value: Buffer): TransactionSnapshot {
  const stored = decodeVersioned(TransactionLogValue, value);
  const state = TRANSACTION_STATES[stored.transactionStatus];
  if (state === undefined) {
    throw new MillraceError(
      'CORRUPT_RECORD',
      `A record of __transaction_state has the unknown transaction status ${stored.transactionStatus}.`,
      { fatal: true },
    );
  }
  return {
    state,
    producerId: stored.producerId,
    producerEpoch: stored.producerEpoch,
    previousProducerId: stored.previousProducerId,
    nextProducerId: stored.nextProducerId,
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    timeoutMs: stored.transactionTimeoutMs,
    partitions: partitionSet(stored.transactionPartitions ?? []),
    startMs: stored.transactionStartTimestampMs,
    updatedMs: stored.transactionLastUpdateTimestampMs,
    clientVersion: stored.clientTransactionVersion,
  };
}

function partitionSet(topics: NonNullable<StoredTransaction['transactionPartitions']>): PartitionSet {
  return new Map(topics.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]));
}
