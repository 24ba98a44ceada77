import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Broker } from '../../../src/broker/index.ts';
import { describeGroup } from '../../../src/cli/admin/groups.ts';
import { JobKafka } from '../../../src/cli/job-kafka.ts';
import { KafkaClient } from '../../../src/client/index.ts';
import { type KafkaStreamsConfig, resolveConfig } from '../../../src/config.ts';
import { createTransport } from '../../../src/transport/create.ts';
import type { Transport } from '../../../src/transport/transport.ts';

/** A Kafka to judge by instead of the embedded broker: `TEST_BOOTSTRAP=host:port`. Every test then has topics of its own. */
const external = process.env.TEST_BOOTSTRAP;

const GROUP_POLL_MS = 100;

export type TransportName = KafkaStreamsConfig['transport'] & string;
/** Every engine test runs over both. */
export const TRANSPORTS: readonly TransportName[] = ['librdkafka', 'wire'];

/** A broker, a client to look at it with, and application processes against it; all gone at `close`. */
export class Harness {
  readonly bootstrapServers: string;
  readonly kafka: JobKafka;
  readonly stateDir = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  readonly #broker: { close(): Promise<void> };
  readonly #client: Transport;
  readonly #apps: App[] = [];
  readonly #transport: TransportName;
  /** Before the names of topics, and of the application: empty on a broker of the test's own. */
  readonly prefix: string;

  private constructor(broker: { bootstrapServers: string; close(): Promise<void> }, client: Transport, transport: TransportName) {
    this.#transport = transport;
    this.bootstrapServers = broker.bootstrapServers;
    this.prefix = broker.bootstrapServers === external ? `t${Date.now().toString(36)}-` : '';
    this.#broker = broker;
    this.#client = client;
    this.kafka = new JobKafka(client);
  }

  /**
   * @param given a broker of the test's own. Default: an embedded one, or `TEST_BOOTSTRAP`.
   * @param transport of the applications, and of the client that looks on
   * @param settings of that client, beside
   */
  static async start(
    topics: readonly string[],
    partitions = 4,
    given = external,
    transport: TransportName = 'librdkafka',
    settings: Partial<KafkaStreamsConfig> = {},
  ): Promise<Harness> {
    const broker = given === undefined ? await Broker.start({ port: 0 }) : { bootstrapServers: given, close: async () => {} };
    const config = resolveConfig({ applicationId: 'test-client', bootstrapServers: broker.bootstrapServers, transport, ...settings });
    const client = await createTransport(config, 'test', { onError: () => {}, onLog: () => {} });
    await client.connect(30_000);
    const harness = new Harness(broker, client, transport);
    await harness.kafka.createTopics(
      topics.map((topic) => ({ topic: harness.prefix + topic, partitions, replicationFactor: -1, config: {} })),
    );
    return harness;
  }

  /** Starts a process of the application. */
  launch(topology: string, config: Partial<KafkaStreamsConfig>): App {
    const script = fileURLToPath(new URL('app.ts', import.meta.url));
    return this.run(script, [
      topology,
      JSON.stringify({
        applicationId: `${this.prefix}app`,
        bootstrapServers: this.bootstrapServers,
        stateDir: this.stateDir,
        commitIntervalMs: 50,
        transport: this.#transport,
        consumer: { 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 500 },
        ...config,
      }),
    ]);
  }

  /** Starts any program that behaves like one. */
  run(script: string, args: readonly string[]): App {
    const app = new App(script, args, this.prefix);
    this.#apps.push(app);
    return app;
  }

  /** Writes records with keys `k0`, `k1`, … and the given values, round robin over partitions by key. */
  async produce(topic: string, records: readonly (readonly [key: string, value: string])[]): Promise<void> {
    const writer = await this.kafka.writer(this.prefix + topic);
    for (const [key, value] of records) {
      const bytes = Buffer.from(key);
      writer.append(writer.partitionOf(bytes), Date.now(), bytes, Buffer.from(value));
    }
    await writer.flush();
  }

  /** Last committed value of every key. */
  async table(topic: string, decode: (value: Uint8Array) => number | string): Promise<Map<string, number | string>> {
    const rows = new Map<string, number | string>();
    await this.kafka.readAll(this.prefix + topic, ({ key, value }) => {
      if (value !== null) rows.set(Buffer.from(key ?? []).toString(), decode(value));
    });
    return rows;
  }

  /**
   * Resolves when the application's group has so many members and each has its partitions. `caughtUp` of a process speaks
   * for the partitions it has: after another one has left, it has not got that one's yet.
   */
  async members(count: number): Promise<void> {
    const client = KafkaClient.open({ bootstrapServers: this.bootstrapServers, clientId: 'test' });
    try {
      for (;;) {
        const { state, members } = await describeGroup(client, `${this.prefix}app`);
        if (state === 'Stable' && members.length === count) return;
        await sleep(GROUP_POLL_MS);
      }
    } finally {
      client.close();
    }
  }

  /** Number of committed records in a topic. */
  async count(topic: string): Promise<number> {
    let records = 0;
    await this.kafka.readAll(this.prefix + topic, () => records++);
    return records;
  }

  async close(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.kill()));
    await this.#client.close();
    await this.#broker.close();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

type Line = { state?: string; caughtUp?: boolean; error?: string; code?: string };

/** One process of an application. */
export class App {
  readonly process: ChildProcess;
  readonly lines: Line[] = [];
  /** What it wrote to stderr. */
  errors = '';
  readonly exited: Promise<number | null>;
  readonly #waiting = new Set<() => void>();

  constructor(script: string, args: readonly string[], prefix: string) {
    this.process = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '16', TEST_PREFIX: prefix },
    });
    this.exited = new Promise((resolve) => this.process.on('exit', (code) => resolve(code)));
    this.process.stderr?.on('data', (data: Buffer) => {
      this.errors += data.toString();
    });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line);
      for (const wake of this.#waiting) wake();
    });
    void this.exited.then(() => {
      for (const wake of this.#waiting) wake();
    });
  }

  /** Resolves with the first line that matches; rejects when the process ends without one. */
  async line(matches: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.lines.find(matches);
      if (found !== undefined) return found;
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(
          `The application ended (${this.process.exitCode ?? this.process.signalCode}): ${JSON.stringify(this.lines.at(-1))} ${this.errors}`,
        );
      }
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  running(): Promise<Line> {
    return this.line(({ state }) => state === 'RUNNING');
  }

  /** Resolves when the process has processed and committed all its input. */
  async caughtUp(): Promise<void> {
    await this.running();
    this.process.kill('SIGUSR2');
    await this.line(({ caughtUp }) => caughtUp === true);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM: commits and closes. */
  async stop(): Promise<number | null> {
    this.process.kill('SIGTERM');
    return this.exited;
  }
}
