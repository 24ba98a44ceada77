import type { AppendResult } from '../seams.ts';

/** The Kafka error codes that a log answers with. */
export const NONE = 0;
export const OFFSET_OUT_OF_RANGE = 1;
export const CORRUPT_MESSAGE = 2;
export const MESSAGE_TOO_LARGE = 10;
export const RECORD_LIST_TOO_LARGE = 18;
export const INVALID_TIMESTAMP = 32;
export const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
export const INVALID_PRODUCER_EPOCH = 47;
export const INVALID_TXN_STATE = 48;
export const TRANSACTION_COORDINATOR_FENCED = 52;
export const KAFKA_STORAGE_ERROR = 56;
export const FENCED_LEADER_EPOCH = 74;
export const UNKNOWN_LEADER_EPOCH = 75;
export const UNSUPPORTED_COMPRESSION_TYPE = 76;
export const INVALID_RECORD = 87;

/** Why a batch or marker was refused. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly recordErrors?: readonly { readonly batchIndex: number; readonly message: string }[];
}

/** What an append answers with when nothing was appended. */
export function refusedResult({ code, message, recordErrors }: Refusal): AppendResult {
  const result = { errorCode: code, errorMessage: message, baseOffset: -1, lastOffset: -1, logAppendTimeMs: -1 };
  return recordErrors === undefined ? result : { ...result, recordErrors };
}
