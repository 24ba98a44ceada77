import { ErrorCode, type ListOffsets, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { PartitionLog } from '../log/index.ts';
import type { HandlerDeps } from './deps.ts';
import { checkLeaderEpoch, findPartition } from './partitions.ts';
import { ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof ListOffsets>;
type PartitionResponse = ResponseInput<typeof ListOffsets>['topics'][number]['partitions'][number];
type PartitionRequest = Request['topics'][number]['partitions'][number];

/** Timestamps with a meaning of their own. Without tiered storage the local log is the whole one. */
const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;
const READ_COMMITTED = 1;

/** First version that knows the special timestamp; in older ones it is refused. */
const SINCE: Readonly<Record<number, number>> = {
  [MAX_TIMESTAMP]: 7,
  [EARLIEST_LOCAL]: 8,
  [LATEST_TIERED]: 9,
  [EARLIEST_PENDING_UPLOAD]: 11,
};

/** ListOffsets, versions 1 to 11. */
export function listOffsetsHandler(deps: HandlerDeps) {
  return async (request: Request, context: ServedRequest): Promise<ResponseInput<typeof ListOffsets>> => {
    const topics = [];
    for (const { name, partitions: asked } of request.topics) {
      const partitions: PartitionResponse[] = [];
      const repeated = repeatedIndexes(asked);
      for (const partitionIndex of repeated) partitions.push({ partitionIndex, errorCode: ErrorCode.INVALID_REQUEST });
      for (const partition of asked) {
        if (!repeated.has(partition.partitionIndex)) partitions.push(await answer(deps, context, request, name, partition));
      }
      topics.push({ name, partitions });
    }
    return { topics };
  };
}

/** A partition can be asked for once only: one error answers all its questions. */
function repeatedIndexes(asked: readonly PartitionRequest[]): Set<number> {
  const seen = new Set<number>();
  return new Set(
    asked.flatMap(({ partitionIndex }) => {
      if (seen.has(partitionIndex)) return [partitionIndex];
      seen.add(partitionIndex);
      return [];
    }),
  );
}

async function answer(
  deps: HandlerDeps,
  context: ServedRequest,
  request: Request,
  name: string,
  asked: PartitionRequest,
): Promise<PartitionResponse> {
  const { partitionIndex, currentLeaderEpoch, timestamp } = asked;
  const { log, errorCode } = findPartition(deps, context.nodeId, name, ZERO_UUID, false, partitionIndex);
  if (log === undefined) return { partitionIndex, errorCode };
  const epochError = checkLeaderEpoch(currentLeaderEpoch, log.leaderEpoch);
  if (epochError !== ErrorCode.NONE) return { partitionIndex, errorCode: epochError };
  if (timestamp < EARLIEST && !(context.apiVersion >= (SINCE[timestamp] ?? Infinity))) {
    return { partitionIndex, errorCode: ErrorCode.UNSUPPORTED_VERSION };
  }
  const found = await findOffset(log, timestamp, request.isolationLevel === READ_COMMITTED);
  // Versions below 4 have no place for the epoch.
  const leaderEpoch = context.apiVersion >= 4 ? found.leaderEpoch : -1;
  return { partitionIndex, errorCode: ErrorCode.NONE, timestamp: found.timestampMs, offset: found.offset, leaderEpoch };
}

interface FoundOffset {
  readonly offset: number;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

const NOTHING: FoundOffset = { offset: -1, timestampMs: -1, leaderEpoch: -1 };

async function findOffset(log: PartitionLog, timestamp: number, readCommitted: boolean): Promise<FoundOffset> {
  const end = readCommitted ? log.lastStableOffset : log.highWatermark;
  switch (timestamp) {
    case LATEST:
      return { offset: end, timestampMs: -1, leaderEpoch: log.leaderEpoch };
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const epoch = log.epochs.epochAt(log.logStartOffset);
      return { offset: log.logStartOffset, timestampMs: -1, leaderEpoch: epoch };
    }
    case MAX_TIMESTAMP:
      return (await log.offsetOfMaxTimestamp()) ?? NOTHING;
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return NOTHING;
    default: {
      const found = await log.offsetForTimestamp(timestamp);
      return found === undefined || found.offset >= end ? NOTHING : found;
    }
  }
}
