import { ErrorCode } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { openFetchContext } from '../fetch/fetch-context.ts';
import { type FetchedPartition, type FetchRequest, fetchedPartition } from '../fetch/fetch-partition.ts';
import { type FetchResponse, fetchResponse } from '../fetch/fetch-response.ts';
import { isComplete, type ReadPlan, readPartitions, releaseRecords, sizeOf } from '../fetch/read-partitions.ts';
import { FetchSessionCache } from '../fetch/session-cache.ts';
import { waitForMore } from '../fetch/wait-for-more.ts';
import { fetchPermission } from '../security/guards/fetch.ts';
import type { HandlerDeps } from './deps.ts';
import { type FoundPartition, findPartition } from './partitions.ts';

const FIRST_TOPIC_ID_VERSION = 13;
const READ_COMMITTED = 1;
const DENIED: FoundPartition = { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };

/** Fetch, versions 4 to 18, with sessions (KIP-227). */
export function fetchHandler(deps: HandlerDeps) {
  const sessions = new FetchSessionCache(() => deps.configs.number('max.incremental.fetch.session.cache.slots'));
  return async (request: FetchRequest, context: ServedRequest): Promise<FetchResponse> => {
    const session = openFetchContext(request, context.apiVersion, sessions, deps.clock.nowMs());
    const partitions = session.partitions.map(fetchedPartition);
    const readCommitted = request.isolationLevel === READ_COMMITTED;
    const find = finder(deps, context, fetchPermission(deps.access, context, request));
    const memory = deps.responseMemory.reservation();
    context.connection.afterResponse(() => {
      for (const partition of partitions) releaseRecords(partition);
      memory.giveBack();
    });
    const wantedBytes = Math.min(request.maxBytes, deps.configs.number('fetch.max.bytes'));
    const deadlineMs = deps.clock.nowMs() + request.maxWaitMs;
    let stale: readonly FetchedPartition[] = partitions;
    for (;;) {
      const plan: ReadPlan = { readCommitted, maxBytes: memory.grow(wantedBytes), find };
      await readPartitions(partitions, stale, plan);
      // What was not used is for others while this one waits.
      memory.shrink(sizeOf(partitions));
      const minBytes = Math.min(request.minBytes, plan.maxBytes);
      const waitMs = deadlineMs - deps.clock.nowMs();
      if (waitMs <= 0 || isComplete(partitions, minBytes, readCommitted)) break;
      const missingBytes = minBytes - sizeOf(partitions);
      stale = await waitForMore(partitions, { clock: deps.clock, connection: context.connection, readCommitted, waitMs, missingBytes });
      if (stale.length === 0) break;
    }
    return fetchResponse(deps, session.finish(partitions), context.apiVersion);
  };
}

/** Looks a partition up at each read: it may have been deleted, or moved to another node, while the fetch waited. */
function finder(
  deps: HandlerDeps,
  { nodeId, apiVersion }: ServedRequest,
  mayRead: ((topic: string) => boolean) | undefined,
): ReadPlan['find'] {
  const byId = apiVersion >= FIRST_TOPIC_ID_VERSION;
  return (partition) => {
    const { topic: name, topicId, partition: index } = partition.asked;
    const denied = mayRead !== undefined && isDenied(mayRead, byId ? deps.topics.getById(topicId)?.name : name);
    const { errorCode, topic, log } = denied ? DENIED : findPartition(deps, nodeId, name, topicId, byId, index);
    partition.errorCode = errorCode;
    partition.topic = topic;
    partition.log = log;
  };
}

/** Of an id that nobody has, everybody is told so. */
function isDenied(mayRead: (topic: string) => boolean, name: string | undefined): boolean {
  return name !== undefined && !mayRead(name);
}
