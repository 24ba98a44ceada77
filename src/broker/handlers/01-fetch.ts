import { ErrorCode, type Fetch, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { PartitionLog } from '../log/index.ts';
import type { ReadResult } from '../seams.ts';
import type { Topic } from '../topic.ts';
import type { HandlerDeps } from './deps.ts';
import { waitForMore } from './fetch-wait.ts';
import { currentLeader, endpointsOf, findPartition } from './partitions.ts';
import type { Uuid } from './uuid.ts';

type Request = RequestOf<typeof Fetch>;
type Response = ResponseInput<typeof Fetch>;
type PartitionRequest = Request['topics'][number]['partitions'][number];
type PartitionResponse = Response['responses'][number]['partitions'][number];

const FIRST_TOPIC_ID_VERSION = 13;
const FIRST_CURRENT_LEADER_VERSION = 12;
const FIRST_ENDPOINTS_VERSION = 16;
const READ_COMMITTED = 1;
const NO_RECORDS = Buffer.alloc(0);

/** One partition of a request and what was read for it so far. */
interface FetchedPartition {
  readonly topicIndex: number;
  readonly name: string;
  readonly topicId: Uuid;
  readonly asked: PartitionRequest;
  errorCode: number;
  topic: Topic | undefined;
  log: PartitionLog | undefined;
  result: ReadResult | undefined;
}

/** The budget of one response. */
interface Budget {
  /** Bytes that may still be read. */
  left: number;
  /** Something was read, so the next batch need not be returned when it is too large. */
  any: boolean;
}

/**
 * Fetch, versions 4 to 18. Sessions (KIP-227) are declined by answering session id 0, which clients must accept; they then
 * send all partitions each time.
 */
export function fetchHandler(deps: HandlerDeps) {
  return async (request: Request, context: ServedRequest): Promise<Response> => {
    const partitions = partitionsOf(request);
    const maxBytes = deps.responseMemory.grant(Math.min(request.maxBytes, deps.configs.number('fetch.max.bytes')));
    const minBytes = Math.min(request.minBytes, maxBytes);
    const deadlineMs = deps.clock.nowMs() + request.maxWaitMs;
    const readCommitted = request.isolationLevel === READ_COMMITTED;
    let stale: readonly FetchedPartition[] = partitions;
    for (;;) {
      await readAll(deps, context, partitions, stale, readCommitted, maxBytes);
      const waitMs = deadlineMs - deps.clock.nowMs();
      if (waitMs <= 0 || isComplete(partitions, minBytes)) break;
      const waiting = partitions.filter((partition) => partition.log !== undefined && partition.result !== undefined);
      const woken = await waitForMore(deps.clock, context.connection, waiting, readCommitted, waitMs);
      if (woken.length === 0) break;
      stale = woken;
    }
    const bytes = sizeOf(partitions);
    deps.responseMemory.take(bytes);
    context.connection.afterResponse(() => deps.responseMemory.giveBack(bytes));
    return responseOf(deps, request, partitions, context.apiVersion);
  };
}

function partitionsOf(request: Request): FetchedPartition[] {
  const partitions: FetchedPartition[] = [];
  request.topics.forEach(({ topic: name, topicId, partitions: asked }, topicIndex) => {
    for (const partition of asked) {
      partitions.push({ topicIndex, name, topicId, asked: partition, errorCode: 0, topic: undefined, log: undefined, result: undefined });
    }
  });
  return partitions;
}

/** Reads the stale partitions within what the others leave of the budget, in the order of the request. */
async function readAll(
  deps: HandlerDeps,
  context: ServedRequest,
  partitions: readonly FetchedPartition[],
  stale: readonly FetchedPartition[],
  readCommitted: boolean,
  maxBytes: number,
): Promise<void> {
  for (const partition of stale) partition.result = undefined;
  const used = sizeOf(partitions);
  const budget: Budget = { left: maxBytes - used, any: used > 0 };
  for (const partition of stale) {
    const byId = context.apiVersion >= FIRST_TOPIC_ID_VERSION;
    const found = findPartition(deps, context.nodeId, partition.name, partition.topicId, byId, partition.asked.partition);
    partition.errorCode = found.errorCode;
    partition.topic = found.topic;
    partition.log = found.log;
    if (found.log !== undefined) await readOne(partition, found.log, readCommitted, budget);
  }
}

async function readOne(partition: FetchedPartition, log: PartitionLog, readCommitted: boolean, budget: Budget): Promise<void> {
  const { asked } = partition;
  if (hasNothing(asked, log, readCommitted)) {
    partition.result = emptyResult(log, readCommitted);
    return;
  }
  const result = await log.read({
    fetchOffset: asked.fetchOffset,
    maxBytes: Math.max(Math.min(asked.partitionMaxBytes, budget.left), 0),
    minOneMessage: !budget.any,
    readCommitted,
    currentLeaderEpoch: asked.currentLeaderEpoch,
    lastFetchedEpoch: asked.lastFetchedEpoch,
  });
  partition.result = result;
  partition.errorCode = result.errorCode;
  budget.left -= result.records.length;
  if (result.records.length > 0) budget.any = true;
}

/** The reader is at the end and there is nothing else to tell it: most partitions of most fetches. */
function hasNothing(asked: PartitionRequest, log: PartitionLog, readCommitted: boolean): boolean {
  const end = readCommitted ? log.lastStableOffset : log.highWatermark;
  const epochKnown = asked.currentLeaderEpoch < 0 || asked.currentLeaderEpoch === log.leaderEpoch;
  return asked.fetchOffset === end && epochKnown && asked.lastFetchedEpoch < 0;
}

function emptyResult(log: PartitionLog, readCommitted: boolean): ReadResult {
  return {
    errorCode: ErrorCode.NONE,
    records: NO_RECORDS,
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.logStartOffset,
    abortedTransactions: readCommitted ? [] : null,
  };
}

function sizeOf(partitions: readonly FetchedPartition[]): number {
  let bytes = 0;
  for (const { result } of partitions) if (result !== undefined) bytes += result.records.length;
  return bytes;
}

/** Enough was read, or there is something that the client must learn at once. */
function isComplete(partitions: readonly FetchedPartition[], minBytes: number): boolean {
  if (partitions.length === 0) return true;
  let bytes = 0;
  for (const { errorCode, result } of partitions) {
    if (errorCode !== ErrorCode.NONE || result?.divergingEpoch !== undefined) return true;
    bytes += result?.records.length ?? 0;
  }
  return bytes >= minBytes;
}

function responseOf(deps: HandlerDeps, request: Request, partitions: readonly FetchedPartition[], version: number): Response {
  const responses = request.topics.map(({ topic, topicId }) => ({ topic, topicId, partitions: [] as PartitionResponse[] }));
  const leaders = new Set<number>();
  for (const partition of partitions) responses[partition.topicIndex]?.partitions.push(partitionResponse(partition, leaders, version));
  const response = { errorCode: ErrorCode.NONE, sessionId: 0, responses };
  if (leaders.size === 0 || version < FIRST_ENDPOINTS_VERSION) return response;
  return { ...response, nodeEndpoints: endpointsOf(deps, leaders) };
}

function partitionResponse(partition: FetchedPartition, leaders: Set<number>, version: number): PartitionResponse {
  const { asked, errorCode, result, topic } = partition;
  const partitionIndex = asked.partition;
  if (result === undefined) {
    const response = { partitionIndex, errorCode, highWatermark: -1, abortedTransactions: null, records: NO_RECORDS };
    const namesLeader = errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER && version >= FIRST_CURRENT_LEADER_VERSION;
    if (!namesLeader || topic === undefined) return response;
    const leader = currentLeader(topic, partitionIndex);
    leaders.add(leader.leaderId);
    return { ...response, currentLeader: leader };
  }
  const { highWatermark, lastStableOffset, logStartOffset, abortedTransactions, records, divergingEpoch } = result;
  if (errorCode !== ErrorCode.NONE) {
    return {
      partitionIndex,
      errorCode,
      highWatermark: -1,
      lastStableOffset: -1,
      logStartOffset: -1,
      abortedTransactions: null,
      records: NO_RECORDS,
    };
  }
  const response = { partitionIndex, errorCode, highWatermark, lastStableOffset, logStartOffset, abortedTransactions, records };
  return divergingEpoch === undefined ? response : { ...response, divergingEpoch };
}
