/** AddPartitionsToTxn (up to version 3 of a client, from 4 a batch that may only verify) and AddOffsetsToTxn. */

import { AddOffsetsToTxn, AddPartitionsToTxn, type RequestOf } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle } from '../coordinator/index.ts';
import type { TransactionCoordinator } from './coordinator.ts';
import type { PartitionSet } from './state.ts';
import { KNOWS_PRODUCER_FENCED, producerErrorFor } from './translate.ts';

const ADD_SEVERAL = 4;

type RequestedTransaction = RequestOf<typeof AddPartitionsToTxn>['transactions'][number];
type RequestedTopics = RequestedTransaction['topics'];
/** The code of one partition of the request. */
type CodeOf = (topic: string, partition: number) => number;

export function addPartitionHandlers(handlers: HandlerMap, transactions: TransactionCoordinator): void {
  handle(handlers, AddPartitionsToTxn, async (request, context) => {
    if (context.apiVersion < ADD_SEVERAL) {
      const transaction = {
        transactionalId: request.v3AndBelowTransactionalId,
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
        verifyOnly: false,
        topics: request.v3AndBelowTopics,
      };
      const codeOf = await add(transactions, transaction, context.nodeId);
      const translated: CodeOf = (topic, partition) =>
        producerErrorFor(codeOf(topic, partition), context.apiVersion, KNOWS_PRODUCER_FENCED.addPartitionsToTxn);
      return { resultsByTransaction: [], resultsByTopicV3AndBelow: topicResults(transaction.topics, translated) };
    }
    const results = request.transactions.map(async (transaction) => ({
      transactionalId: transaction.transactionalId,
      topicResults: topicResults(transaction.topics, await add(transactions, transaction, context.nodeId)),
    }));
    return { resultsByTransaction: await Promise.all(results) };
  });

  handle(handlers, AddOffsetsToTxn, async (request, context) => {
    const { transactionalId, groupId } = request;
    const refused = await transactions.readiness.check(transactionalId, context.nodeId);
    const errorCode = refused === Code.NONE ? await transactions.addOffsets(transactionalId, request, groupId) : refused;
    return { errorCode: producerErrorFor(errorCode, context.apiVersion, KNOWS_PRODUCER_FENCED.addOffsetsToTxn) };
  });
}

async function add(transactions: TransactionCoordinator, requested: RequestedTransaction, nodeId: number): Promise<CodeOf> {
  const { transactionalId, verifyOnly, topics } = requested;
  const refused = await transactions.readiness.check(transactionalId, nodeId);
  if (refused !== Code.NONE) return () => refused;
  const exists: (topic: string, partition: number) => boolean = (topic, partition) =>
    transactions.topics.get(topic)?.partitions[partition] !== undefined;
  if (topics.some(({ name, partitions }) => partitions.some((partition) => !exists(name, partition)))) {
    // All or nothing: those that are there were not added either.
    return (topic, partition) => (exists(topic, partition) ? Code.OPERATION_NOT_ATTEMPTED : Code.UNKNOWN_TOPIC_OR_PARTITION);
  }
  if (verifyOnly) return verify(transactions, requested);
  const errorCode = await transactions.addPartitions(transactionalId, requested, partitionSet(topics));
  return () => errorCode;
}

function verify(transactions: TransactionCoordinator, requested: RequestedTransaction): CodeOf {
  const { errorCode, transaction } = transactions.checkOpen(requested.transactionalId, requested);
  if (transaction === undefined) return () => errorCode;
  return (topic, partition) => (transaction.has(topic, partition) ? Code.NONE : Code.TRANSACTION_ABORTABLE);
}

function partitionSet(topics: RequestedTopics): PartitionSet {
  const set = new Map<string, Set<number>>();
  for (const { name, partitions } of topics) set.set(name, new Set([...(set.get(name) ?? []), ...partitions]));
  return set;
}

function topicResults(topics: RequestedTopics, codeOf: CodeOf) {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partition) => ({ partitionIndex: partition, partitionErrorCode: codeOf(name, partition) })),
  }));
}
