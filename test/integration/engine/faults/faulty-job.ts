import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaStreamsConfig } from 'millrace';
import { expect } from 'vitest';
import { Broker, type BrokerStartOptions } from '../../../../src/broker/index.ts';
import { fetchOffsets, KafkaClient } from '../../../../src/client/index.ts';
import { DescribeGroups } from '../../../../src/protocol/index.ts';
import { type App, Harness, type TransportName } from '../harness.ts';

/** Both, whatever the rest of the engine's tests run over: faults are what a transport is judged by. */
export const BOTH: readonly TransportName[] = ['librdkafka', 'wire'];
/** Client id of the application under test, for faults that are to hit it and not the client that looks on. */
export const JOB = 'job';
export const GROUP = 'app';
export const PARTITIONS = 4;
/** What the application keeps: its input, both outputs, and what lies between. */
export const TOPICS = ['input', 'copies', 'counts', 'app-by-word-repartition', 'app-counts-store-changelog'];
const TOPOLOGY = new URL('../count-topology.ts', import.meta.url).href;
const NODES = 3;
const WORDS = 20;
/** Written at once; a multiple of the words, so that each word is always written equally often. */
const SLICE = 5 * WORDS;
const SLICE_EVERY_MS = 10;
const EXACT_WITHIN_MS = 60_000;

export interface FaultyJobOptions {
  readonly transport: TransportName;
  readonly broker?: BrokerStartOptions;
  readonly config?: Partial<KafkaStreamsConfig>;
  /** Client settings of the one that looks on. */
  readonly client?: Partial<KafkaStreamsConfig>;
  /** Default true: wait until the application processes. */
  readonly launch?: boolean;
}

/**
 * A cluster of three nodes, and on it an application that counts exactly once: it re-keys by a repartition topic and keeps
 * a changelog. A lost or repeated record shows in what it puts out.
 */
export class FaultyJob {
  readonly broker: Broker;
  readonly harness: Harness;
  /** For what nobody else asks. */
  readonly client: KafkaClient;
  readonly #config: Partial<KafkaStreamsConfig>;
  app: App | undefined;
  /** Records written to the input. */
  written = 0;

  static async start({ transport, broker: options, config, client, launch = true }: FaultyJobOptions): Promise<FaultyJob> {
    const broker = await Broker.start({
      nodes: NODES,
      topics: ['input', 'copies', 'counts'].map((name) => ({ name, partitions: PARTITIONS, replicationFactor: NODES })),
      ...options,
    });
    const harness = await Harness.start([], PARTITIONS, broker.bootstrapServers, 'wire', client);
    const job = new FaultyJob(broker, harness, { transport, ...config });
    if (launch) await job.launch();
    return job;
  }

  private constructor(broker: Broker, harness: Harness, config: Partial<KafkaStreamsConfig>) {
    this.broker = broker;
    this.harness = harness;
    this.client = KafkaClient.open({ bootstrapServers: broker.bootstrapServers });
    this.#config = config;
  }

  /** Starts the application, `changes` on top of the test's configuration. */
  async launch(changes: Partial<KafkaStreamsConfig> = {}): Promise<App> {
    this.app = this.begin(changes);
    await this.app.running();
    return this.app;
  }

  /** The same without waiting for it to run. */
  begin(changes: Partial<KafkaStreamsConfig> = {}): App {
    this.app = this.harness.launch(TOPOLOGY, {
      applicationId: GROUP,
      clientId: JOB,
      processingGuarantee: 'exactly_once_v2',
      replicationFactor: NODES,
      ...this.#config,
      ...changes,
    });
    return this.app;
  }

  /** Writes so many records; rounded up to whole slices. */
  async write(records: number): Promise<void> {
    for (let left = records; left > 0; left -= SLICE) {
      const from = this.written;
      this.written += SLICE;
      await this.harness.produce(
        'input',
        Array.from({ length: SLICE }, (_, index) => [`k${(from + index) % 97}`, `word${(from + index) % WORDS}`]),
      );
    }
  }

