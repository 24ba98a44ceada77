/**
 * A broker with a client, and batches to send through it, for the tests of this folder: the embedded broker or, with
 * `TEST_BOOTSTRAP=host:port`, any Kafka, on which tests skip themselves that need something of the embedded broker.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TestRunner } from 'vitest';
import { Broker, type BrokerStartOptions } from '../../../src/broker/index.ts';
import { BatchFetcher, type ClientOptions, type FetcherOptions, KafkaClient } from '../../../src/client/index.ts';
import { CreateTopics, RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';

const external = process.env.TEST_BOOTSTRAP;
/** Before names that are to be new, on a Kafka that many runs share. */
export const PREFIX = external === undefined ? '' : `c${Date.now().toString(36)}-`;

type EmbeddedBroker = Pick<
  Broker,
  | 'bootstrapServers'
  | 'close'
  | 'corruptBatch'
  | 'expireProducer'
  | 'expireTransaction'
  | 'moveCoordinator'
  | 'moveLeader'
  | 'startNode'
  | 'stopNode'
> & { readonly faults: Pick<Broker['faults'], 'add' | 'clear'> };

export interface Cluster {
  readonly broker: EmbeddedBroker;
  readonly client: KafkaClient;
  /** Another client of the same cluster, closed with it. */
  connect(options?: Partial<ClientOptions>): Promise<KafkaClient>;
  /** A topic of a name of its own, replicated to all nodes. */
  createTopic(partitions: number, config?: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

const CREATED_CHECK_MS = 20;
let topics = 0;

/** Stands for a broker that can be told nothing. */
function foreignBroker(bootstrapServers: string): EmbeddedBroker {
  const skip = (): never => {
    TestRunner.getCurrentTest()?.context.skip('It needs the embedded broker.');
    throw new Error('Only a test can use the embedded broker, and this Kafka is none.');
  };
  return {
    bootstrapServers,
    close: async () => undefined,
    corruptBatch: skip,
    expireProducer: skip,
    expireTransaction: skip,
    moveCoordinator: skip,
    moveLeader: skip,
    startNode: skip,
    stopNode: skip,
    faults: { add: skip, clear: async () => undefined },
  };
}

export async function startCluster(options: BrokerStartOptions = { nodes: 3 }, client: Partial<ClientOptions> = {}): Promise<Cluster> {
  const broker = external === undefined ? await Broker.start(options) : foreignBroker(external);
  const clients: KafkaClient[] = [];
  const connect = async (more: Partial<ClientOptions> = {}): Promise<KafkaClient> => {
    const made = await KafkaClient.connect({ bootstrapServers: broker.bootstrapServers, retryBackoffMs: 5, ...client, ...more });
    clients.push(made);
    return made;
  };
  const first = await connect();
  return {
    broker,
    client: first,
    connect,
    async createTopic(numPartitions, config = {}) {
      const name = `${PREFIX}topic-${topics++}`;
      const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      const replicationFactor = external === undefined ? (options.nodes ?? 1) : -1;
      const topic = { name, numPartitions, replicationFactor, assignments: [], configs };
      await first.request(CreateTopics, { topics: [topic], timeoutMs: 10_000 }, 'controller');
      // The controller answers before the brokers know of it.
      while ((await first.metadata([name])).topics[0]?.errorCode !== 0) await sleep(CREATED_CHECK_MS);
      return name;
    },
    async close() {
      for (const one of clients) one.close();
      await broker.close();
    },
  };
}

/** One batch with these values. */
export function batchOf(...values: readonly string[]): Buffer {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(1_000, Buffer.from('key'), Buffer.from(value));
  return builder.build();
}

/** The values of batches from an offset on, with their offsets. */
export function valuesOf(bytes: Uint8Array, firstOffset: number): { readonly offset: number; readonly value: string }[] {
  const values: { offset: number; value: string }[] = [];
  const cursor = new RecordCursor(bytes);
  while (cursor.next()) {
    if (cursor.offset < firstOffset) continue;
    values.push({
      offset: cursor.offset,
      value: cursor.buffer.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength),
    });
  }
  return values;
}

/**
 * The values of all partitions from their beginning to their end, each partition in its order. With `decided`, transactions
 * that are open below the end are waited for: a commit is answered before its markers are written.
 */
export async function readAll(
  client: KafkaClient,
  topic: string,
  partitions: number,
  { decided = false, ...options }: FetcherOptions & { readonly decided?: boolean } = {},
): Promise<string[][]> {
  const fetcher = new BatchFetcher(client, { maxWaitMs: 50, ...options });
  const read = Array.from({ length: partitions }, (): string[] => []);
  fetcher.assign(read.map((_, partition) => ({ topic, partition, offset: 'earliest' })));
  const ended = new Set<number>();
  const isRead = (_: unknown, partition: number): boolean =>
    ended.has(partition) &&
    (!decided || fetcher.position(topic, partition) >= (fetcher.highWatermark(topic, partition) ?? Number.POSITIVE_INFINITY));
  try {
    while (!read.every(isRead)) {
      for (const { partition, bytes, firstOffset } of await fetcher.poll(1_000)) {
        read[partition]!.push(...valuesOf(bytes, firstOffset).map(({ value }) => value));
      }
      for (const { partition } of fetcher.takeCaughtUp()) ended.add(partition);
    }
    return read;
  } finally {
    fetcher.close();
  }
}
