/**
 * The three guarantees. All do the same two things: write the result, and commit the offset that says an order is done.
 * They differ in the order of the two, and so in what a crash between them costs.
 */

import { type Consumer, done, flush, type Message, offsetsAfter, type Producer } from './kafka.ts';
import type { Guarantee, Order, Tracked } from './order.ts';

const TIMEOUT_MS = 30_000;

export interface TrackerContext {
  readonly name: string;
  readonly output: string;
  /** How long an order takes. */
  readonly workMs: number;
  readonly producer: Producer;
  readonly consumer: Consumer;
  /** A crash on demand may happen here, with so many orders in hand. */
  crashPoint(orders: number): void;
}

interface Steps {
  start?(context: TrackerContext): Promise<void>;
  batch(context: TrackerContext, messages: readonly Message[]): Promise<void>;
}

export const STEPS: Readonly<Record<Guarantee, Steps>> = {
  /** Commit, then write: what was committed and not written when it died is never looked at again. */
  'at-most-once': {
    async batch({ consumer, producer, ...context }, messages) {
      consumer.commitSync(offsetsAfter(messages));
      context.crashPoint(messages.length);
      for (const message of messages) await track(producer, context, message);
      await flush(producer);
    },
  },

  /** Write, then commit: what was written and not committed is read again by whoever takes over. */
  'at-least-once': {
    async batch({ consumer, producer, ...context }, messages) {
      for (const message of messages) await track(producer, context, message);
      await flush(producer);
      context.crashPoint(messages.length);
      consumer.commitSync(offsetsAfter(messages));
    },
  },

  /** Both in one transaction: what is not committed is aborted, result and offset together. */
  'exactly-once': {
    start: ({ producer }) => done((callback) => producer.initTransactions(TIMEOUT_MS, callback)),
    async batch({ consumer, producer, ...context }, messages) {
      await done((callback) => producer.beginTransaction(callback));
      for (const message of messages) await track(producer, context, message);
      await done((callback) => producer.sendOffsetsToTransaction(offsetsAfter(messages), consumer, TIMEOUT_MS, callback));
      await flush(producer);
      context.crashPoint(messages.length);
      await done((callback) => producer.commitTransaction(TIMEOUT_MS, callback));
    },
  },
};

async function track(
  producer: Producer,
  { name, output, workMs }: Pick<TrackerContext, 'name' | 'output' | 'workMs'>,
  { value }: Message,
): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, workMs));
  const order = JSON.parse(String(value)) as Order;
  const tracked: Tracked = { order: order.id, tracker: name };
  producer.produce(output, null, Buffer.from(JSON.stringify(tracked)), String(order.id));
}
