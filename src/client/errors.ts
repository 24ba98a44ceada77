/** The errors of this folder, each naming what was asked of whom and what helps. */
import { type ErrorCode, isMillraceError, MillraceError } from '../errors.ts';
import { ErrorCode as Kafka, kafkaError } from '../protocol/index.ts';

/** Kafka's errors that this package has codes of its own for; all others are KAFKA_ERROR. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [Kafka.CORRUPT_MESSAGE, 'CORRUPT_RECORD'],
  [Kafka.UNKNOWN_TOPIC_OR_PARTITION, 'MISSING_TOPIC'],
  [Kafka.UNKNOWN_TOPIC_ID, 'MISSING_TOPIC'],
  [Kafka.REQUEST_TIMED_OUT, 'TIMEOUT'],
  [Kafka.MESSAGE_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [Kafka.RECORD_LIST_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [Kafka.UNSUPPORTED_VERSION, 'UNSUPPORTED_VERSION'],
  [Kafka.UNSUPPORTED_COMPRESSION_TYPE, 'UNSUPPORTED_COMPRESSION'],
  [Kafka.SASL_AUTHENTICATION_FAILED, 'AUTHENTICATION_FAILED'],
  [Kafka.UNSUPPORTED_SASL_MECHANISM, 'AUTHENTICATION_FAILED'],
  [Kafka.ILLEGAL_GENERATION, 'TASK_MIGRATED'],
  [Kafka.UNKNOWN_MEMBER_ID, 'TASK_MIGRATED'],
  [Kafka.FENCED_INSTANCE_ID, 'TASK_MIGRATED'],
  [Kafka.REBALANCE_IN_PROGRESS, 'TASK_MIGRATED'],
  [Kafka.INVALID_PRODUCER_EPOCH, 'PRODUCER_FENCED'],
  [Kafka.PRODUCER_FENCED, 'PRODUCER_FENCED'],
  [Kafka.TRANSACTION_ABORTABLE, 'TRANSACTION_ABORTABLE'],
]);

/** What helps, where the error's own sentence does not say it. */
const REMEDIES: ReadonlyMap<number, string> = new Map<number, string>([
  [Kafka.UNKNOWN_TOPIC_OR_PARTITION, 'Check the name, or create the topic.'],
  [Kafka.TOPIC_AUTHORIZATION_FAILED, 'Give the user the right with an ACL.'],
  [Kafka.GROUP_AUTHORIZATION_FAILED, 'Give the user the right with an ACL.'],
  [Kafka.CLUSTER_AUTHORIZATION_FAILED, 'Give the user the right with an ACL.'],
  [Kafka.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'Give the user the right with an ACL.'],
  [Kafka.MESSAGE_TOO_LARGE, "Raise the topic's max.message.bytes, or send less at once."],
  [Kafka.PRODUCER_FENCED, 'Each running producer needs a transactional id of its own.'],
  [Kafka.INVALID_PRODUCER_EPOCH, 'Each running producer needs a transactional id of its own.'],
  [Kafka.FENCED_INSTANCE_ID, 'Each running member needs a group.instance.id of its own.'],
]);

/**
 * An error code of a response. `action` completes "… failed", as in `Creating topic orders`. The context has the code
 * and its name as `kafkaCode` and `kafkaError`.
 */
export function kafkaFailure(
  code: number,
  action: string,
  details: { readonly message?: string | null | undefined; readonly context?: MillraceError['context'] } = {},
): MillraceError {
  const { name, message, retriable } = kafkaError(code);
  const said = details.message === undefined || details.message === null || details.message === '' ? message : details.message;
  const remedy = REMEDIES.get(code);
  const sentence = /[.!?]$/.test(said) ? said : `${said}.`;
  return new MillraceError(
    CODES.get(code) ?? 'KAFKA_ERROR',
    `${action} failed: ${sentence} (${name})${remedy === undefined ? '' : ` ${remedy}`}`,
    {
      retriable,
      context: { ...details.context, kafkaCode: code, kafkaError: name },
    },
  );
}

/** Kafka's code of an error made by {@link kafkaFailure}; undefined for all others. */
export function kafkaCodeOf(error: unknown): number | undefined {
  const code = isMillraceError(error) ? error.context['kafkaCode'] : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** A connection that could not be made or has ended: the request may or may not have been carried out. */
export function connectionLost(broker: string, what: string, cause?: unknown): MillraceError {
  const reason = cause === undefined ? '' : ` (${reasonOf(cause)})`;
  return new MillraceError('BROKER_UNREACHABLE', `${what}${reason}.`, { cause, retriable: true, context: { broker } });
}

export function clientClosed(): MillraceError {
  return new MillraceError('INVALID_STATE', 'The Kafka client is closed.');
}

/** The shortest true sentence about an error of the socket layer. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several addresses of one name were tried: each has an error of its own, the whole has no message.
  const inner = (error as { errors?: unknown }).errors;
  if (error.message === '' && Array.isArray(inner) && inner.length > 0) return reasonOf(inner[0]);
  return error.message.replace(/[.\s]+$/, '');
}
