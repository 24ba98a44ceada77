import type { Headers } from './operators.ts';

/** What a handler answers. `dead-letter` = continue, and write the source record to the dead-letter topic. */
export type HandlerResponse = 'fail' | 'continue' | 'dead-letter';

/** Where an error happened, for the handlers and for the dead-letter headers. */
export interface ErrorContext {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly headers: Headers;
  /** Processor node, source or sink. */
  readonly node: string;
  readonly taskId: string;
  /** The source record's bytes; null where there is none (punctuators, or a null key or value). */
  readonly rawKey: Uint8Array | null;
  readonly rawValue: Uint8Array | null;
}

/** A key, value or timestamp that could not be read. KIP-1034 names. */
export type DeserializationExceptionHandler = (error: Error, context: ErrorContext) => HandlerResponse;
/** A user function that threw; `continue` skips what lies below that node only. KIP-1033. */
export type ProcessingExceptionHandler = (error: Error, context: ErrorContext) => HandlerResponse;
/** An output record that could not be serialised or is refused by the broker. */
export type ProductionExceptionHandler = (error: Error, context: ErrorContext) => HandlerResponse;

export interface ExceptionHandlers {
  readonly deserialization: DeserializationExceptionHandler;
  readonly processing: ProcessingExceptionHandler;
  readonly production: ProductionExceptionHandler;
}
