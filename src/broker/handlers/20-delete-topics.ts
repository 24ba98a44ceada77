import { type DeleteTopics, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
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
    const responses: TopicResponse[] = [];
    for (const { name, topicId } of asked) responses.push(await deleteOne(deps, name, topicId));
    return { responses };
  };
}

async function deleteOne(deps: HandlerDeps, name: string | null, topicId: Uuid): Promise<TopicResponse> {
  const byId = name === null;
  if (!byId && !isZeroUuid(topicId)) {
    return { name, topicId, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'You may not specify both topic name and topic id.' };
  }
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
