/** Error codes of responses, wherever a response has them. */
import { ErrorCode } from '../protocol/index.ts';
import type { Target } from './target.ts';

const CODE_FIELDS = ['errorCode', 'partitionErrorCode'] as const;

/**
 * The error codes of the innermost parts of a response: those of partitions if it has partitions, else those of topics,
 * else its own. Meant for small responses; looks at everything.
 */
export function innermostErrorCodes(response: object): number[] {
  const codes: number[] = [];
  collect(response, codes);
  return codes;
}

/** True when it, or something in it, has an error code. */
function collect(value: object, codes: number[]): boolean {
  let found = false;
  for (const inner of Object.values(value)) {
    if (typeof inner !== 'object' || inner === null || ArrayBuffer.isView(inner)) continue;
    if (collect(inner, codes)) found = true;
  }
  if (found || Array.isArray(value)) return found;
  for (const field of CODE_FIELDS) {
    const code = (value as Record<string, unknown>)[field];
    if (typeof code === 'number') {
      codes.push(code);
      return true;
    }
  }
  return false;
}

const WRONG_COORDINATOR: ReadonlySet<number> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
]);
const WRONG_CONTROLLER: ReadonlySet<number> = new Set([ErrorCode.NOT_CONTROLLER]);
const WRONG_LEADER: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.OFFSET_NOT_AVAILABLE,
]);

/**
 * The code with which the broker says that it is not the right one for this target, in every part of the response; 0 when
 * it is. Such a request did nothing, so it may go to another broker.
 */
export function wrongBrokerCode(target: Target, response: object): number {
  const wrong = wrongCodes(target);
  if (wrong === undefined) return 0;
  const codes = innermostErrorCodes(response);
  return codes.length > 0 && codes.every((code) => wrong.has(code)) ? codes[0]! : 0;
}

function wrongCodes(target: Target): ReadonlySet<number> | undefined {
  if (target === 'controller') return WRONG_CONTROLLER;
  if (target === 'any' || 'node' in target) return undefined;
  return 'leader' in target ? WRONG_LEADER : WRONG_COORDINATOR;
}
