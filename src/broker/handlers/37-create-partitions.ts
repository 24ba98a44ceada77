import { type CreatePartitions, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { repeatedNames } from './19-create-topics.ts';
import type { HandlerDeps } from './deps.ts';
import { failureOf } from './failure.ts';

type Request = RequestOf<typeof CreatePartitions>;
type Response = ResponseInput<typeof CreatePartitions>;
type TopicResponse = Response['results'][number];

/** CreatePartitions, versions 0 to 3. `count` is the new total. */
export function createPartitionsHandler(deps: HandlerDeps) {
  return async (request: Request): Promise<Response> => {
    const repeated = repeatedNames(request.topics.map((topic) => topic.name));
    const results: TopicResponse[] = [...repeated].map((name) => ({
      name,
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Duplicate topic name.',
    }));
    for (const topic of request.topics) {
      if (!repeated.has(topic.name)) results.push(await addOne(deps, topic, request.validateOnly));
    }
    return { results };
  };
}

async function addOne(deps: HandlerDeps, asked: Request['topics'][number], validateOnly: boolean): Promise<TopicResponse> {
  const { name, count } = asked;
  const assignments = asked.assignments?.map(({ brokerIds }) => brokerIds);
  try {
    if (validateOnly) deps.topics.planPartitions(name, count, assignments);
    else await deps.topics.addPartitions(name, count, assignments);
    return { name, errorCode: ErrorCode.NONE };
  } catch (error) {
    const { code, message } = failureOf(deps, `adding partitions to ${name}`, error);
    return { name, errorCode: code, errorMessage: message };
  }
}
