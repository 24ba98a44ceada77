import { type ErrorCode, MillraceError } from '../../errors.ts';
import type { NativeError, NativeFailure } from './native.ts';

/** librdkafka's own codes are negative, the broker's positive. Only those that are told apart here. */
export const CODE = {
  QUEUE_FULL: -184,
  TIMED_OUT: -185,
  TRANSPORT: -195,
  RESOLVE: -193,
  ALL_BROKERS_DOWN: -187,
  MESSAGE_TIMED_OUT: -192,
  UNKNOWN_PARTITION: -190,
  UNKNOWN_TOPIC: -188,
  ASSIGN_PARTITIONS: -175,
  REVOKE_PARTITIONS: -174,
  STATE: -172,
  AUTHENTICATION: -169,
  TIMED_OUT_QUEUE: -166,
  FATAL: -150,
  MAX_POLL_EXCEEDED: -147,
  FENCED: -144,
  NO_OFFSET: -168,
  AUTO_OFFSET_RESET: -140,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_LOADING: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  RECORD_LIST_TOO_LARGE: 18,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER: 25,
  REBALANCE_IN_PROGRESS: 27,
  TOPIC_AUTHORIZATION: 29,
  GROUP_AUTHORIZATION: 30,
  CLUSTER_AUTHORIZATION: 31,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PRODUCER_EPOCH: 47,
  TRANSACTIONAL_ID_AUTHORIZATION: 53,
  SASL_AUTHENTICATION: 58,
  FENCED_INSTANCE: 82,
  PRODUCER_FENCED: 90,
} as const;

const MILLRACE_CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [CODE.QUEUE_FULL, 'QUEUE_FULL'],
  [CODE.TIMED_OUT, 'TIMEOUT'],
  [CODE.TIMED_OUT_QUEUE, 'TIMEOUT'],
  [CODE.MESSAGE_TIMED_OUT, 'TIMEOUT'],
  [CODE.TRANSPORT, 'BROKER_UNREACHABLE'],
  [CODE.RESOLVE, 'BROKER_UNREACHABLE'],
  [CODE.ALL_BROKERS_DOWN, 'BROKER_UNREACHABLE'],
  [CODE.UNKNOWN_TOPIC, 'MISSING_TOPIC'],
  [CODE.UNKNOWN_PARTITION, 'MISSING_TOPIC'],
  [CODE.UNKNOWN_TOPIC_OR_PARTITION, 'MISSING_TOPIC'],
  [CODE.AUTHENTICATION, 'AUTHENTICATION_FAILED'],
  [CODE.SASL_AUTHENTICATION, 'AUTHENTICATION_FAILED'],
  [CODE.MESSAGE_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [CODE.RECORD_LIST_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [CODE.ILLEGAL_GENERATION, 'TASK_MIGRATED'],
  [CODE.UNKNOWN_MEMBER, 'TASK_MIGRATED'],
  [CODE.FENCED_INSTANCE, 'TASK_MIGRATED'],
  [CODE.REBALANCE_IN_PROGRESS, 'TASK_MIGRATED'],
  [CODE.FENCED, 'PRODUCER_FENCED'],
  [CODE.INVALID_PRODUCER_EPOCH, 'PRODUCER_FENCED'],
  [CODE.PRODUCER_FENCED, 'PRODUCER_FENCED'],
]);

/** Retriable by nature, where the binding gives a bare code and so no flag. */
const RETRIABLE: ReadonlySet<number> = new Set([
  CODE.TIMED_OUT,
  CODE.TIMED_OUT_QUEUE,
  CODE.TRANSPORT,
  CODE.RESOLVE,
  CODE.ALL_BROKERS_DOWN,
  CODE.QUEUE_FULL,
  CODE.COORDINATOR_LOADING,
  CODE.COORDINATOR_NOT_AVAILABLE,
  CODE.NOT_COORDINATOR,
]);

export function codeOf(failure: NativeFailure): number {
  return typeof failure === 'number' ? failure : (failure?.code ?? 0);
}

export function isAuthenticationError(code: number): boolean {
  return code === CODE.AUTHENTICATION || code === CODE.SASL_AUTHENTICATION;
}

/**
 * An error of the native client as ours. `action` completes "… failed", for example `Committing offsets of group g`.
 * Flags decide what can be done about it; a bare code is retriable when it is so by nature.
 */
export function asMillraceError(failure: NativeFailure, action: string, context: MillraceError['context'] = {}): MillraceError {
  const code = codeOf(failure);
  const native: Partial<NativeError> = typeof failure === 'object' && failure !== null ? failure : {};
  const known = MILLRACE_CODES.get(code) ?? 'KAFKA_ERROR';
  return new MillraceError(known, `${action} failed: ${native.message ?? `Kafka error ${code}`}.`, {
    cause: failure instanceof Error ? failure : undefined,
    retriable: native.isRetriable === true || RETRIABLE.has(code),
    abortable: native.isTxnRequiresAbort === true,
    fatal: native.isFatal === true || code === CODE.FATAL,
    context: { ...context, kafkaCode: code },
  });
}

/**
 * The same for a call of the transaction API, where librdkafka's rule holds: retriable, make the same call again;
 * requires abort, abort; fatal, or no flag at all, a new producer.
 */
export function asTransactionError(failure: NativeFailure, action: string, transactionalId: string): MillraceError {
  const error = asMillraceError(failure, action, { transactionalId });
  const native: Partial<NativeError> = typeof failure === 'object' && failure !== null ? failure : {};
  const { isRetriable = false, isTxnRequiresAbort: abortable = false } = native;
  const fenced = error.code === 'PRODUCER_FENCED' && !abortable;
  const message = fenced
    ? `${action} failed: another producer with transactional id ${transactionalId} has taken over. Each running instance needs a process id of its own.`
    : error.message;
  return new MillraceError(abortable && error.code === 'KAFKA_ERROR' ? 'TRANSACTION_ABORTABLE' : error.code, message, {
    cause: error.cause,
    retriable: isRetriable && !abortable && native.isFatal !== true,
    abortable,
    fatal: native.isFatal === true || fenced || (!isRetriable && !abortable),
    context: error.context,
  });
}
