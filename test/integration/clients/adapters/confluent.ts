import { createRequire } from 'node:module';
import type { KafkaJS } from '@confluentinc/kafka-javascript';
import {
  allAbilitiesBut,
  type ConsumerOptions,
  type ProducerOptions,
  type TestAdmin,
  type TestClient,
  type TestConsumer,
  type TestProducer,
} from '../client.ts';
import { Inbox } from '../inbox.ts';
import { headersOf, messageOf } from './kafkajs.ts';

const { KafkaJS: Confluent } = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as { KafkaJS: typeof KafkaJS };

/** This interface has no configs and no partitions to add, and sends empty values as null. */
const ABILITIES = allAbilitiesBut('alter-configs', 'create-partitions', 'empty-values');

/** The interface of @confluentinc/kafka-javascript that is like kafkajs: promises over librdkafka. */
export function confluentClient(bootstrapServers: string): TestClient {
  const common = { 'bootstrap.servers': bootstrapServers, 'client.id': 'matrix-confluent', log_level: 0 };
  return {
    name: '@confluentinc/kafka-javascript, promises',
    abilities: ABILITIES,
    admin: async () => {
      const admin = new Confluent.Kafka(common).admin({ kafkaJS: { logLevel: Confluent.logLevel.NOTHING } });
      await admin.connect();
      return adminOf(admin);
    },
    producer: (options = {}) => producerOf(common, options),
    consumer: (options) => consumerOf(common, options),
  };
}

function adminOf(admin: KafkaJS.Admin): TestAdmin {
  const lacking = (): never => {
    throw new Error('This interface has no such call.');
  };
  return {
    createTopic: async ({ name, partitions, replicas = 1, configs = {} }) => {
      const configEntries = Object.entries(configs).map(([config, value]) => ({ name: config, value }));
      const topics = [{ topic: name, numPartitions: partitions, replicationFactor: replicas, configEntries }];
      if (!(await admin.createTopics({ topics }))) throw new Error(`Topic ${name} is there already.`);
    },
    topics: () => admin.listTopics(),
    partitionsOf: async (topic) => (await admin.fetchTopicMetadata({ topics: [topic] }))[0]?.partitions.length ?? 0,
    addPartitions: lacking,
    setConfig: lacking,
    config: lacking,
    deleteTopic: (topic) => admin.deleteTopics({ topics: [topic] }),
    deleteRecords: async (topic, partition, offset) => {
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
      const state = Object.entries(Confluent.ConsumerGroupStates).find(([, code]) => code === group?.state)?.[0] ?? '';
      return { state, members: group?.members.length ?? 0 };
    },
    deleteGroup: async (id) => {
      await admin.deleteGroups([id]);
    },
    committed: async (groupId, topic, partition) => {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const offset = Number(found?.partitions.find((each) => each.partition === partition)?.offset ?? -1);
      return offset < 0 ? -1 : offset;
    },
    close: () => admin.disconnect(),
  };
}

async function producerOf(common: object, options: ProducerOptions): Promise<TestProducer> {
  const { acks = -1, codec = 'none', idempotent, transactionalId } = options;
  const producer = new Confluent.Kafka(common).producer({
    acks,
    'compression.codec': codec,
    'linger.ms': 1,
    partitioner: 'murmur2_random',
    ...(idempotent === true ? { 'enable.idempotence': true } : {}),
    ...(transactionalId === undefined ? {} : { 'transactional.id': transactionalId }),
    kafkaJS: { logLevel: Confluent.logLevel.NOTHING },
  } as KafkaJS.ProducerConstructorConfig);
  await producer.connect();
  let transaction: KafkaJS.Transaction | undefined;
  const inTransaction = (): KafkaJS.Transaction => {
    if (transaction === undefined) throw new Error('No transaction is open.');
    return transaction;
  };
  return {
    send: async (topic, records) => {
      await (transaction ?? producer).send({ topic, messages: records.map(messageOf) });
    },
    begin: async () => {
      transaction = await producer.transaction();
    },
    sendOffset: (consumer, topic, partition, offset) => {
      const client = clients.get(consumer);
      if (client === undefined) throw new Error('This consumer is not of this client.');
      return inTransaction().sendOffsets({ consumer: client, topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }] });
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

const clients = new WeakMap<TestConsumer, KafkaJS.Consumer>();

async function consumerOf(common: object, options: ConsumerOptions): Promise<TestConsumer> {
  const { group, topic } = options;
  const consumer = new Confluent.Kafka(common).consumer({
    ...librdkafkaConsumerConfig(options),
    kafkaJS: { groupId: group, autoCommit: false, logLevel: Confluent.logLevel.NOTHING },
  } as KafkaJS.ConsumerConstructorConfig);
  const inbox = new Inbox();
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const { key, value, offset, timestamp } = message;
      inbox.add({ partition, key, value, offset, timestamp, headers: headersOf(message.headers) });
    },
  });
  const made: TestConsumer = {
    received: inbox.records,
    assignment: () => assignmentOf(() => consumer.assignment()),
    commit: (name, partition, offset) => consumer.commitOffsets([{ topic: name, partition, offset: String(offset) }]),
    seek: async (name, partition, offset) => consumer.seek({ topic: name, partition, offset: String(offset) }),
    close: () => consumer.disconnect(),
  };
  clients.set(made, consumer);
  return made;
}

/** librdkafka's names for what a consumer is to be; shared by both interfaces. */
export function librdkafkaConsumerConfig({ from = 'earliest', isolation, instanceId, protocol = 'eager' }: ConsumerOptions): object {
  const classic = {
    'partition.assignment.strategy': protocol === 'cooperative' ? 'cooperative-sticky' : 'range',
    'session.timeout.ms': 10_000,
    'heartbeat.interval.ms': 300,
  };
  return {
    'check.crcs': true,
    'auto.offset.reset': from,
    'isolation.level': isolation ?? 'read_committed',
    'fetch.wait.max.ms': 200,
    ...(protocol === 'consumer' ? { 'group.protocol': 'consumer' } : classic),
    ...(instanceId === undefined ? {} : { 'group.instance.id': instanceId }),
  };
}

/** Between two assignments librdkafka may throw instead of having none. */
export function assignmentOf(read: () => readonly { readonly partition: number }[]): number[] {
  try {
    return read().map(({ partition }) => partition);
  } catch {
    return [];
  }
}
