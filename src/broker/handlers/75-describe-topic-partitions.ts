import { type DescribeTopicPartitions, ErrorCode, KafkaProtocolError, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { Topic } from '../topic.ts';
import { topicNameProblem } from '../topic-names.ts';
import { describePartition } from './03-metadata.ts';
import { ALL_TOPIC_OPERATIONS } from './authorized-operations.ts';
import type { HandlerDeps } from './deps.ts';
import { ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof DescribeTopicPartitions>;
type Response = ResponseInput<typeof DescribeTopicPartitions>;
type TopicResponse = Response['topics'][number];

/** `max.request.partition.size.limit` bounds what a client may ask for. */
const LIMIT_CONFIG = 'max.request.partition.size.limit';

/**
 * DescribeTopicPartitions, version 0 (KIP-966): topics by name, page by page. No topics asked for means all. The cursor
 * names the partition that the page begins with.
 */
export function describeTopicPartitionsHandler(deps: HandlerDeps) {
  return (request: Request): Response => {
    const { cursor } = request;
    if (cursor !== null && cursor.partitionIndex < 0) {
      throw new KafkaProtocolError(
        ErrorCode.INVALID_REQUEST,
        `DescribeTopicPartitionsRequest cursor partition must be valid: ${cursor.partitionIndex}`,
      );
    }
    let left = Math.max(Math.min(request.responsePartitionLimit, deps.configs.number(LIMIT_CONFIG)), 1);
    const topics: TopicResponse[] = [];
    for (const name of namesFrom(deps, request)) {
      const topic = deps.topics.get(name);
      if (topic === undefined) {
        topics.push(missing(name));
        continue;
      }
      const first = cursor?.topicName === name ? cursor.partitionIndex : 0;
      if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } };
      const end = Math.min(first + left, topic.partitions.length);
      topics.push(describe(deps, topic, first, end));
      left -= Math.max(end - first, 0);
      if (end < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: end } };
    }
    return { topics };
  };
}

function namesFrom(deps: HandlerDeps, { topics, cursor }: Request): string[] {
  const all = topics.length === 0 ? [...deps.topics.all()].map((topic) => topic.name) : topics.map((topic) => topic.name);
  const names = [...new Set(all)].sort();
  return cursor === null ? names : names.filter((name) => name >= cursor.topicName);
}

function missing(name: string): TopicResponse {
  const errorCode = topicNameProblem(name) === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION;
  return { errorCode, name, topicId: ZERO_UUID, partitions: [], topicAuthorizedOperations: ALL_TOPIC_OPERATIONS };
}

function describe(deps: HandlerDeps, topic: Topic, first: number, end: number): TopicResponse {
  const partitions: TopicResponse['partitions'][number][] = [];
  for (let index = first; index < end; index++) {
    partitions.push({ ...describePartition(deps, topic, index), eligibleLeaderReplicas: [], lastKnownElr: [] });
  }
  const { name, id, internal } = topic;
  return {
    errorCode: ErrorCode.NONE,
    name,
    topicId: id,
    isInternal: internal,
    partitions,
    topicAuthorizedOperations: ALL_TOPIC_OPERATIONS,
  };
}
