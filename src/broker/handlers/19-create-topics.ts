import { randomBytes } from 'node:crypto';
import { type CreateTopics, ErrorCode, KafkaProtocolError, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { describeTopicConfigs } from '../configs/describe.ts';
import type { CreateTopicRequest } from '../topics.ts';
import type { HandlerDeps } from './deps.ts';
import { failureOf } from './failure.ts';

type Request = RequestOf<typeof CreateTopics>;
type Response = ResponseInput<typeof CreateTopics>;
type TopicRequest = Request['topics'][number];
type TopicResponse = Response['topics'][number];

/** CreateTopics, versions 2 to 7. */
export function createTopicsHandler(deps: HandlerDeps) {
  return async (request: Request): Promise<Response> => {
    const repeated = repeatedNames(request.topics.map((topic) => topic.name));
    const topics: TopicResponse[] = [];
    for (const name of repeated) topics.push(failed(name, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'));
    for (const topic of request.topics) {
      if (repeated.has(topic.name)) continue;
      topics.push(await createOne(deps, topic, request.validateOnly));
    }
    return { topics };
  };
}

export function repeatedNames(names: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
  }
  return repeated;
}

async function createOne(deps: HandlerDeps, asked: TopicRequest, validateOnly: boolean): Promise<TopicResponse> {
  try {
    const wanted = wantedTopic(asked);
    if (!validateOnly) {
      const topic = await deps.topics.create(wanted);
      return created(deps, topic.name, topic.id, topic.assignments(), topic.config);
    }
    const planned = deps.topics.plan(wanted);
    // As in Kafka: the id that a topic made now might have.
    return created(deps, planned.name, randomBytes(16), planned.replicas, planned.config);
  } catch (error) {
    const { code, message } = failureOf(deps, `creating topic ${asked.name}`, error);
    return failed(asked.name, code, message);
  }
}

function wantedTopic(asked: TopicRequest): CreateTopicRequest {
  const { name, numPartitions, replicationFactor } = asked;
  const config: Record<string, string> = {};
  for (const { name: configName, value } of asked.configs) {
    if (value === null) throw new KafkaProtocolError(ErrorCode.INVALID_CONFIG, `Null value not supported for topic configs: ${configName}`);
    config[configName] = value;
  }
  const request = { name, partitions: numPartitions, replicationFactor, config };
  if (asked.assignments.length === 0) return request;
  if (numPartitions !== -1)
    throw new KafkaProtocolError(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    );
  if (replicationFactor !== -1)
    throw new KafkaProtocolError(
      ErrorCode.INVALID_REQUEST,
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    );
  return { ...request, assignments: assignmentsOf(asked) };
}

function assignmentsOf(asked: TopicRequest): (readonly number[])[] {
  const byPartition = new Map(asked.assignments.map(({ partitionIndex, brokerIds }) => [partitionIndex, brokerIds]));
  if (byPartition.size !== asked.assignments.length) {
    throw new KafkaProtocolError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'Found multiple manual partition assignments for one partition.');
  }
  return asked.assignments.map((_, partition) => {
    const replicas = byPartition.get(partition);
    if (replicas === undefined) {
      throw new KafkaProtocolError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'partitions should be a consecutive 0-based integer sequence');
    }
    return replicas;
  });
}

function created(
  deps: HandlerDeps,
  name: string,
  topicId: Uint8Array,
  replicas: readonly (readonly number[])[],
  config: Readonly<Record<string, string>>,
): TopicResponse {
  const configs = describeTopicConfigs(deps.configs, config).map(({ name: configName, value, readOnly, source, sensitive }) => {
    return { name: configName, value, readOnly, configSource: source, isSensitive: sensitive };
  });
  const replicationFactor = replicas[0]?.length ?? -1;
  return { name, topicId, errorCode: ErrorCode.NONE, errorMessage: null, numPartitions: replicas.length, replicationFactor, configs };
}

function failed(name: string, errorCode: number, errorMessage: string): TopicResponse {
  return { name, errorCode, errorMessage, configs: [] };
}
