import type { ErrorContext } from '../topology/handlers.ts';
import type { Header } from '../topology/operators.ts';
import type { OutputCollector } from './output-collector.ts';
import type { TaskCounters } from './services.ts';

/** Stacks are cut here, so that a dead letter is not refused for its size. */
const MAX_STACK_CHARACTERS = 16_384;

/** Writes source records that could not be handled, with what happened in their headers (KIP-1034). */
export class DeadLetters {
  private readonly topic: string | undefined;
  private readonly outputs: OutputCollector;
  private readonly counters: TaskCounters;

  constructor(topic: string | undefined, outputs: OutputCollector, counters: TaskCounters) {
    this.topic = topic;
    this.outputs = outputs;
    this.counters = counters;
  }

  get enabled(): boolean {
    return this.topic !== undefined;
  }

  /** The record's original key, value, timestamp and headers, and six headers more. */
  write(error: Error, context: ErrorContext): void {
    const headers = [...context.headers, ...errorHeaders(error, context)];
    this.outputs.topic(this.topic!).appendBytes(Math.max(context.timestamp, 0), context.rawKey, context.rawValue, headers);
    this.counters.deadLetters++;
  }
}

function errorHeaders(error: Error, context: ErrorContext): Header[] {
  return [
    header('exception', error.name),
    header('message', error.message),
    header('stacktrace', (error.stack ?? '').slice(0, MAX_STACK_CHARACTERS)),
    // A punctuation has no topic: null, as in Kafka Streams.
    header('topic', context.topic === '' ? null : context.topic),
    header('partition', String(context.partition)),
    header('offset', String(context.offset)),
  ];
}

function header(name: string, value: string | null): Header {
  return [`__streams.errors.${name}`, value === null ? null : Buffer.from(value)];
}
