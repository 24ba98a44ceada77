import { createRequire } from 'node:module';
import type * as Rdkafka from '@confluentinc/kafka-javascript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';

const rdkafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;

let broker: Broker;

beforeAll(async () => {
  broker = await Broker.start({ nodes: 2, defaultPartitions: 2, logLevel: 'error' });
});

afterAll(() => broker.close());

interface Connectable {
  connect(options: object, callback: (error: unknown) => void): unknown;
  disconnect(callback: (error: unknown) => void): unknown;
}

/** The client's functions take callbacks. */
function done(call: (callback: (error: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) =>
      error === null || error === undefined ? resolve() : reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
    );
  });
}

const connected = async <C extends Connectable>(client: C): Promise<C> => {
  await done((callback) => client.connect({}, callback));
  return client;
};

const disconnect = (client: Connectable): Promise<void> => done((callback) => client.disconnect(callback));

const producerOf = (options: object = {}) =>
  connected(new rdkafka.Producer({ 'bootstrap.servers': broker.bootstrapServers, 'linger.ms': 1, ...options }));

const consumerOf = async (groupId: string, options: object = {}) => {
  const consumer = await connected(
    new rdkafka.KafkaConsumer(
      { 'bootstrap.servers': broker.bootstrapServers, 'group.id': groupId, 'check.crcs': true, 'enable.auto.commit': false, ...options },
      { 'auto.offset.reset': 'earliest' },
    ),
  );
  consumer.setDefaultConsumeTimeout(50);
  // There, but not in the typings.
  Reflect.apply(Reflect.get(consumer, 'setDefaultIsTimeoutOnlyForFirstMessage'), consumer, [true]);
  return consumer;
};

type Consumer = Awaited<ReturnType<typeof consumerOf>>;

const consume = (consumer: Consumer, count: number): Promise<Rdkafka.Message[]> =>
  new Promise((resolve, reject) =>
    consumer.consume(count, (error, messages) => (error ? reject(new Error(JSON.stringify(error))) : resolve(messages))),
  );

async function take(consumer: Consumer, count: number): Promise<Rdkafka.Message[]> {
  const taken: Rdkafka.Message[] = [];
  while (taken.length < count) taken.push(...(await consume(consumer, count - taken.length)));
  return taken;
}

describe('@confluentinc/kafka-javascript, callback API', () => {
  it('produces and consumes keys, values, headers and timestamps', async () => {
    const producer = await producerOf({ 'enable.idempotence': true });
    producer.produce('basic', 0, Buffer.from('value'), Buffer.from('key'), 1_700_000_000_123, undefined, [{ header: Buffer.from('h') }]);
    producer.produce('basic', 0, null, Buffer.from('tombstone'), 1_700_000_000_124);
    await done((callback) => producer.flush(10_000, callback));
    const consumer = await consumerOf('basic-group');
    consumer.subscribe(['basic']);
    const [first, second] = await take(consumer, 2);
    expect(first).toMatchObject({
      offset: 0,
      partition: 0,
      timestamp: 1_700_000_000_123,
      key: Buffer.from('key'),
      value: Buffer.from('value'),
    });
    expect(first?.headers).toEqual([{ header: Buffer.from('h') }]);
    expect(second).toMatchObject({ offset: 1, value: null });
    await disconnect(producer);
    await disconnect(consumer);
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s-compressed batches come back as they were', async (codec) => {
    const topic = `rd-${codec}`;
    const producer = await producerOf({ 'compression.codec': codec, 'linger.ms': 20 });
    const values = Array.from({ length: 2000 }, (_, index) => `value ${index} ${'x'.repeat(50)}`);
    for (const value of values) producer.produce(topic, 1, Buffer.from(value));
    await done((callback) => producer.flush(10_000, callback));
    const consumer = await consumerOf(`group-${codec}`);
    consumer.assign([{ topic, partition: 1, offset: 0 }]);
    const messages = await take(consumer, values.length);
    expect(messages.map(({ value }) => value?.toString())).toEqual(values);
    await disconnect(producer);
    await disconnect(consumer);
  });

  it('hides aborted transactions from read_committed and shows them to read_uncommitted', async () => {
    const producer = await producerOf({ 'transactional.id': 'rd-tx' });
    await done((callback) => producer.initTransactions(10_000, callback));
    for (const [value, commit] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const) {
      await done((callback) => producer.beginTransaction(callback));
      producer.produce('rd-tx', 0, Buffer.from(value));
      await done((callback) => (commit ? producer.commitTransaction(10_000, callback) : producer.abortTransaction(10_000, callback)));
    }
    const valuesBy = async (level: string, count: number): Promise<(string | undefined)[]> => {
      const consumer = await consumerOf(`tx-${level}`, { 'isolation.level': level });
      consumer.assign([{ topic: 'rd-tx', partition: 0, offset: 0 }]);
      const messages = await take(consumer, count);
      await disconnect(consumer);
      return messages.map(({ value }) => value?.toString());
    };
    expect(await valuesBy('read_committed', 2)).toEqual(['a', 'c']);
    // An aborted batch may not have been sent at all before the abort.
    expect((await valuesBy('read_uncommitted', 2)).filter((value) => value !== 'b')).toContain('a');
    await disconnect(producer);
  });

  it("offsets sent with a transaction are the group's once it is committed", async () => {
    const producer = await producerOf({ 'transactional.id': 'rd-offsets' });
    await done((callback) => producer.initTransactions(10_000, callback));
    const consumer = await consumerOf('rd-offsets-group');
    consumer.subscribe(['basic']);
    await take(consumer, 2);
    await done((callback) => producer.beginTransaction(callback));
    producer.produce('rd-copied', 0, Buffer.from('copy'));
    await done((callback) => producer.sendOffsetsToTransaction([{ topic: 'basic', partition: 0, offset: 2 }], consumer, 10_000, callback));
    await done((callback) => producer.commitTransaction(10_000, callback));
    const committed = await new Promise<Rdkafka.TopicPartitionOffset[]>((resolve, reject) => {
      consumer.committed([{ topic: 'basic', partition: 0 }], 10_000, (error, partitions) =>
        error ? reject(new Error(JSON.stringify(error))) : resolve(partitions as Rdkafka.TopicPartitionOffset[]),
      );
    });
    expect(committed[0]).toMatchObject({ offset: 2 });
    await disconnect(producer);
    await disconnect(consumer);
  });

  it('a waiting consumer gets a record long before its fetch would time out', async () => {
    const fetchWaitMs = 20_000;
    const consumer = await consumerOf('long-poll', { 'fetch.wait.max.ms': fetchWaitMs });
    consumer.assign([{ topic: 'basic', partition: 1, offset: 0 }]);
    expect(await consume(consumer, 1)).toEqual([]);
    const producer = await producerOf();
    const startedMs = performance.now();
    producer.produce('basic', 1, Buffer.from('now'));
    const [message] = await take(consumer, 1);
    expect(message?.value?.toString()).toBe('now');
    expect(performance.now() - startedMs).toBeLessThan(fetchWaitMs);
    await disconnect(producer);
    await disconnect(consumer);
  });
});
