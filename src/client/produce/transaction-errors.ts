/** What can be done about an error of a transactional request. (Kafka: `TransactionManager`'s handlers.) */
import { isMillraceError, MillraceError } from '../../errors.ts';
import { ErrorCode } from '../../protocol/index.ts';
import { kafkaCodeOf } from '../errors.ts';

/** Another producer has the transactional id now. */
const FENCED: ReadonlySet<number> = new Set([ErrorCode.INVALID_PRODUCER_EPOCH, ErrorCode.PRODUCER_FENCED]);

/** An abort gets over these; everything else that is not retriable ends the producer. */
const ABORTABLE: ReadonlySet<number> = new Set([
  ErrorCode.TRANSACTION_ABORTABLE,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.OPERATION_NOT_ATTEMPTED,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.OFFSET_METADATA_TOO_LARGE,
]);

/** After an abort because of these a new epoch is needed. */
const NEEDS_NEW_EPOCH: ReadonlySet<number> = new Set([ErrorCode.UNKNOWN_PRODUCER_ID, ErrorCode.INVALID_PRODUCER_ID_MAPPING]);

/** The error with its flags set: retriable, abortable or fatal. */
export function asTransactionError(error: unknown, action: string, transactionalId: string): MillraceError {
  if (!isMillraceError(error)) return new MillraceError('INTERNAL', `${action} failed: ${String(error)}`, { cause: error, fatal: true });
  const code = kafkaCodeOf(error);
  const context = { ...error.context, transactionalId };
  if (code !== undefined && FENCED.has(code)) return fenced(action, transactionalId, error);
  if (code !== undefined && ABORTABLE.has(code))
    return new MillraceError(error.code, error.message, { cause: error, abortable: true, context });
  const passes = error.retriable || error.code === 'TIMEOUT' || error.code === 'BROKER_UNREACHABLE';
  return new MillraceError(error.code, error.message, { cause: error, retriable: passes, fatal: !passes, context });
}

export function needsNewEpoch(error: MillraceError): boolean {
  const code = kafkaCodeOf(error);
  return code !== undefined && NEEDS_NEW_EPOCH.has(code);
}

function fenced(action: string, transactionalId: string, cause: MillraceError): MillraceError {
  return new MillraceError(
    'PRODUCER_FENCED',
    `${action} failed: another producer with transactional id ${transactionalId} has taken over, or the transaction timed out. Each running producer needs a transactional id of its own.`,
    { cause, fatal: true, context: { ...cause.context, transactionalId } },
  );
}
