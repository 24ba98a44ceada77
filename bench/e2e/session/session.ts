import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobKafka } from '../../../src/cli/job-kafka.ts';
import { KafkaClient } from '../../../src/client/index.ts';
import { resolveConfig } from '../../../src/config.ts';
import { createTransport } from '../../../src/transport/create.ts';
import { type BrokerProcess, startMillrace } from '../../broker/broker-process.ts';
import { KAFKA_VERSION, KafkaMissing, kafkaClassPath } from '../../broker/kafka/class-path.ts';
import { startKafka } from '../../broker/kafka/start.ts';
import type { BenchProgress } from '../progress.ts';
import { Leftovers } from './leftovers.ts';
import { deleteTopics, waitUntilGone, waitUntilThere } from './topics.ts';

/** One broker with what the benchmark needs to fill, watch and read it. */
export interface BenchSession {
  readonly broker: BrokerProcess;
  /** With the version, where it is not ours. */
  readonly brokerName: string;
  readonly client: KafkaClient;
  readonly kafka: JobKafka;
  readonly leftovers: Leftovers;
  readonly log: (line: string) => void;
  /** Is told what is under way. */
  readonly progress: BenchProgress;
  /**
   * With a producer of its own. Each input is written with one: a producer that wrote to a topic of the same name before goes
   * on with its sequence numbers, which the topic that was made anew does not know.
   */
  withFreshKafka<T>(work: (kafka: JobKafka) => Promise<T>): Promise<T>;
  /** Creates a topic for the output of one run. */
  createOutput(topic: string, partitions: number): Promise<void>;
  /** Deletes topics with their records, so that no run fills the disk for the next; resolves when they are gone. */
  deleteTopics(topics: readonly string[]): Promise<void>;
  /** A new directory, which is gone at the end. */
  makeDirectory(name: string): string;
  removeDirectory(path: string): void;
}

export interface SessionOptions {
  /** `kafka`, `embedded`, or undefined for Apache Kafka where Java is there. */
  readonly broker: string | undefined;
  /** Takes the log as well: its lines and the live one are one after the other. */
  readonly progress: BenchProgress;
}

const START_LIMIT_MS = 60_000;

/** Starts a broker, hands it to `work`, and leaves nothing behind, also when it is interrupted. */
export async function withSession<T>(options: SessionOptions, work: (session: BenchSession) => Promise<T>): Promise<T> {
  const leftovers = new Leftovers();
  try {
    const directory = leftovers.directory(mkdtempSync(join(tmpdir(), 'millrace-bench-e2e-')));
    const { broker, brokerName } = await startBroker(options, directory);
    leftovers.onStop(() => broker.stop());
    return await connected(broker.bootstrapServers, (client, kafka) =>
      work({
        broker,
        brokerName,
        client,
        kafka,
        leftovers,
        log: options.progress.line,
        progress: options.progress,
        withFreshKafka: (work) => withKafka(broker.bootstrapServers, work),
        createOutput: async (topic, partitions) => {
          // Events are of years ago: by its retention Kafka would delete them while they are counted, every five minutes.
          await kafka.createTopics([{ topic, partitions, replicationFactor: -1, config: { 'retention.ms': '-1' } }]);
          await waitUntilThere(client, topic);
        },
        deleteTopics: async (topics) => {
          await deleteTopics(client, topics);
          await waitUntilGone(client, topics);
        },
        makeDirectory: (name) => {
          const path = join(directory, name);
          mkdirSync(path);
          return path;
        },
        removeDirectory: (path) => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
      }),
    );
  } finally {
    await leftovers.close();
  }
}

async function startBroker(
  { broker, progress }: SessionOptions,
  directory: string,
): Promise<{ broker: BrokerProcess; brokerName: string }> {
  if (broker !== 'embedded') {
    try {
      return {
        broker: await startKafka(kafkaClassPath(progress.line), join(directory, 'kafka')),
        brokerName: `Apache Kafka ${KAFKA_VERSION}`,
      };
    } catch (error) {
      if (!(error instanceof KafkaMissing) || broker === 'kafka') throw error;
      progress.line(`Skipped: Apache Kafka as the broker. ${error.message} The embedded broker serves instead.`);
    }
  }
  mkdirSync(join(directory, 'embedded'));
  return { broker: await startMillrace(join(directory, 'embedded'), 'none'), brokerName: 'the embedded broker of Millrace' };
}

async function connected<T>(bootstrapServers: string, work: (client: KafkaClient, kafka: JobKafka) => Promise<T>): Promise<T> {
  const client = await KafkaClient.connect({ bootstrapServers, bootstrapTimeoutMs: START_LIMIT_MS });
  try {
    return await withKafka(bootstrapServers, (kafka) => work(client, kafka));
  } finally {
    client.close();
  }
}

/** Over the wire transport: what it writes are the batches that the loader makes, of the size that Java's producer has. */
async function withKafka<T>(bootstrapServers: string, work: (kafka: JobKafka) => Promise<T>): Promise<T> {
  const config = resolveConfig({ applicationId: 'bench', bootstrapServers, processingGuarantee: 'at_least_once', transport: 'wire' });
  const transport = await createTransport(config, 'bench', { onError: () => {}, onLog: () => {} });
  await transport.connect(START_LIMIT_MS);
  try {
    return await work(new JobKafka(transport));
  } finally {
    await transport.close();
  }
}
