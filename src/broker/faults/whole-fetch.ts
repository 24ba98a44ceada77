/** Fetch sessions (KIP-227) hide which partitions a request is about; while a fault must see them, there are none. */

import { ErrorCode, Fetch } from '../../protocol/index.ts';
import { placeOfError } from './error-answer.ts';
import type { FaultRule } from './fault-rule.ts';

type Struct = Readonly<Record<string, unknown>>;

const NO_SESSION = 0;
const SESSIONLESS_EPOCH = -1;

/** Whether the fault needs to know the partitions of the fetches that it is for. */
export function needsPartitions({ spent, fault }: FaultRule): boolean {
  if (spent) return false;
  return fault.topic !== undefined || (fault.action === 'error' && placeOfError(Fetch, ErrorCode[fault.error]) === 'items');
}

/** The request without a session; undefined when it relies on one, so that the client must be told to name its partitions. */
export function asSessionless(request: Struct): Struct | undefined {
  if (request.sessionEpoch === SESSIONLESS_EPOCH) return request;
  return request.sessionId === NO_SESSION ? { ...request, sessionEpoch: SESSIONLESS_EPOCH } : undefined;
}

/** The answer that makes every client send a full request next. */
export const SESSION_NOT_FOUND = { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: NO_SESSION, responses: [] };
