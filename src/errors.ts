/**
 * One base class and a closed list of codes. What a caller may do about an error is data on the error
 * (`retriable`, `abortable`, `fatal`), never something to be guessed from its message.
 */

/** Every code an error of this package can carry. Add here, and only here. */
export type ErrorCode =
  | 'INVALID_CONFIG'
  | 'INVALID_TOPOLOGY'
  | 'TOPOLOGY_LOAD_FAILED'
  | 'PLAN_MISMATCH'
  | 'INVALID_STATE'
  | 'BROKER_UNREACHABLE'
  | 'MISSING_TOPIC'
  | 'PARTITION_MISMATCH'
  | 'INTERNAL_TOPIC_MISMATCH'
  | 'AUTHENTICATION_FAILED'
  | 'SERIALIZATION_FAILED'
  | 'DESERIALIZATION_FAILED'
  | 'INVALID_TIMESTAMP'
  | 'PROCESSING_FAILED'
  | 'PRODUCTION_FAILED'
  | 'RECORD_TOO_LARGE'
  | 'QUEUE_FULL'
  | 'TASK_MIGRATED'
  | 'TASK_CORRUPTED'
  | 'PRODUCER_FENCED'
  | 'TRANSACTION_ABORTABLE'
  | 'COMMIT_FAILED'
  | 'TIMEOUT'
  | 'SHARD_DIED'
  | 'PORT_IN_USE'
  | 'DATA_DIR_UNUSABLE'
  | 'CORRUPT_RECORD'
  | 'MALFORMED_FRAME'
  | 'UNSUPPORTED_VERSION'
  | 'UNSUPPORTED_COMPRESSION'
  | 'KAFKA_ERROR'
  | 'INTERNAL';

export interface ErrorDetails {
  /** The error this one was made from. */
  cause?: unknown;
  /** The same call may be made again. Default false. */
  retriable?: boolean;
  /** The open transaction must be aborted; after that work can go on. Default false. */
  abortable?: boolean;
  /** The client or engine that raised it can do no more work. Default false. */
  fatal?: boolean;
  /** Names of the things concerned: topic, partition, offset, option, file… Printed by the CLI and the logs. */
  context?: Record<string, string | number | boolean | undefined>;
}

/**
 * The only error class this package throws on purpose. `message` names the thing and the remedy in one or two
 * sentences, so that printing it alone is enough for a user.
 */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly abortable: boolean;
  readonly fatal: boolean;
  readonly context: Readonly<Record<string, string | number | boolean | undefined>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.retriable = details.retriable ?? false;
    this.abortable = details.abortable ?? false;
    this.fatal = details.fatal ?? false;
    this.context = details.context ?? {};
  }
}

/** True for errors of this package, also when they come from another copy of it. */
export function isMillraceError(error: unknown): error is MillraceError {
  return error instanceof Error && error.name === 'MillraceError' && 'code' in error;
}

/** An error as plain data, for the trip between threads. */
export interface SerializedError {
  code: ErrorCode;
  name: string;
  message: string;
  stack?: string | undefined;
  retriable: boolean;
  abortable: boolean;
  fatal: boolean;
  context: Record<string, string | number | boolean | undefined>;
  cause?: SerializedError | undefined;
}

/** Turns anything thrown into plain data that `postMessage` can carry. Causes are kept to a depth of five. */
export function serializeError(error: unknown, depth = 0): SerializedError {
  const base = error instanceof Error ? error : new Error(String(error));
  const known = isMillraceError(error) ? error : undefined;
  return {
    code: known?.code ?? 'INTERNAL',
    name: base.name,
    message: base.message,
    stack: base.stack,
    retriable: known?.retriable ?? false,
    abortable: known?.abortable ?? false,
    fatal: known?.fatal ?? false,
    context: { ...known?.context },
    cause: base.cause === undefined || depth >= 5 ? undefined : serializeError(base.cause, depth + 1),
  };
}

/** The way back from {@link serializeError}. Foreign errors come back as plain `Error`s with their name and stack. */
export function deserializeError(data: SerializedError): Error {
  const cause = data.cause === undefined ? undefined : deserializeError(data.cause);
  let error: Error;
  if (data.name === 'MillraceError') {
    error = new MillraceError(data.code, data.message, { ...data, cause });
  } else {
    error = new Error(data.message, cause === undefined ? undefined : { cause });
    error.name = data.name;
  }
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}
