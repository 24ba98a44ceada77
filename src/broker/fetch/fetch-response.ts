import { ErrorCode, type Fetch, type ResponseInput } from '../../protocol/index.ts';
import type { HandlerDeps } from '../handlers/deps.ts';
import { currentLeader, endpointsOf } from '../handlers/partitions.ts';
import type { FetchAnswer } from './fetch-context.ts';
import type { FetchedPartition } from './fetch-partition.ts';

export type FetchResponse = ResponseInput<typeof Fetch>;
type TopicResponse = FetchResponse['responses'][number];
type PartitionResponse = TopicResponse['partitions'][number];

/** CurrentLeader tags and the addresses that go with them (KIP-951). */
const FIRST_LEADER_VERSION = 16;
const NO_RECORDS = Buffer.alloc(0);

/** Partitions of one topic that follow each other share an entry, as in Kafka. */
export function fetchResponse(deps: HandlerDeps, { errorCode, sessionId, partitions }: FetchAnswer, version: number): FetchResponse {
  const responses: TopicResponse[] = [];
  const leaders = new Set<number>();
  let last: FetchedPartition['asked'] | undefined;
  let current: PartitionResponse[] = [];
  for (const partition of partitions) {
    const { asked } = partition;
    if (last === undefined || last.topic !== asked.topic || !sameId(last.topicId, asked.topicId)) {
      current = [];
      responses.push({ topic: asked.topic, topicId: asked.topicId, partitions: current });
      last = asked;
    }
    current.push(partitionResponse(partition, leaders, version));
  }
  const response = { errorCode, sessionId, responses };
  if (leaders.size === 0) return response;
  return { ...response, nodeEndpoints: endpointsOf(deps, leaders) };
}

function sameId(left: Uint8Array, right: Uint8Array): boolean {
  return left === right || Buffer.compare(left, right) === 0;
}

function partitionResponse(partition: FetchedPartition, leaders: Set<number>, version: number): PartitionResponse {
  const { asked, errorCode, result } = partition;
  const partitionIndex = asked.partition;
  if (errorCode !== ErrorCode.NONE || result === undefined) return errorResponse(partition, leaders, version);
  const { highWatermark, lastStableOffset, logStartOffset, abortedTransactions, records, divergingEpoch } = result;
  const response = { partitionIndex, errorCode, highWatermark, lastStableOffset, logStartOffset, abortedTransactions, records };
  return divergingEpoch === undefined ? response : { ...response, divergingEpoch };
}

function errorResponse({ asked, errorCode, topic }: FetchedPartition, leaders: Set<number>, version: number): PartitionResponse {
  const partitionIndex = asked.partition;
  // Null once a log was asked, as in Kafka.
  const abortedTransactions = topic === undefined ? [] : null;
  const response = { partitionIndex, errorCode, highWatermark: -1, abortedTransactions, records: NO_RECORDS };
  const namesLeader = errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH;
  if (!namesLeader || version < FIRST_LEADER_VERSION || topic === undefined) return response;
  const leader = currentLeader(topic, partitionIndex);
  leaders.add(leader.leaderId);
  return { ...response, currentLeader: leader };
}