  /** Goes on writing until `meanwhile` is done. */
  async underLoad(meanwhile: () => Promise<void>): Promise<void> {
    let stopped = false;
    const load = (async () => {
      while (!stopped) {
        await this.write(SLICE);
        await sleep(SLICE_EVERY_MS);
      }
    })();
    try {
      await meanwhile();
    } finally {
      stopped = true;
      await load;
    }
  }

  /** Waits until everything written is counted, and sees that nothing is counted twice. */
  async exact(): Promise<void> {
    const deadlineMs = performance.now() + EXACT_WITHIN_MS;
    for (;;) {
      const counts = await this.harness.table('counts', (value) => Number(Buffer.from(value).readBigInt64BE()));
      const total = [...counts.values()].reduce<number>((sum, count) => sum + Number(count), 0);
      if (total >= this.written || performance.now() > deadlineMs) {
        expect(counts).toEqual(new Map(Array.from({ length: WORDS }, (_, word) => [`word${word}`, this.written / WORDS])));
        break;
      }
      this.alive();
      await sleep(20);
    }
    expect(await this.harness.count('copies')).toBe(this.written);
  }

  /** Throws what the application said at its end, if it has ended. */
  alive(): void {
    const { process, errors, lines } = this.app!;
    if (process.exitCode === null && process.signalCode === null) return;
    throw new Error(`The application ended: ${JSON.stringify(lines.at(-1))} ${errors}`);
  }

  /** The error with which the application ends. */
  async failure(): Promise<{ readonly error: string; readonly code: string }> {
    const { error = '', code = '' } = await this.app!.line((line) => line.error !== undefined);
    return { error, code };
  }

  /** Moves the leader of every partition of a topic one node on. */
  async moveLeaders(topic: string): Promise<void> {
    const { topics } = await this.broker.state();
    for (const { partition, leader } of topics.find(({ name }) => name === topic)?.partitions ?? []) {
      await this.broker.moveLeader(topic, partition, (leader % NODES) + 1);
    }
  }

  async moveCoordinator(type: 'group' | 'transaction'): Promise<void> {
    const { groups, transactions } = await this.broker.state();
    const key = type === 'group' ? GROUP : transactions[0]!.transactionalId;
    const coordinator = (type === 'group' ? groups : transactions)[0]!.coordinator;
    await this.broker.moveCoordinator(type, key, (coordinator % NODES) + 1);
  }

  /** Of the application; there is one, as it has one producer. */
  async transactionalId(): Promise<string> {
    return (await this.broker.state()).transactions[0]!.transactionalId;
  }

  /** The group's committed offsets; -1 where there is none. */
  async committed(topic: string, partitions: readonly number[]): Promise<number[]> {
    const asked = partitions.map((partition) => ({ topic, partition }));
    return (await fetchOffsets(this.client, GROUP, asked, { requireStable: true })).map(({ offset }) => offset);
  }

  /** Waits until the application fetches from every node that leads a partition of the topic. */
  async reading(topic: string): Promise<void> {
    const { topics } = await this.broker.state();
    const nodes = new Set(topics.find(({ name }) => name === topic)?.partitions.map(({ leader }) => leader));
    for (const node of nodes) {
      const fetched = await this.broker.faults.add({ api: 'Fetch', clientId: JOB, node, action: 'delay', delayMs: 0 });
      await fetched.waitForHits(2);
      await fetched.remove();
    }
  }

  /** Member ids of the application's group. */
  async members(): Promise<string[]> {
    const { groups } = await this.client.request(DescribeGroups, { groups: [GROUP] }, { coordinator: ['group', GROUP] });
    return groups.flatMap(({ members }) => members.map(({ memberId }) => memberId));
  }

  /** Stops it in good order, and looks at the results once more. */
  async stop(): Promise<void> {
    expect(await this.app!.stop()).toBe(0);
    await this.exact();
  }

  async close(): Promise<void> {
    this.client.close();
    await this.harness.close();
    await this.broker.close();
  }
}
