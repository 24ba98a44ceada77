import { type DeleteTopics, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { repeatedNames } from './19-create-topics.ts';
import type { HandlerDeps } from './deps.ts';
import { failureOf } from './failure.ts';
import { isZeroUuid, type Uuid, ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof DeleteTopics>;
type Response = ResponseInput<typeof DeleteTopics>;
type TopicResponse = Response['responses'][number];

const FIRST_ID_VERSION = 6;

/** DeleteTopics, versions 1 to 6: by name, from 6 on by id as well. */
export function deleteTopicsHandler(deps: HandlerDeps) {
  return async (request: Request, context: ServedRequest): Promise<Response> => {
    const asked =
      context.apiVersion >= FIRST_ID_VERSION ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    const repeated = repeatedNames(asked.flatMap(({ name }) => (name === null ? [] : [name])));
    const responses = [...repeated].map((name) => refused(name, ZERO_UUID, 'Duplicate topic name.'));
    for (const { name, topicId } of asked) {
      if (name === null || !repeated.has(name)) responses.push(await deleteOne(deps, name, topicId));
    }
    return { responses };
  };
}

function refused(name: string | null, topicId: Uuid, errorMessage: string): TopicResponse {
  return { name, topicId, errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}

async function deleteOne(deps: HandlerDeps, name: string | null, topicId: Uuid): Promise<TopicResponse> {
  const byId = name === null;
  if (!byId && !isZeroUuid(topicId)) return refused(name, topicId, 'You may not specify both topic name and topic id.');
  if (byId && isZeroUuid(topicId)) return refused(name, topicId, 'Neither topic name nor id were specified.');
  if (!deps.configs.boolean('delete.topic.enable')) {
    return { name, topicId, errorCode: ErrorCode.TOPIC_DELETION_DISABLED, errorMessage: 'Topic deletion is disabled.' };
  }
  const topic = byId ? deps.topics.getById(topicId) : deps.topics.get(name);
  if (topic === undefined) {
    const errorCode = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return {
      name,
      topicId,
      errorCode,
      errorMessage: byId ? 'This server does not host this topic ID.' : 'This server does not host this topic-partition.',
    };
  }
  try {
    await deps.topics.delete(topic.name);
    return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE };
  } catch (error) {
    const { code, message } = failureOf(deps, `deleting topic ${topic.name}`, error);
    return { name: topic.name, topicId: topic.id, errorCode: code, errorMessage: message };
  }
}
