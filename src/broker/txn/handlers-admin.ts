/** DescribeTransactions, ListTransactions (KIP-664) and WriteTxnMarkers, by which an administrator ends hanging transactions. */

import { DescribeTransactions, ListTransactions, type RequestOf, type ResponseInput, WriteTxnMarkers } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle } from '../coordinator/index.ts';
import type { TransactionCoordinator } from './coordinator.ts';
import { filterByPattern } from './pattern-filter.ts';
import { TRANSACTION_STATES, type Transaction } from './state.ts';

/** Kafka has two more, which nobody is ever shown in. */
const KNOWN_STATES: ReadonlySet<string> = new Set([...TRANSACTION_STATES, 'Dead', 'PrepareEpochFence']);

type DescribedTransaction = ResponseInput<typeof DescribeTransactions>['transactionStates'][number];
type RequestedMarker = RequestOf<typeof WriteTxnMarkers>['markers'][number];

export function addAdminHandlers(handlers: HandlerMap, transactions: TransactionCoordinator): void {
  handle(handlers, DescribeTransactions, async (request, context) => {
    const described = request.transactionalIds.map(async (transactionalId): Promise<DescribedTransaction> => {
      if (transactionalId === '') return notDescribed(transactionalId, Code.INVALID_REQUEST);
      const errorCode = await transactions.readiness.check(transactionalId, context.nodeId);
      if (errorCode !== Code.NONE) return notDescribed(transactionalId, errorCode);
      const transaction = transactions.store.get(transactionalId);
      return transaction === undefined ? notDescribed(transactionalId, Code.TRANSACTIONAL_ID_NOT_FOUND) : describe(transaction);
    });
    return { transactionStates: await Promise.all(described) };
  });

  handle(handlers, ListTransactions, async (request, context) => {
    const errorCode = transactions.readiness.availability();
    if (errorCode !== Code.NONE) return { errorCode, unknownStateFilters: [], transactionStates: [] };
    const matching = [...transactions.store.all()].filter(
      (transaction) =>
        transactions.readiness.serves(transaction.transactionalId, context.nodeId) &&
        matches(transaction, request, transactions.clock.nowMs()),
    );
    const listed = await filterByPattern(matching, request.transactionalIdPattern, ({ transactionalId }) => transactionalId);
    if (listed === undefined) return { errorCode: Code.INVALID_REGULAR_EXPRESSION, unknownStateFilters: [], transactionStates: [] };
    return {
      errorCode,
      unknownStateFilters: request.stateFilters.filter((state) => !KNOWN_STATES.has(state)),
      transactionStates: listed.map(({ transactionalId, current }) => ({
        transactionalId,
        producerId: current.producerId,
        transactionState: current.state,
      })),
    };
  });

  handle(handlers, WriteTxnMarkers, async (request, context) => {
    const written = request.markers.map(async (marker) => ({
      producerId: marker.producerId,
      topics: await writeMarker(transactions, marker, context.nodeId),
    }));
    return { markers: await Promise.all(written) };
  });
}

function notDescribed(transactionalId: string, errorCode: number): DescribedTransaction {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}

function describe({ transactionalId, current }: Transaction): DescribedTransaction {
  return {
    errorCode: Code.NONE,
    transactionalId,
    transactionState: current.state,
    transactionTimeoutMs: current.timeoutMs,
    transactionStartTimeMs: current.startMs,
    producerId: current.producerId,
    producerEpoch: current.producerEpoch,
    topics: [...current.partitions].map(([topic, partitions]) => ({ topic, partitions: [...partitions] })),
  };
}

function matches({ current }: Transaction, request: RequestOf<typeof ListTransactions>, nowMs: number): boolean {
  const { stateFilters, producerIdFilters, durationFilter } = request;
  if (stateFilters.length > 0 && !stateFilters.includes(current.state)) return false;
  if (producerIdFilters.length > 0 && !producerIdFilters.includes(current.producerId)) return false;
  return durationFilter < 0 || nowMs - current.startMs > durationFilter;
}

async function writeMarker(
  transactions: TransactionCoordinator,
  marker: RequestedMarker,
  nodeId: number,
): Promise<ResponseInput<typeof WriteTxnMarkers>['markers'][number]['topics']> {
  const { producerId, producerEpoch, coordinatorEpoch, transactionResult } = marker;
  const isElsewhere = (name: string, partition: number): boolean => {
    const topic = transactions.topics.get(name);
    return topic?.partitions[partition] !== undefined && topic.leaderOf(partition) !== nodeId;
  };
  const here = new Map(
    marker.topics.map(({ name, partitionIndexes }) => [
      name,
      new Set(partitionIndexes.filter((partition) => !isElsewhere(name, partition))),
    ]),
  );
  const results = await transactions.markers.write({ producerId, producerEpoch, coordinatorEpoch, commit: transactionResult }, here);
  const codeOf = (name: string, partition: number): number =>
    results.find((result) => result.topic === name && result.partition === partition)?.errorCode ?? Code.NOT_LEADER_OR_FOLLOWER;
  return marker.topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: [...new Set(partitionIndexes)].map((partitionIndex) => ({ partitionIndex, errorCode: codeOf(name, partitionIndex) })),
  }));
}
