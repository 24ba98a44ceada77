import { type DescribeProducers, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { topicNameProblem } from '../topic-names.ts';
import type { HandlerDeps } from './deps.ts';
import { findPartition } from './partitions.ts';
import { ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof DescribeProducers>;
type Response = ResponseInput<typeof DescribeProducers>;

/** DescribeProducers, version 0: who writes to a partition, and whose transaction holds its last stable offset back. */
export function describeProducersHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => ({
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const problem = topicNameProblem(name);
        if (problem !== undefined) {
          return { partitionIndex, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: problem, activeProducers: [] };
        }
        const { errorCode, log } = findPartition(deps, context.nodeId, name, ZERO_UUID, false, partitionIndex);
        if (log === undefined)
          return { partitionIndex, errorCode, errorMessage: 'This server does not host this topic-partition.', activeProducers: [] };
        const activeProducers = log.activeProducers().map((producer) => ({
          producerId: producer.producerId,
          producerEpoch: producer.producerEpoch,
          lastSequence: producer.lastSequence,
          lastTimestamp: producer.lastTimestampMs,
          coordinatorEpoch: producer.coordinatorEpoch,
          currentTxnStartOffset: producer.currentTransactionStartOffset,
        }));
        return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers };
      }),
    })),
  });
}
