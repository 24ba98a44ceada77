/** The callback API of @confluentinc/kafka-javascript (librdkafka) as promises: just what this example needs. */

import { createRequire } from 'node:module';
import type * as Rdkafka from '@confluentinc/kafka-javascript';

const rdkafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;

export type Producer = Rdkafka.Producer;
export type Consumer = Rdkafka.KafkaConsumer;
export type Message = Rdkafka.Message;
export type TopicPartitionOffset = Rdkafka.TopicPartitionOffset;

const TIMEOUT_MS = 30_000;
const PARTITIONS = 6;
const ASSIGN = -175;
const TOPIC_ALREADY_EXISTS = 36;

/** Calls a function that takes a callback; rejects with the callback's error. */
export function done(call: (callback: (error: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === null || error === undefined ? resolve() : reject(asError(error))));
  });
}

function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  return new Error(typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error));
}

/** An idempotent producer: librdkafka repeats what was not acknowledged, the broker drops what it has already. */
export async function connectProducer(bootstrap: string, options: Rdkafka.ProducerGlobalConfig = {}): Promise<Producer> {
  const producer = new rdkafka.Producer({ 'bootstrap.servers': bootstrap, 'enable.idempotence': true, 'linger.ms': 5, ...options });
  await done((callback) => producer.connect({}, callback));
  producer.setPollInBackground(true);
  producer.on('event.error', (error) => {
    if (error.isFatal) throw asError(error);
  });
  return producer;
}

/** Waits until everything produced so far is acknowledged. */
export const flush = (producer: Producer): Promise<void> => done((callback) => producer.flush(TIMEOUT_MS, callback));

export const disconnect = (client: Producer | Consumer): Promise<void> => done((callback) => client.disconnect(callback));

export interface ConsumerOptions {
  readonly bootstrap: string;
  readonly group: string;
  readonly settings?: Rdkafka.ConsumerGlobalConfig;
  /** Called when partitions come or go; call `accept` when work on the old ones is done. */
  readonly onRebalance?: (partitions: readonly number[], accept: () => void) => void;
}

export async function connectConsumer({ bootstrap, group, settings, onRebalance }: ConsumerOptions): Promise<Consumer> {
  const consumer: Consumer = new rdkafka.KafkaConsumer(
    {
      'bootstrap.servers': bootstrap,
      'group.id': group,
      'enable.auto.commit': false,
      'isolation.level': 'read_committed',
      ...(onRebalance && {
        rebalance_cb: (error: { readonly code: number }, assignment: Rdkafka.TopicPartition[]) => {
          const partitions = error.code === ASSIGN ? assignment : [];
          onRebalance(
            partitions.map(({ partition }) => partition).sort((a, b) => a - b),
            () => {
              if (error.code === ASSIGN) consumer.assign(assignment);
              else consumer.unassign();
            },
          );
        },
      }),
      ...settings,
    },
    { 'auto.offset.reset': 'earliest' },
  );
  await done((callback) => consumer.connect({}, callback));
  consumer.setDefaultConsumeTimeout(100);
  // Wait for the first record of a batch only. Not in the typings of the package.
  Reflect.apply(Reflect.get(consumer, 'setDefaultIsTimeoutOnlyForFirstMessage'), consumer, [true]);
  return consumer;
}

export function consume(consumer: Consumer, records: number): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    consumer.consume(records, (error, messages) => (error ? reject(asError(error)) : resolve(messages)));
  });
}

/** Where reading goes on after these records, by partition. */
export function offsetsAfter(messages: readonly Message[]): TopicPartitionOffset[] {
  const ends = new Map<number, TopicPartitionOffset>();
  for (const { topic, partition, offset } of messages) ends.set(partition, { topic, partition, offset: offset + 1 });
  return [...ends.values()];
}

/** Makes topics that are not there yet. */
export async function createTopics(bootstrap: string, topics: readonly string[]): Promise<void> {
  const admin = rdkafka.AdminClient.create({ 'bootstrap.servers': bootstrap });
  try {
    for (const topic of topics) {
      const request = { topic, num_partitions: PARTITIONS, replication_factor: 1 };
      await done((callback) => admin.createTopic(request, TIMEOUT_MS, callback)).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === TOPIC_ALREADY_EXISTS)) throw error;
      });
    }
  } finally {
    admin.disconnect();
  }
}

/** Every committed record of a topic, from its beginning to its end as of now. */
export async function readAll(bootstrap: string, topic: string, take: (message: Message) => void): Promise<void> {
  const consumer = await connectConsumer({ bootstrap, group: `read-${topic}`, settings: { 'enable.partition.eof': true } });
  const atEnd = new Set<number>();
  consumer.on('partition.eof', ({ partition }) => atEnd.add(partition));
  consumer.assign(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0 })));
  while (atEnd.size < PARTITIONS) for (const message of await consume(consumer, 1000)) take(message);
  await disconnect(consumer);
}

/** The offset is not there when nothing was committed. */
type Committed = { readonly partition: number; readonly offset?: number };

/** Records of `orders` that a group has not committed yet. */
export class Lag {
  readonly #consumer: Consumer;
  readonly #topic: string;

  static async of(bootstrap: string, group: string, topic: string): Promise<Lag> {
    // Never joins the group: it only asks for its offsets.
    return new Lag(await connectConsumer({ bootstrap, group }), topic);
  }

  private constructor(consumer: Consumer, topic: string) {
    this.#consumer = consumer;
    this.#topic = topic;
  }

  async read(): Promise<number> {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.#topic, partition }));
    const committed = await new Promise<Committed[]>((resolve, reject) => {
      this.#consumer.committed(partitions, TIMEOUT_MS, (error, offsets) =>
        error ? reject(asError(error)) : resolve(offsets as Committed[]),
      );
    });
    let lag = 0;
    for (const { partition, offset } of committed) lag += (await this.#endOf(partition)) - (offset ?? 0);
    return lag;
  }

  close(): Promise<void> {
    return disconnect(this.#consumer);
  }

  #endOf(partition: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#consumer.queryWatermarkOffsets(this.#topic, partition, TIMEOUT_MS, (error, { highOffset } = { highOffset: 0, lowOffset: 0 }) =>
        error ? reject(asError(error)) : resolve(highOffset),
      );
    });
  }
}
