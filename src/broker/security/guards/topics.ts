/** Guards of the requests that make, change and remove topics. */

import { CreatePartitions, CreateTopics, DeleteTopics, ErrorCode, type ResponseInput } from '../../../protocol/index.ts';
import { isZeroUuid, ZERO_UUID } from '../../handlers/uuid.ts';
import type { RequestContext } from '../../seams.ts';
import { Operation } from '../acl/constants.ts';
import { failure, type GuardDeps, type GuardMap, guard, split } from './guard.ts';

type CreatedTopic = ResponseInput<typeof CreateTopics>['topics'][number];
type DeletedTopic = ResponseInput<typeof DeleteTopics>['responses'][number];
interface TopicToDelete {
  readonly name: string | null;
  readonly topicId: Uint8Array;
}

const FIRST_DELETE_BY_ID = 6;
const DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;

export function addTopicGuards(guards: GuardMap, deps: GuardDeps): void {
  const { access } = deps;

  guard(guards, CreateTopics, async (request, context, next) => {
    const { allowed, denied } = access.cluster(context, Operation.CREATE)
      ? { allowed: request.topics, denied: [] }
      : split(request.topics, ({ name }) => access.topic(context, Operation.CREATE, name));
    const response = await next({ ...request, topics: [...allowed] });
    const names = [...new Set(denied.map(({ name }) => name))];
    const refused = names.map((name) => ({ name, errorCode: DENIED, errorMessage: 'Authorization failed.', configs: [] }));
    return { ...response, topics: [...response.topics.map((topic) => withoutConfigs(deps, topic, context)), ...refused] };
  });

  guard(guards, CreatePartitions, async (request, context, next) => {
    const { allowed, denied } = split(request.topics, ({ name }) => access.topic(context, Operation.ALTER, name));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topics: [...allowed] });
    const names = [...new Set(denied.map(({ name }) => name))];
    return { ...response, results: [...response.results, ...names.map((name) => ({ name, errorCode: DENIED, errorMessage: null }))] };
  });

  guard(guards, DeleteTopics, async (request, context, next) => {
    if (access.cluster(context, Operation.DELETE)) return next(request);
    if (context.apiVersion < FIRST_DELETE_BY_ID) {
      const refused = request.topicNames.flatMap((name) => refusalOf(deps, { name, topicId: ZERO_UUID }, context) ?? []);
      const topicNames = request.topicNames.filter((name) => access.topic(context, Operation.DELETE, name));
      return answered(await next({ ...request, topicNames }), refused);
    }
    const { allowed, denied } = split(request.topics, (topic) => refusalOf(deps, topic, context) === undefined);
    const refused = denied.flatMap((topic) => refusalOf(deps, topic, context) ?? []);
    return answered(await next({ ...request, topics: [...allowed] }), refused);
  });
}

function answered(response: ResponseInput<typeof DeleteTopics>, refused: readonly DeletedTopic[]): ResponseInput<typeof DeleteTopics> {
  return refused.length === 0 ? response : { ...response, responses: [...response.responses, ...refused] };
}

/** Whether a name or an id exists is only told to those who may describe the topic. */
function refusalOf({ access, topics }: GuardDeps, { name, topicId }: TopicToDelete, context: RequestContext): DeletedTopic | undefined {
  if (name !== null) {
    // The handler refuses a name with an id, whatever topic it is.
    if (!isZeroUuid(topicId) || access.topic(context, Operation.DELETE, name)) return undefined;
    return { name, topicId: ZERO_UUID, ...failure(DENIED) };
  }
  const found = topics.getById(topicId)?.name;
  if (found === undefined || access.topic(context, Operation.DELETE, found)) return undefined;
  const shownName = access.topic(context, Operation.DESCRIBE, found) ? found : null;
  return { name: shownName, topicId, ...failure(DENIED) };
}

/** A client that may create a topic but not see its configs learns only that it was created. */
function withoutConfigs({ access }: GuardDeps, topic: CreatedTopic, context: RequestContext): CreatedTopic {
  if (topic.errorCode !== ErrorCode.NONE || access.topic(context, Operation.DESCRIBE_CONFIGS, topic.name)) return topic;
  return { ...topic, topicConfigErrorCode: DENIED, numPartitions: -1, replicationFactor: -1, configs: [] };
}
