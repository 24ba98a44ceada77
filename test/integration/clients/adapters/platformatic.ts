/** @platformatic/kafka. It needs Node 22.19 or newer, so this runs in a process of its own: see platformatic-runner.ts. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  allAbilitiesBut,
  type Codec,
  type ConsumerOptions,
  type ProducerOptions,
  type TestAdmin,
  type TestClient,
  type TestConsumer,
  type TestProducer,
} from '../client.ts';
import { Inbox } from '../inbox.ts';

/** What is used of the package, which is not among this project's own. */
export interface Platformatic {
  readonly Admin: new (options: object) => PlatformaticAdmin;
  readonly Producer: new (options: object) => PlatformaticProducer;
  readonly Consumer: new (options: object) => PlatformaticConsumer;
  readonly stringSerializers: object;
}

interface Offsets {
  get(topic: string): readonly bigint[] | undefined;
}

interface PlatformaticAdmin {
  createTopics(options: object): Promise<unknown>;
  listTopics(): Promise<string[]>;
  metadata(options: object): Promise<{ readonly topics: ReadonlyMap<string, { readonly partitionsCount: number }> }>;
  createPartitions(options: object): Promise<unknown>;
  incrementalAlterConfigs(options: object): Promise<unknown>;
  describeConfigs(
    options: object,
  ): Promise<readonly { readonly configs: readonly { readonly name: string; readonly value: string | null }[] }[]>;
  deleteTopics(options: object): Promise<unknown>;
  deleteRecords(options: object): Promise<unknown>;
  listOffsets(
    options: object,
  ): Promise<readonly { readonly partitions: readonly { readonly partitionIndex: number; readonly offset: bigint }[] }[]>;
  listGroups(): Promise<ReadonlyMap<string, unknown>>;
  describeGroups(options: object): Promise<ReadonlyMap<string, { readonly state: string; readonly members: ReadonlyMap<string, unknown> }>>;
  deleteGroups(options: object): Promise<unknown>;
  listConsumerGroupOffsets(options: object): Promise<
    readonly {
      readonly topics: readonly {
        readonly name: string;
        readonly partitions: readonly { readonly partitionIndex: number; readonly committedOffset: bigint }[];
      }[];
    }[]
  >;
  close(): Promise<void>;
}

interface PlatformaticProducer {
  send(options: object): Promise<unknown>;
  beginTransaction(): Promise<PlatformaticTransaction>;
  close(): Promise<void>;
}

interface PlatformaticTransaction {
  send(options: object): Promise<unknown>;
  addConsumer(consumer: PlatformaticConsumer): Promise<void>;
  addOffset(message: Message): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

interface Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: bigint;
  readonly key: Buffer | undefined;
  readonly value: Buffer | undefined;
  readonly headers: ReadonlyMap<Buffer, Buffer>;
}

interface PlatformaticConsumer {
  readonly assignments: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null;
  consume(options: object): Promise<NodeJS.ReadableStream & { close(): Promise<void> }>;
  commit(options: object): Promise<void>;
  listOffsets(options: object): Promise<Offsets>;
  close(force?: boolean): Promise<void>;
}

/**
 * It cannot seek in a stream, nor give null keys and empty values apart; its cooperative assignor does not exist. When a
 * transaction is open it is told CONCURRENT_TRANSACTIONS, and does not ask again. A stream goes on with a partition that
 * the group gave to another member, and begins anew after a rebalance: seen with Apache Kafka as well.
 * A producer keeps to a leader that nobody can connect to any more until its metadata is old.
 */
const ABILITIES = allAbilitiesBut('clean-handover', 'cooperative', 'empty-values', 'failover', 'fencing', 'seek', 'static-members');

const TOPIC = 2;

export function platformaticClient(kafka: Platformatic, bootstrapServers: string): TestClient {
  const common = { clientId: 'matrix-platformatic', bootstrapBrokers: bootstrapServers.split(','), retries: 10, retryDelay: 200 };
  return {
    name: '@platformatic/kafka',
    abilities: ABILITIES,
    admin: async () => adminOf(new kafka.Admin(common)),
    producer: async (options = {}) => producerOf(kafka, common, options),
    consumer: (options) => consumerOf(kafka, common, options),
  };
}

