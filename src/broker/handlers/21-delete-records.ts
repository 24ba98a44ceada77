import { type DeleteRecords, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { splitList } from '../configs/definition.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { HandlerDeps } from './deps.ts';
import { findPartition } from './partitions.ts';
import { ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof DeleteRecords>;
type Response = ResponseInput<typeof DeleteRecords>;

const NO_WATERMARK = -1;

/** DeleteRecords, versions 0 to 2. Kafka Streams purges its repartition topics with it. */
export function deleteRecordsHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const { errorCode, log, topic } = findPartition(deps, context.nodeId, name, ZERO_UUID, false, partitionIndex);
        if (log === undefined || topic === undefined) return { partitionIndex, lowWatermark: NO_WATERMARK, errorCode };
        const policies = splitList(deps.configs.effectiveTopicConfig(topic.config)['cleanup.policy'] ?? 'delete');
        if (!policies.includes('delete') && policies.length > 0) {
          return { partitionIndex, lowWatermark: NO_WATERMARK, errorCode: ErrorCode.POLICY_VIOLATION };
        }
        const lowWatermark = log.deleteRecordsBefore(offset);
        if (lowWatermark === undefined) return { partitionIndex, lowWatermark: NO_WATERMARK, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
        return { partitionIndex, lowWatermark, errorCode: ErrorCode.NONE };
      }),
    })),
  });
}
