import { createRequire } from 'node:module';
import type * as Rdkafka from '@confluentinc/kafka-javascript';
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
import { assignmentOf, librdkafkaConsumerConfig } from './confluent.ts';
import { headersOf } from './kafkajs.ts';

const rdkafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;

const TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const READ_AT_ONCE = 100;

/** The binding has no DescribeConfigs, and gives empty values as null. */
const ABILITIES = allAbilitiesBut('alter-configs', 'empty-values');

type Callback<T> = (error: unknown, result: T) => void;

/** The client's functions take callbacks. */
function promised<T = unknown>(call: (callback: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error === null || error === undefined ? resolve(result) : reject(asError(error))));
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(JSON.stringify(error));
}

/** The interface of @confluentinc/kafka-javascript with callbacks: librdkafka as it is. */
export function rdkafkaClient(bootstrapServers: string): TestClient {
  const common = { 'bootstrap.servers': bootstrapServers, 'client.id': 'matrix-rdkafka' };
  return {
    name: '@confluentinc/kafka-javascript, callbacks',
    abilities: ABILITIES,
    admin: async () => adminOf(common),
    producer: (options = {}) => producerOf(common, options),
    consumer: (options) => consumerOf(common, options),
  };
}

function adminOf(common: object): TestAdmin {
  const admin = rdkafka.AdminClient.create(common);
  const lacking = (): never => {
    throw new Error('This interface has no such call.');
  };
  const offsetOf = async (topic: string, partition: number, timestamp: number): Promise<number> => {
    const offset = new rdkafka.OffsetSpec(timestamp);
    const [found] = await promised<Rdkafka.ListOffsetsResult[]>((callback) =>
      admin.listOffsets([{ topic, partition, offset }], {}, callback),
    );
    return Number(found?.offset);
  };
  return {
    createTopic: async ({ name, partitions, replicas = 1, configs = {} }) => {
      const topic = { topic: name, num_partitions: partitions, replication_factor: replicas, config: configs };
      await promised((callback) => admin.createTopic(topic, (error) => callback(error, undefined)));
    },
    topics: () => promised<string[]>((callback) => admin.listTopics({}, callback)),
    partitionsOf: async (topic) => {
      const [found] = await promised<Rdkafka.TopicDescription[]>((callback) => admin.describeTopics([topic], {}, callback));
      return found?.partitions.length ?? 0;
    },
    addPartitions: async (topic, total) => {
      await promised((callback) => admin.createPartitions(topic, total, (error) => callback(error, undefined)));
    },
    setConfig: lacking,
    config: lacking,
    deleteTopic: async (topic) => {
      await promised((callback) => admin.deleteTopic(topic, (error) => callback(error, undefined)));
    },
    deleteRecords: async (topic, partition, offset) => {
      await promised((callback) => admin.deleteRecords([{ topic, partition, offset }], {}, callback));
    },
    offsets: async (topic, partition) => ({ first: await offsetOf(topic, partition, -2), next: await offsetOf(topic, partition, -1) }),
    offsetAt: offsetOf,
    groups: async () => {
      const { groups } = await promised<{ groups: { groupId: string }[] }>((callback) => admin.listGroups({}, callback));
      return groups.map(({ groupId }) => groupId);
    },
    group: async (id) => {
      const { groups } = await promised<Rdkafka.GroupDescriptions>((callback) => admin.describeGroups([id], {}, callback));
      const [group] = groups;
      if (group?.error !== undefined && group.error.code !== 0) throw asError(group.error);
      const state = Object.entries(rdkafka.ConsumerGroupStates).find(([, code]) => code === group?.state)?.[0] ?? '';
      return { state, members: group?.members.length ?? 0 };
    },
    deleteGroup: async (id) => {
      const [result] = await promised<Rdkafka.DeleteGroupsResult[]>((callback) => admin.deleteGroups([id], {}, callback));
      if (result?.error !== undefined && result.error.code !== 0) throw asError(result.error);
    },
    committed: async (groupId, topic, partition) => {
      const asked = [{ groupId, partitions: [{ topic, partition }] }];
      const [group] = await promised<Rdkafka.GroupResults[]>((callback) => admin.listConsumerGroupOffsets(asked, {}, callback));
      const offset = Number(group?.partitions[0]?.offset ?? -1);
      return offset < 0 ? -1 : offset;
    },
    close: async () => admin.disconnect(),
  };
}

