import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';
import type { HandlerDeps } from './deps.ts';

export interface Failure {
  readonly code: number;
  readonly message: string;
}

/** What a client is told of an error. One that is not a KafkaProtocolError is a fault of the broker, and logged. */
export function failureOf(deps: HandlerDeps, doing: string, error: unknown): Failure {
  if (error instanceof KafkaProtocolError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  deps.log.error(`Failed at ${doing}: ${message}`);
  return { code: ErrorCode.UNKNOWN_SERVER_ERROR, message };
}
