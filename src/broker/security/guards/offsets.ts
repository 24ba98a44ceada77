/** Guards of the requests about committed offsets. */

import {
  ErrorCode,
  KafkaProtocolError,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  type RequestOf,
  type ResponseInput,
  TxnOffsetCommit,
} from '../../../protocol/index.ts';
import type { RequestContext } from '../../seams.ts';
import { Operation } from '../acl/constants.ts';
import { type GuardDeps, type GuardMap, guard, type Next, split } from './guard.ts';

type FetchedGroup = RequestOf<typeof OffsetFetch>['groups'][number];
type GroupOffsets = NonNullable<ResponseInput<typeof OffsetFetch>['groups']>[number];
type TopicOffsets = GroupOffsets['topics'][number];
interface AskedTopic {
  readonly name: string;
  readonly topicId: Buffer;
  readonly partitionIndexes: readonly number[];
}

const FIRST_COMMIT_BY_ID = 10;
const FIRST_FETCH_BY_ID = 10;
const FIRST_FETCH_OF_SEVERAL = 8;
const DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
const GROUP_DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED;
const NO_ID = Buffer.alloc(16);

export function addOffsetGuards(guards: GuardMap, deps: GuardDeps): void {
  addCommitGuards(guards, deps);
  addFetchGuard(guards, deps);
  const { access } = deps;

  guard(guards, OffsetDelete, async (request, context, next) => {
    if (!access.group(context, Operation.DELETE, request.groupId)) throw new KafkaProtocolError(GROUP_DENIED);
    const { allowed, denied } = split(request.topics, ({ name }) => access.topic(context, Operation.READ, name));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topics: [...allowed] });
    // What is wrong with the group is told alone.
    if (response.errorCode !== ErrorCode.NONE) return response;
    return { ...response, topics: [...response.topics, ...denied.map((topic) => ({ name: topic.name, partitions: refused(topic) }))] };
  });
}

function addCommitGuards(guards: GuardMap, { access, topics }: GuardDeps): void {
  guard(guards, OffsetCommit, async (request, context, next) => {
    if (!access.group(context, Operation.READ, request.groupId)) throw new KafkaProtocolError(GROUP_DENIED);
    const byId = context.apiVersion >= FIRST_COMMIT_BY_ID;
    const { allowed, denied } = split(request.topics, (topic) => {
      const name = byId ? topics.getById(topic.topicId)?.name : topic.name;
      return name === undefined || access.topic(context, Operation.READ, name);
    });
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topics: [...allowed] });
    const own = denied.map((topic) => ({ name: topic.name, topicId: topic.topicId, partitions: refused(topic) }));
    return { ...response, topics: [...response.topics, ...own] };
  });

  guard(guards, TxnOffsetCommit, async (request, context, next) => {
    if (!access.transactionalId(context, Operation.WRITE, request.transactionalId))
      throw new KafkaProtocolError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    if (!access.group(context, Operation.READ, request.groupId)) throw new KafkaProtocolError(GROUP_DENIED);
    const { allowed, denied } = split(request.topics, ({ name }) => access.topic(context, Operation.READ, name));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, topics: [...allowed] });
    return { ...response, topics: [...response.topics, ...denied.map((topic) => ({ name: topic.name, partitions: refused(topic) }))] };
  });
}

function refused({ partitions }: { readonly partitions: readonly { readonly partitionIndex: number }[] }) {
  return partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: DENIED }));
}

function addFetchGuard(guards: GuardMap, deps: GuardDeps): void {
  guard(guards, OffsetFetch, async (request, context, next) => {
    if (context.apiVersion < FIRST_FETCH_OF_SEVERAL) return fetchOne(deps, request, context, next);
    const { access } = deps;
    const { allowed, denied } = split(request.groups, ({ groupId }) => access.group(context, Operation.DESCRIBE, groupId));
    const hidden = new Map<string, readonly AskedTopic[]>();
    const groups = allowed.map((group): FetchedGroup => {
      if (group.topics === null) return group;
      const topics = split(group.topics, (topic) => mayDescribe(deps, topic, context));
      hidden.set(group.groupId, topics.denied);
      return { ...group, topics: [...topics.allowed] };
    });
    const response = await next({ ...request, groups });
    const everything = new Set(allowed.filter(({ topics }) => topics === null).map(({ groupId }) => groupId));
    return {
      ...response,
      groups: [
        ...(response.groups ?? []).map((group) => {
          const shown = everything.has(group.groupId) ? group.topics.filter((topic) => mayDescribe(deps, topic, context)) : group.topics;
          const refusedTopics = group.errorCode === ErrorCode.NONE ? (hidden.get(group.groupId) ?? []).map(hiddenTopic) : [];
          return { ...group, topics: [...shown, ...refusedTopics] };
        }),
        ...denied.map(({ groupId }) => ({ groupId, topics: [], errorCode: GROUP_DENIED })),
      ],
    };
  });
}

async function fetchOne(
  deps: GuardDeps,
  request: RequestOf<typeof OffsetFetch>,
  context: RequestContext,
  next: Next<typeof OffsetFetch>,
): Promise<ResponseInput<typeof OffsetFetch>> {
  const { access } = deps;
  if (!access.group(context, Operation.DESCRIBE, request.groupId)) throw new KafkaProtocolError(GROUP_DENIED);
  const mayShow = ({ name }: { readonly name: string }): boolean => access.topic(context, Operation.DESCRIBE, name);
  if (request.topics === null) {
    const response = await next(request);
    return { ...response, topics: (response.topics ?? []).filter(mayShow) };
  }
  const { allowed, denied } = split(request.topics, mayShow);
  if (denied.length === 0) return next(request);
  const response = await next({ ...request, topics: [...allowed] });
  if ((response.errorCode ?? ErrorCode.NONE) !== ErrorCode.NONE) return response;
  return { ...response, topics: [...(response.topics ?? []), ...denied.map((topic) => hiddenTopic({ ...topic, topicId: NO_ID }))] };
}

/** Of an id that nobody has, the handler says so. */
function mayDescribe(
  { access, topics }: GuardDeps,
  { name, topicId }: { readonly name?: string | undefined; readonly topicId?: Uint8Array | undefined },
  context: RequestContext,
): boolean {
  const topicName = context.apiVersion >= FIRST_FETCH_BY_ID && topicId !== undefined ? topics.getById(topicId)?.name : name;
  return topicName === undefined || access.topic(context, Operation.DESCRIBE, topicName);
}

function hiddenTopic({ name, topicId, partitionIndexes }: AskedTopic): TopicOffsets & { readonly name: string } {
  const partitions = partitionIndexes.map((partitionIndex) => {
    return { partitionIndex, committedOffset: -1, metadata: '', errorCode: DENIED };
  });
  return { name, topicId, partitions };
}