async function producerOf(common: object, options: ProducerOptions): Promise<TestProducer> {
  const { acks = -1, codec = 'none', idempotent, transactionalId } = options;
  const producer = new rdkafka.Producer({
    ...common,
    acks,
    'compression.codec': codec,
    'linger.ms': 1,
    partitioner: 'murmur2_random',
    dr_cb: true,
    ...(idempotent === true ? { 'enable.idempotence': true } : {}),
    ...(transactionalId === undefined ? {} : { 'transactional.id': transactionalId }),
  } as Rdkafka.ProducerGlobalConfig);
  await promised((callback) => producer.connect({}, callback));
  producer.setPollInterval(10);
  const waiting = new Map<number, (error: unknown) => void>();
  let sent = 0;
  producer.on('delivery-report', (error, report) => {
    const number = report.opaque as number;
    waiting.get(number)?.(error);
    waiting.delete(number);
  });
  if (transactionalId !== undefined)
    await promised((callback) => producer.initTransactions(TIMEOUT_MS, (error) => callback(error, undefined)));
  return {
    send: async (topic, records) => {
      const delivered = records.map(({ key, value, headers, timestamp, partition }) => {
        const number = sent++;
        const report = new Promise<void>((resolve, reject) => {
          waiting.set(number, (error) => (error === null || error === undefined ? resolve() : reject(asError(error))));
        });
        const bytes = value === null ? null : Buffer.from(value);
        const named = Object.entries(headers ?? {}).map(([name, text]) => ({ [name]: text }));
        producer.produce(topic, partition ?? null, bytes, key ?? null, timestamp ?? null, number, named);
        return report;
      });
      await Promise.all(delivered);
    },
    begin: async () => {
      await promised((callback) => producer.beginTransaction((error) => callback(error, undefined)));
    },
    sendOffset: async (consumer, topic, partition, offset) => {
      const client = clients.get(consumer);
      if (client === undefined) throw new Error('This consumer is not of this client.');
      await promised((callback) =>
        producer.sendOffsetsToTransaction([{ topic, partition, offset }], client, TIMEOUT_MS, (error) => callback(error, undefined)),
      );
    },
    commit: async () => {
      await promised((callback) => producer.commitTransaction(TIMEOUT_MS, (error) => callback(error, undefined)));
    },
    abort: async () => {
      await promised((callback) => producer.abortTransaction(TIMEOUT_MS, (error) => callback(error, undefined)));
    },
    close: async () => {
      await promised((callback) => producer.disconnect(callback));
    },
  };
}

const clients = new WeakMap<TestConsumer, Rdkafka.KafkaConsumer>();

async function consumerOf(common: object, options: ConsumerOptions): Promise<TestConsumer> {
  const consumer = new rdkafka.KafkaConsumer(
    {
      ...common,
      ...librdkafkaConsumerConfig(options),
      'group.id': options.group,
      'enable.auto.commit': false,
    } as Rdkafka.ConsumerGlobalConfig,
    // What is for topics counts only here.
    { 'auto.offset.reset': options.from ?? 'earliest' },
  );
  await promised((callback) => consumer.connect({}, callback));
  consumer.setDefaultConsumeTimeout(POLL_MS);
  // There, but not in the typings: a batch ends with the first moment without a record.
  Reflect.apply(Reflect.get(consumer, 'setDefaultIsTimeoutOnlyForFirstMessage'), consumer, [true]);
  consumer.subscribe([options.topic]);
  const inbox = new Inbox();
  let open = true;
  const reading = readInto(consumer, inbox, () => open);
  const made: TestConsumer = {
    received: inbox.records,
    assignment: () => assignmentOf(() => consumer.assignments()),
    commit: async (topic, partition, offset) => {
      consumer.commitSync({ topic, partition, offset });
    },
    seek: async (topic, partition, offset) => {
      await promised((callback) => consumer.seek({ topic, partition, offset }, TIMEOUT_MS, (error) => callback(error, undefined)));
    },
    close: async () => {
      open = false;
      await reading;
      await promised((callback) => consumer.disconnect(callback));
    },
  };
  clients.set(made, consumer);
  return made;
}

/** Reads on and on; the client joins and leaves its group while it reads. */
async function readInto(consumer: Rdkafka.KafkaConsumer, inbox: Inbox, wanted: () => boolean): Promise<void> {
  while (wanted()) {
    const messages = await promised<Rdkafka.Message[]>((callback) => consumer.consume(READ_AT_ONCE, callback)).catch(() => []);
    for (const { partition, offset, key, value, headers, timestamp } of messages) {
      const named = Object.assign({}, ...(headers ?? [])) as Record<string, unknown>;
      inbox.add({ partition, offset, key: key as Buffer | null, value, headers: headersOf(named), timestamp: timestamp ?? -1 });
    }
  }
}
