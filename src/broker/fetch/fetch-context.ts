import { ErrorCode } from '../../protocol/index.ts';
import { type FetchedPartition, type FetchPartition, type FetchRequest, partitionsOf } from './fetch-partition.ts';
import { type FetchSession, FINAL_EPOCH, INITIAL_EPOCH, nextEpoch, remember } from './fetch-session.ts';
import type { FetchSessionCache } from './session-cache.ts';

/** Topics go by their ids from this version on. */
const FIRST_TOPIC_ID_VERSION = 13;

/** What a response says apart from its partitions. */
export interface FetchAnswer {
  readonly errorCode: number;
  readonly sessionId: number;
  readonly partitions: readonly FetchedPartition[];
}

/** What one fetch reads, and which of it the client is told. */
export interface FetchContext {
  /** In the order in which they are read. */
  readonly partitions: readonly FetchPartition[];
  finish(fetched: readonly FetchedPartition[]): FetchAnswer;
}

/** Kafka's `FetchManager.newContext`: without a session, the first of one, within one, or an error (KIP-227). */
export function openFetchContext(request: FetchRequest, version: number, sessions: FetchSessionCache, nowMs: number): FetchContext {
  const { sessionId, sessionEpoch } = request;
  if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
    // A full fetch closes the session it comes with.
    sessions.close(sessionId);
    const partitions = partitionsOf(request);
    if (sessionEpoch === FINAL_EPOCH) return withoutSession(partitions);
    return { partitions, finish: (fetched) => openSession(sessions, fetched, version, nowMs) };
  }
  return continueSession(request, version, sessions, nowMs);
}

function withoutSession(partitions: readonly FetchPartition[]): FetchContext {
  return { partitions, finish: (fetched) => ({ errorCode: ErrorCode.NONE, sessionId: 0, partitions: fetched }) };
}

function failed(errorCode: number): FetchContext {
  return { partitions: [], finish: () => ({ errorCode, sessionId: 0, partitions: [] }) };
}

function openSession(sessions: FetchSessionCache, fetched: readonly FetchedPartition[], version: number, nowMs: number): FetchAnswer {
  for (const partition of fetched) remember(partition);
  const asked = fetched.map((partition) => partition.asked);
  const session = sessions.open(asked, version >= FIRST_TOPIC_ID_VERSION, nowMs);
  return { errorCode: ErrorCode.NONE, sessionId: session?.id ?? 0, partitions: fetched };
}

function continueSession(request: FetchRequest, version: number, sessions: FetchSessionCache, nowMs: number): FetchContext {
  const session = sessions.get(request.sessionId);
  if (session === undefined) return failed(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
  if (session.epoch !== request.sessionEpoch) return failed(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  if (session.byId !== version >= FIRST_TOPIC_ID_VERSION) return failed(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
  sessions.use(session, nowMs, () => session.update(request));
  if (session.size === 0) return withoutSession(partitionsOf(request));
  session.epoch = nextEpoch(session.epoch);
  const { epoch } = session;
  return { partitions: session.partitions(), finish: (fetched) => finishIncremental(session, epoch, fetched) };
}

/** Another fetch of the session may have come in meanwhile, by another connection. */
function finishIncremental(session: FetchSession, epoch: number, fetched: readonly FetchedPartition[]): FetchAnswer {
  if (session.epoch !== epoch) return { errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, sessionId: session.id, partitions: [] };
  return { errorCode: ErrorCode.NONE, sessionId: session.id, partitions: session.select(fetched) };
}
