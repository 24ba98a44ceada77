import { type ErrorCode, MillraceError } from '../errors.ts';
import { DeserializationFailure, FlowSignal, TaskFailure } from '../processors/signals.ts';
import type { ErrorContext, ExceptionHandlers, HandlerResponse } from '../topology/handlers.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { TaskOrigin } from './record-origin.ts';
import type { TaskLog } from './services.ts';

type Kind = keyof ExceptionHandlers;

const CODES: Record<Kind, ErrorCode> = {
  deserialization: 'DESERIALIZATION_FAILED',
  processing: 'PROCESSING_FAILED',
  production: 'PRODUCTION_FAILED',
};

const WORDS: Record<Kind, string> = {
  deserialization: 'could not read',
  processing: 'failed on',
  production: 'could not write the output of',
};

/** Asks the exception handlers and does what they say. */
export class ErrorHandling {
  private readonly taskId: string;
  private readonly handlers: ExceptionHandlers;
  private readonly deadLetters: DeadLetters;
  private readonly origin: TaskOrigin;
  private readonly log: TaskLog;

  constructor(taskId: string, handlers: ExceptionHandlers, deadLetters: DeadLetters, origin: TaskOrigin, log: TaskLog) {
    this.taskId = taskId;
    this.handlers = handlers;
    this.deadLetters = deadLetters;
    this.origin = origin;
    this.log = log;
  }

  /** Something was thrown below `node`'s `process`. Returns when the sub-tree is to be skipped. */
  processingFailed(error: unknown, node: string): void {
    if (error instanceof FlowSignal) throw error;
    this.handle('processing', error, node);
  }

  /** An output record could not be serialised or is too large. Returns when it is to be left out. */
  productionFailed(error: unknown, node: string): void {
    if (error instanceof FlowSignal) throw error;
    this.handle('production', error, node);
  }

  /** Key, value or timestamp of the input record could not be read. Returns when the record is to be dropped. */
  deserializationFailed(error: unknown, node: string): void {
    if (error instanceof TaskFailure) throw error;
    this.handle('deserialization', error instanceof DeserializationFailure ? error.cause : error, node);
  }

  private handle(kind: Kind, thrown: unknown, node: string): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
    const context = this.context(node);
    const response = this.ask(kind, error, context);
    if (response === 'continue' || response === 'dead-letter') {
      if (response === 'dead-letter') this.deadLetters.write(error, context);
      this.log('warn', `${describe(kind, context)}: ${error.message}. Going on (${response}).`, logContext(context));
      return;
    }
    throw this.failure(kind, error, context);
  }

  private ask(kind: Kind, error: Error, context: ErrorContext): HandlerResponse {
    let response: HandlerResponse;
    try {
      response = this.handlers[kind](error, context);
    } catch (cause) {
      throw this.failure(kind, new Error(`the ${kind} exception handler threw: ${(cause as Error).message}`, { cause }), context);
    }
    if (response === 'dead-letter' && !this.deadLetters.enabled) {
      const text = `the ${kind} exception handler says "dead-letter", but option deadLetterTopic is not set; the error was: ${error.message}`;
      throw this.failure(kind, new Error(text, { cause: error }), context);
    }
    return response;
  }

  private failure(kind: Kind, cause: Error, context: ErrorContext): TaskFailure {
    return new TaskFailure(
      new MillraceError(CODES[kind], `${describe(kind, context)}: ${cause.message}`, { cause, context: logContext(context) }),
    );
  }

  private context(node: string): ErrorContext {
    const { origin } = this;
    return {
      topic: origin.topic,
      partition: origin.partition,
      offset: origin.offset,
      timestamp: origin.timestamp,
      headers: origin.headers(),
      node,
      taskId: this.taskId,
      rawKey: origin.rawKey(),
      rawValue: origin.rawValue(),
    };
  }
}

function describe(kind: Kind, context: ErrorContext): string {
  const record = context.offset < 0 ? 'a punctuation' : `record ${context.topic}-${context.partition}@${context.offset}`;
  return `Node "${context.node}" of task ${context.taskId} ${WORDS[kind]} ${record}`;
}

function logContext({ node, taskId, topic, partition, offset }: ErrorContext): Record<string, string | number> {
  return { node, taskId, topic, partition, offset };
}
