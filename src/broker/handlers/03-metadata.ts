import { ErrorCode, KafkaProtocolError, type Metadata, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { Topic } from '../topic.ts';
import { INTERNAL_TOPICS, topicNameProblem } from '../topic-names.ts';
import { ALL_CLUSTER_OPERATIONS, ALL_TOPIC_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import type { HandlerDeps } from './deps.ts';
import { isZeroUuid, type Uuid, ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof Metadata>;
type Response = ResponseInput<typeof Metadata>;
type TopicResponse = Response['topics'][number];

const FIRST_BY_ID_VERSION = 12;

/** Metadata, versions 0 to 13. Topics that are asked for by name are made if the broker and the client want that. */
export function metadataHandler(deps: HandlerDeps) {
  return async (request: Request, context: ServedRequest): Promise<Response> => {
    checkIds(request, context.apiVersion);
    const operations = request.includeTopicAuthorizedOperations ? ALL_TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED;
    const topics: TopicResponse[] = [];
    if (wantsAll(request, context.apiVersion)) {
      for (const topic of deps.topics.all()) topics.push(describe(deps, topic, operations));
    } else {
      for (const asked of withoutRepetition(request.topics ?? []))
        topics.push(await answer(deps, asked, request.allowAutoTopicCreation, operations));
    }
    return {
      brokers: deps.nodes.live().map(({ id, host, port }) => ({ nodeId: id, host, port, rack: deps.nodes.rackOf(id) })),
      clusterId: deps.clusterId,
      controllerId: deps.nodes.controllerId(),
      topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? ALL_CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    };
  };
}

/** Ids came with version 10, but can be asked for from 12 on only (KAFKA-14690). */
function checkIds(request: Request, version: number): void {
  const byId = request.topics?.some((topic) => !isZeroUuid(topic.topicId) || topic.name === null) ?? false;
  if (byId && version < FIRST_BY_ID_VERSION) {
    throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `Topic IDs are not supported in metadata version ${version}.`);
  }
}

function wantsAll(request: Request, version: number): boolean {
  return request.topics === null || (version === 0 && request.topics.length === 0);
}

type AskedTopic = NonNullable<Request['topics']>[number];

/** Kafka takes what is asked for as a set. */
function withoutRepetition(topics: readonly AskedTopic[]): AskedTopic[] {
  return [...new Map(topics.map((topic) => [topic.name ?? topic.topicId.toString('hex'), topic])).values()];
}

async function answer(deps: HandlerDeps, asked: AskedTopic, mayCreate: boolean, operations: number): Promise<TopicResponse> {
  const { name, topicId } = asked;
  if (name === null || !isZeroUuid(topicId)) {
    const topic = deps.topics.getById(topicId);
    return topic === undefined ? missing(null, topicId, ErrorCode.UNKNOWN_TOPIC_ID) : describe(deps, topic, operations);
  }
  const topic = deps.topics.get(name);
  if (topic !== undefined) return describe(deps, topic, operations);
  if (topicNameProblem(name) !== undefined) return missing(name, ZERO_UUID, ErrorCode.INVALID_TOPIC_EXCEPTION);
  const creates = mayCreate && deps.configs.boolean('auto.create.topics.enable') && !INTERNAL_TOPICS.has(name);
  if (!creates) return missing(name, ZERO_UUID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  try {
    return describe(deps, await deps.topics.ensure(name), operations);
  } catch (error) {
    deps.log.warn(`Topic ${name} cannot be created: ${error instanceof Error ? error.message : String(error)}`);
    const code = error instanceof KafkaProtocolError ? error.code : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return missing(name, ZERO_UUID, code);
  }
}

function missing(name: string | null, topicId: Uuid, errorCode: number): TopicResponse {
  return { errorCode, name, topicId, partitions: [] };
}

function describe(deps: HandlerDeps, topic: Topic, topicAuthorizedOperations: number): TopicResponse {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: topic.partitions.map((_, index) => describePartition(deps, topic, index)),
    topicAuthorizedOperations,
  };
}

/** A partition as Metadata and DescribeTopicPartitions show it. */
export interface DescribedPartition {
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
  readonly offlineReplicas: readonly number[];
}

export function describePartition(deps: HandlerDeps, topic: Topic, index: number): DescribedPartition {
  const leaderId = topic.leaderOf(index);
  const replicaNodes = topic.replicasOf(index);
  return {
    errorCode: leaderId < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
    partitionIndex: index,
    leaderId,
    leaderEpoch: topic.partitions[index]?.leaderEpoch ?? -1,
    replicaNodes,
    isrNodes: topic.inSyncReplicasOf(index),
    offlineReplicas: replicaNodes.filter((node) => !deps.nodes.isLive(node)),
  };
}
