import { setTimeout as pause } from 'node:timers/promises';
import { type Admin, CompressionTypes, ConfigResourceTypes, Kafka, logLevel, Partitioners, type Transaction } from 'kafkajs';
import {
  allAbilitiesBut,
  type ConsumerOptions,
  type NewRecord,
  type ProducerOptions,
  type TestAdmin,
  type TestClient,
  type TestConsumer,
  type TestProducer,
} from '../client.ts';
import { Inbox, text } from '../inbox.ts';

/** kafkajs has neither of the new things, and the codecs beyond gzip only as packages. */
const ABILITIES = allAbilitiesBut('consumer-protocol', 'cooperative', 'static-members', 'snappy', 'lz4', 'zstd');

export function kafkajsClient(bootstrapServers: string): TestClient {
  const kafka = new Kafka({
    brokers: bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
    clientId: 'matrix-kafkajs',
    retry: { retries: 10, initialRetryTime: 50, maxRetryTime: 1_000 },
  });
  return {
    name: 'kafkajs',
    abilities: ABILITIES,
    admin: async () => {
      const admin = kafka.admin();
      await admin.connect();
      return adminOf(admin);
    },
    producer: (options = {}) => producerOf(kafka, options),
    consumer: (options) => consumerOf(kafka, options),
  };
}

function adminOf(admin: Admin): TestAdmin {
  const described = (topic: string, name: string) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }] });
  return {
    createTopic: async ({ name, partitions, replicas = 1, configs = {} }) => {
      const configEntries = Object.entries(configs).map(([config, value]) => ({ name: config, value }));
      const made = await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic: name, numPartitions: partitions, replicationFactor: replicas, configEntries }],
      });
      if (!made) throw new Error(`Topic ${name} is there already.`);
    },
    topics: () => admin.listTopics(),
    partitionsOf: async (topic) => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions.length ?? 0,
    addPartitions: async (topic, count) => {
      await admin.createPartitions({ topicPartitions: [{ topic, count }] });
    },
    setConfig: async (topic, name, value) => {
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }],
      });
    },
    config: async (topic, name) => (await described(topic, name)).resources[0]?.configEntries[0]?.configValue ?? null,
    deleteTopic: (topic) => admin.deleteTopics({ topics: [topic] }),
    deleteRecords: async (topic, partition, offset) => {
      // The next call takes for granted that the client knows where the partition is.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    },
    offsets: async (topic, partition) => {
      const found = (await admin.fetchTopicOffsets(topic)).find((each) => each.partition === partition);
      return { first: Number(found?.low), next: Number(found?.high) };
    },
    offsetAt: async (topic, partition, timestamp) => {
      const found = await admin.fetchTopicOffsetsByTimestamp(topic, timestamp);
      return Number(found.find((each) => each.partition === partition)?.offset);
    },
    groups: async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId),
    group: async (id) => {
      const [group] = (await admin.describeGroups([id])).groups;
      return { state: group?.state ?? '', members: group?.members.length ?? 0 };
    },
    deleteGroup: async (id) => {
      await admin.deleteGroups([id]);
    },
    committed: async (groupId, topic, partition) => {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return Number(found?.partitions.find((each) => each.partition === partition)?.offset ?? -1);
    },
    close: () => admin.disconnect(),
  };
}

async function producerOf(
  kafka: Kafka,
  { acks = -1, codec = 'none', idempotent, transactionalId }: ProducerOptions,
): Promise<TestProducer> {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    ...(idempotent === true || transactionalId !== undefined ? { idempotent: true, maxInFlightRequests: 1 } : {}),
    ...(transactionalId === undefined ? {} : { transactionalId }),
  });
  await producer.connect();
  let transaction: Transaction | undefined;
  const inTransaction = (): Transaction => {
    if (transaction === undefined) throw new Error('No transaction is open.');
    return transaction;
  };
  return {
    send: async (topic, records) => {
      const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
      await (transaction ?? producer).send({ topic, acks, compression, messages: records.map(messageOf) });
    },
    begin: async () => {
      transaction = await producer.transaction();
    },
    sendOffset: (consumer, topic, partition, offset) => {
      const consumerGroupId = groupOf.get(consumer) ?? '';
      return inTransaction().sendOffsets({ consumerGroupId, topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }] });
    },
    commit: async () => {
      await inTransaction().commit();
      transaction = undefined;
    },
    abort: async () => {
      await inTransaction().abort();
      transaction = undefined;
    },
    close: () => producer.disconnect(),
  };
}

/** Shared with the other client of the same interface. */
export function messageOf({ key, value, headers, timestamp, partition }: NewRecord) {
  return {
    value,
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
    ...(partition === undefined ? {} : { partition }),
  };
}

const groupOf = new WeakMap<TestConsumer, string>();

async function consumerOf(kafka: Kafka, { group, topic, from = 'earliest', isolation }: ConsumerOptions): Promise<TestConsumer> {
  const consumer = kafka.consumer({
    groupId: group,
    readUncommitted: isolation === 'read_uncommitted',
    heartbeatInterval: 300,
    maxWaitTimeInMs: 300,
    retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 1_000 },
  });
  const inbox = new Inbox();
  let assigned: readonly number[] = [];
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    assigned = payload.memberAssignment[topic] ?? [];
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: from === 'earliest' });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const { key, value, offset, timestamp, headers } = message;
      inbox.add({ partition, key, value, offset, timestamp, headers: headersOf(headers) });
    },
  });
  const made: TestConsumer = {
    received: inbox.records,
    assignment: () => assigned,
    commit: (name, partition, offset) => consumer.commitOffsets([{ topic: name, partition, offset: String(offset) }]),
    seek: async (name, partition, offset) => {
      consumer.seek({ topic: name, partition, offset: String(offset) });
      await pause(0);
    },
    close: () => consumer.disconnect(),
  };
  groupOf.set(made, group);
  return made;
}

/** Headers as text; of several with one name the last. */
export function headersOf(headers: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const entries = Object.entries(headers ?? {}).map(([name, value]) => {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return [name, text(last as Buffer | string | undefined) ?? ''] as const;
  });
  return Object.fromEntries(entries);
}
