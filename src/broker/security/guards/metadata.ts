/** Guards of the requests that show topics: what a client may not describe does not exist for it. */

import {
  DescribeCluster,
  DescribeTopicPartitions,
  ErrorCode,
  Metadata,
  type RequestOf,
  type ResponseInput,
} from '../../../protocol/index.ts';
import { isZeroUuid, ZERO_UUID } from '../../handlers/uuid.ts';
import type { RequestContext } from '../../seams.ts';
import { INTERNAL_TOPICS } from '../../topic-names.ts';
import { CLUSTER_NAME, Operation, ResourceType } from '../acl/constants.ts';
import { type GuardDeps, type GuardMap, guard } from './guard.ts';

type AskedTopic = NonNullable<RequestOf<typeof Metadata>['topics']>[number];
type ShownTopic = ResponseInput<typeof Metadata>['topics'][number];

const FIRST_METADATA_BY_ID = 12;
const DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;

export function addMetadataGuards(guards: GuardMap, deps: GuardDeps): void {
  addMetadataGuard(guards, deps);
  addTopicPartitionsGuard(guards, deps);
  guard(guards, DescribeCluster, async (request, context, next) => {
    const response = await next(request);
    const told = request.includeClusterAuthorizedOperations && response.errorCode === ErrorCode.NONE;
    return told ? { ...response, clusterAuthorizedOperations: clusterOperations(deps, context) } : response;
  });
}

/** 0 for a client that may not even describe the cluster. */
function clusterOperations({ access }: GuardDeps, context: RequestContext): number {
  return access.cluster(context, Operation.DESCRIBE) ? access.operations(context, ResourceType.CLUSTER, CLUSTER_NAME) : 0;
}

function addMetadataGuard(guards: GuardMap, deps: GuardDeps): void {
  const { access } = deps;
  guard(guards, Metadata, async (request, context, next) => {
    const { topics, allowAutoTopicCreation } = request;
    const all = topics === null || (context.apiVersion === 0 && topics.length === 0);
    const { allowed, denied } = sort(deps, topics ?? [], context, allowAutoTopicCreation);
    const nothingLeft = !all && allowed.length === 0;
    const response = await next(all ? request : { ...request, topics: allowed });
    // In version 0 asking for nothing means asking for everything.
    const answered = nothingLeft ? [] : response.topics;
    const shown = all ? answered.filter(({ name }) => name !== null && access.topic(context, Operation.DESCRIBE, name)) : answered;
    return {
      ...response,
      topics: [...(request.includeTopicAuthorizedOperations ? shown.map(withOperations) : shown), ...denied],
      ...(request.includeClusterAuthorizedOperations && { clusterAuthorizedOperations: clusterOperations(deps, context) }),
    };

    function withOperations(topic: ShownTopic): ShownTopic {
      if (topic.name === null) return topic;
      return { ...topic, topicAuthorizedOperations: access.operations(context, ResourceType.TOPIC, topic.name) };
    }
  });
}

function sort(
  deps: GuardDeps,
  asked: readonly AskedTopic[],
  context: RequestContext,
  mayCreate: boolean,
): { allowed: AskedTopic[]; denied: ShownTopic[] } {
  const creates = mayCreate && deps.configs.boolean('auto.create.topics.enable');
  const allowed: AskedTopic[] = [];
  const denied: ShownTopic[] = [];
  for (const topic of asked) {
    const refused = refusalOf(deps, topic, context, creates);
    if (refused === undefined) allowed.push(topic);
    else denied.push(refused);
  }
  return { allowed, denied };
}

function refusalOf(deps: GuardDeps, { name, topicId }: AskedTopic, context: RequestContext, creates: boolean): ShownTopic | undefined {
  const { access, topics } = deps;
  if (name === null || !isZeroUuid(topicId)) {
    // The handler refuses ids in versions that have none.
    if (context.apiVersion < FIRST_METADATA_BY_ID) return undefined;
    const found = topics.getById(topicId)?.name;
    if (found === undefined || access.topic(context, Operation.DESCRIBE, found)) return undefined;
    return { errorCode: DENIED, name: null, topicId, partitions: [] };
  }
  const refused = { errorCode: DENIED, name, topicId: ZERO_UUID, partitions: [] };
  if (!access.topic(context, Operation.DESCRIBE, name)) return refused;
  if (!creates || topics.get(name) !== undefined) return undefined;
  const mayCreate = access.cluster(context, Operation.CREATE) || access.topic(context, Operation.CREATE, name);
  return mayCreate ? undefined : { ...refused, isInternal: INTERNAL_TOPICS.has(name) };
}

function addTopicPartitionsGuard(guards: GuardMap, { access, topics }: GuardDeps): void {
  guard(guards, DescribeTopicPartitions, async (request, context, next) => {
    const mayDescribe = (name: string): boolean => access.topic(context, Operation.DESCRIBE, name);
    const all = request.topics.length === 0;
    const from = request.cursor?.topicName ?? '';
    const asked = all ? [...topics.all()].map(({ name }) => ({ name })) : request.topics.filter(({ name }) => name >= from);
    const allowed = asked.filter(({ name }) => mayDescribe(name));
    const refused = all ? [] : asked.filter(({ name }) => !mayDescribe(name)).map(({ name }) => name);
    const denied = [...new Set(refused)].map((name) => ({ errorCode: DENIED, name, topicId: ZERO_UUID, partitions: [] }));
    // Asking for nothing would mean asking for everything.
    if (allowed.length === 0) return { topics: denied };
    const response = await next({ ...request, topics: allowed });
    const shown = response.topics.map((topic) => {
      if (topic.name === null) return topic;
      return { ...topic, topicAuthorizedOperations: access.operations(context, ResourceType.TOPIC, topic.name) };
    });
    return { ...response, topics: [...shown, ...denied] };
  });
}
