import { ConfigResourceTypes, Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';

let broker: Broker;
let kafka: Kafka;

beforeAll(async () => {
  broker = await Broker.start({ nodes: 3, defaultPartitions: 2, logLevel: 'error' });
  kafka = new Kafka({ brokers: broker.bootstrapServers.split(','), logLevel: logLevel.NOTHING, clientId: 'test' });
});

afterAll(() => broker.close());

const producerOf = (options = {}) => kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...options });

/** Everything in a topic, by a consumer of its own. */
async function readAll(
  topic: string,
  count: number,
  groupId = `read-${topic}`,
): Promise<{ key: string | undefined; value: string | undefined; partition: number; offset: string }[]> {
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const records: { key: string | undefined; value: string | undefined; partition: number; offset: string }[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message, partition }) => {
          records.push({ key: message.key?.toString(), value: message.value?.toString(), partition, offset: message.offset });
          if (records.length === count) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return records;
}

describe('kafkajs', () => {
  it('creates, describes, extends, alters and deletes topics', async () => {
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
    expect(await admin.createTopics({ topics: [{ topic: 'admin', numPartitions: 3, replicationFactor: 3, configEntries }] })).toBe(true);
    expect(await admin.createTopics({ topics: [{ topic: 'admin' }] })).toBe(false);
    await admin.createPartitions({ topicPartitions: [{ topic: 'admin', count: 4 }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: ['admin'] });
    expect(topics[0]!.partitions.map(({ leader }) => leader).sort()).toEqual([1, 1, 2, 3]);
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 'admin', configEntries: [{ name: 'retention.ms', value: '77' }] }],
    });
    const described = await admin.describeConfigs({
      includeSynonyms: true,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 'admin', configNames: ['retention.ms', 'cleanup.policy'] }],
    });
    expect(described.resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue])).toEqual([
      ['cleanup.policy', 'delete'],
      ['retention.ms', '77'],
    ]);
    await admin.deleteTopics({ topics: ['admin'] });
    expect(await admin.listTopics()).not.toContain('admin');
    await expect(admin.fetchTopicMetadata({ topics: ['a b'] })).rejects.toMatchObject({ type: 'INVALID_TOPIC_EXCEPTION' });
    await admin.disconnect();
  });

  it('produces and consumes what it produced, in order by partition', async () => {
    const producer = producerOf();
    await producer.connect();
    const messages = Array.from({ length: 500 }, (_, index) => ({ key: `k${index % 10}`, value: String(index), headers: { h: 'x' } }));
    await producer.send({ topic: 'orders', messages });
    await producer.disconnect();
    const records = await readAll('orders', 500);
    const byKey = groupByKey(records);
    expect([...byKey.keys()].sort()).toEqual(Array.from({ length: 10 }, (_, index) => `k${index}`));
    for (const [key, own] of byKey) {
      expect(own.map(({ value }) => Number(value))).toEqual(Array.from({ length: 50 }, (_, index) => index * 10 + Number(key?.slice(1))));
    }
  });

  it('commits and aborts transactions', async () => {
    const producer = producerOf({ transactionalId: 'kjs', maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const [value, commit] of [
      ['one', true],
      ['never', false],
      ['two', true],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: 'tx', messages: [{ key: 'k', value }] });
      await (commit ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    expect((await readAll('tx', 2)).map(({ value }) => value)).toEqual(['one', 'two']);
  });

  it('deletes records and finds offsets by time', async () => {
    const producer = producerOf();
    await producer.connect();
    await producer.send({
      topic: 'times',
      messages: [10, 20, 30].map((time) => ({ value: String(time), timestamp: String(1_700_000_000_000 + time), partition: 0 })),
    });
    await producer.disconnect();
    const admin = kafka.admin();
    await admin.connect();
    const found = await admin.fetchTopicOffsetsByTimestamp('times', 1_700_000_000_015);
    expect(found.find(({ partition }) => partition === 0)).toMatchObject({ offset: '1' });
    await admin.deleteTopicRecords({ topic: 'times', partitions: [{ partition: 0, offset: '2' }] });
    const offsets = await admin.fetchTopicOffsets('times');
    expect(offsets.find(({ partition }) => partition === 0)).toMatchObject({ low: '2', high: '3' });
    await admin.disconnect();
  });

  it('goes on at another node when the one it talks to stops', async () => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'failover', numPartitions: 3, replicationFactor: 3 }] });
    const producer = producerOf();
    await producer.connect();
    const send = (value: string) => producer.send({ topic: 'failover', messages: [0, 1, 2].map((partition) => ({ value, partition })) });
    await send('before');
    await broker.stopNode(2);
    await send('after');
    await broker.startNode(2);
    await producer.disconnect();
    await admin.disconnect();
    const records = await readAll('failover', 6);
    expect(records.map(({ value, partition }) => `${partition}${value}`).sort()).toEqual([
      '0after',
      '0before',
      '1after',
      '1before',
      '2after',
      '2before',
    ]);
  });
});

function groupByKey<R extends { readonly key: string | undefined }>(records: readonly R[]): Map<string | undefined, R[]> {
  const groups = new Map<string | undefined, R[]>();
  for (const record of records) groups.set(record.key, [...(groups.get(record.key) ?? []), record]);
  return groups;
}
