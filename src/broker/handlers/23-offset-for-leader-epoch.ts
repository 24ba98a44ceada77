import { ErrorCode, type OffsetForLeaderEpoch, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { HandlerDeps } from './deps.ts';
import { checkLeaderEpoch, findPartition } from './partitions.ts';
import { ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof OffsetForLeaderEpoch>;
type Response = ResponseInput<typeof OffsetForLeaderEpoch>;

/** OffsetForLeaderEpoch, versions 2 to 4: where an epoch ended, so that a consumer finds out that its log was cut. */
export function offsetForLeaderEpochHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        const { errorCode, log } = findPartition(deps, context.nodeId, topic, ZERO_UUID, false, partition);
        if (log === undefined) return { errorCode, partition };
        const epochError = checkLeaderEpoch(currentLeaderEpoch, log.leaderEpoch);
        if (epochError !== ErrorCode.NONE) return { errorCode: epochError, partition };
        const end = log.endOffsetForEpoch(leaderEpoch);
        return { errorCode: ErrorCode.NONE, partition, leaderEpoch: end.epoch, endOffset: end.endOffset };
      }),
    })),
  });
}