function adminOf(admin: PlatformaticAdmin): TestAdmin {
  const offsetAt = async (topic: string, partition: number, timestamp: number): Promise<number> => {
    const partitions = [{ partitionIndex: partition, timestamp: BigInt(timestamp) }];
    const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
    return Number(found?.partitions[0]?.offset);
  };
  return {
    createTopic: async ({ name, partitions, replicas = 1, configs = {} }) => {
      const entries = Object.entries(configs).map(([config, value]) => ({ name: config, value }));
      await admin.createTopics({ topics: [name], partitions, replicas, configs: entries });
    },
    topics: () => admin.listTopics(),
    partitionsOf: async (topic) => (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)?.partitionsCount ?? 0,
    addPartitions: async (topic, count) => {
      await admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] });
    },
    setConfig: async (topic, name, value) => {
      const configs = [{ name, value, configOperation: 0 }];
      await admin.incrementalAlterConfigs({ resources: [{ resourceType: TOPIC, resourceName: topic, configs }] });
    },
    config: async (topic, name) => {
      const [found] = await admin.describeConfigs({ resources: [{ resourceType: TOPIC, resourceName: topic, configurationKeys: [name] }] });
      return found?.configs.find((config) => config.name === name)?.value ?? null;
    },
    deleteTopic: async (topic) => {
      await admin.deleteTopics({ topics: [topic] });
    },
    deleteRecords: async (topic, partition, offset) => {
      await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }] });
    },
    offsets: async (topic, partition) => ({ first: await offsetAt(topic, partition, -2), next: await offsetAt(topic, partition, -1) }),
    offsetAt,
    groups: async () => [...(await admin.listGroups()).keys()],
    group: async (id) => {
      const group = (await admin.describeGroups({ groups: [id] })).get(id);
      return { state: group?.state ?? '', members: group?.members.size ?? 0 };
    },
    deleteGroup: async (id) => {
      await admin.deleteGroups({ groups: [id] });
    },
    committed: async (groupId, topic, partition) => {
      const [group] = await admin.listConsumerGroupOffsets({
        groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [partition] }] }],
      });
      return Number(group?.topics[0]?.partitions[0]?.committedOffset ?? -1);
    },
    close: () => admin.close(),
  };
}

function producerOf(kafka: Platformatic, common: object, options: ProducerOptions): TestProducer {
  const { acks = -1, codec = 'none', idempotent, transactionalId } = options;
  const producer = new kafka.Producer({
    ...common,
    ...(idempotent === true || transactionalId !== undefined ? { idempotent: true } : {}),
    ...(transactionalId === undefined ? {} : { transactionalId }),
  });
  let transaction: PlatformaticTransaction | undefined;
  const inTransaction = (): PlatformaticTransaction => {
    if (transaction === undefined) throw new Error('No transaction is open.');
    return transaction;
  };
  return {
    send: async (topic, records) => {
      const messages = records.map(({ key, value, headers, timestamp, partition }) => ({
        topic,
        ...(key === undefined || key === null ? {} : { key: Buffer.from(key) }),
        ...(value === null ? {} : { value: Buffer.from(value) }),
        ...(headers === undefined ? {} : { headers: headersOf(headers) }),
        ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
        ...(partition === undefined ? {} : { partition }),
      }));
      await (transaction ?? producer).send({ messages, acks, compression: codec satisfies Codec });
    },
    begin: async () => {
      transaction = await producer.beginTransaction();
    },
    sendOffset: async (consumer, topic, partition, offset) => {
      const client = clients.get(consumer);
      const message = client?.messages.find(
        (each) => each.topic === topic && each.partition === partition && Number(each.offset) === offset - 1,
      );
      if (client === undefined || message === undefined) throw new Error('No message of this client has this offset.');
      await inTransaction().addConsumer(client.consumer);
      await inTransaction().addOffset(message);
    },
    commit: async () => {
      await inTransaction().commit();
      transaction = undefined;
    },
    abort: async () => {
      await inTransaction().abort();
      transaction = undefined;
    },
    close: () => producer.close(),
  };
}

function headersOf(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]));
}

interface Client {
  readonly consumer: PlatformaticConsumer;
  readonly messages: readonly Message[];
}

const clients = new WeakMap<TestConsumer, Client>();

async function consumerOf(kafka: Platformatic, common: object, options: ConsumerOptions): Promise<TestConsumer> {
  const { group, topic, from = 'earliest', isolation, protocol } = options;
  const consumer = new kafka.Consumer({
    ...common,
    groupId: group,
    autocommit: false,
    maxWaitTime: 200,
    isolationLevel: isolation === 'read_uncommitted' ? 0 : 1,
    ...(protocol === 'consumer'
      ? { groupProtocol: 'consumer' }
      : { sessionTimeout: 10_000, heartbeatInterval: 300, rebalanceTimeout: 10_000 }),
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: from });
  const inbox = new Inbox();
  const messages: Message[] = [];
  stream.on('data', (data: unknown) => {
    const message = data as Message;
    // Read again after a rebalance.
    if (messages.some(({ partition, offset }) => partition === message.partition && offset === message.offset)) return;
    messages.push(message);
    const headers = Object.fromEntries([...message.headers].map(([name, value]) => [name.toString(), value.toString()]));
    inbox.add({ ...message, headers });
  });
  stream.on('error', () => {});
  const made: TestConsumer = {
    received: inbox.records,
    assignment: () => consumer.assignments?.flatMap((each) => (each.topic === topic ? each.partitions : [])) ?? [],
    commit: (name, partition, offset) => consumer.commit({ offsets: [{ topic: name, partition, offset: BigInt(offset), leaderEpoch: 0 }] }),
    seek: () => Promise.reject(new Error('This client cannot seek in a stream.')),
    close: async () => {
      await stream.close();
      await consumer.close(true);
      await pause(0);
    },
  };
  clients.set(made, { consumer, messages });
  return made;
}
