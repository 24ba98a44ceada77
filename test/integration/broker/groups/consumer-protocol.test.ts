/** librdkafka's consumers with `group.protocol=consumer` (KIP-848), in processes of their own that are killed, like the broker. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type * as Rdkafka from '@confluentinc/kafka-javascript';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, describe, expect, it } from 'vitest';
import { Broker } from '../../../../src/broker/index.ts';

const kafkajsAdmin = (bootstrap: string) => new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING }).admin();
const { Producer } = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;

const WAIT_MS = 90_000;
const TEST_MS = 240_000;

interface Said {
  readonly listening?: string;
  readonly partitions?: readonly string[];
  readonly value?: string;
}

/** A process that says JSON lines. */
class Running {
  readonly #child: ChildProcess;
  readonly said: Said[] = [];
  readonly #errors: string[] = [];

  constructor(script: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', new URL(script, import.meta.url).pathname, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.said.push(JSON.parse(line) as Said));
    this.#child.stderr!.on('data', (chunk: Buffer) => this.#errors.push(chunk.toString()));
  }

  /** What it last said it has. */
  get partitions(): readonly string[] {
    return this.said.findLast(({ partitions }) => partitions !== undefined)?.partitions ?? [];
  }

  get values(): string[] {
    return this.said.flatMap(({ value }) => value ?? []);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get problem(): string {
    return this.#errors.join('');
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    await ended;
  }
}

const everything: Running[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const process of everything.splice(0)) await process.stop('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}, WAIT_MS);

function run(script: string, ...args: string[]): Running {
  const process = new Running(script, args);
  everything.push(process);
  return process;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const endMs = Date.now() + WAIT_MS; Date.now() < endMs; await delay(50)) if (condition()) return;
  const state = everything.map(({ partitions, values, problem }) => JSON.stringify({ partitions, values: values.length, problem }));
  throw new Error(`Not within ${WAIT_MS} ms: ${what}\n${state.join('\n')}`);
}

async function startBroker(port: string, directory: string): Promise<{ readonly process: Running; readonly bootstrap: string }> {
  const process = run('./broker-process.ts', port, directory);
  await until('the broker listens', () => process.said.length > 0);
  return { process, bootstrap: process.said[0]!.listening! };
}

const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-groups-'));
  directories.push(directory);
  return directory;
};

/** Values `from` to `to`, over all partitions. */
async function produce(bootstrap: string, topic: string, from: number, to: number): Promise<void> {
  const producer = new Producer({ 'bootstrap.servers': bootstrap, 'linger.ms': 5 });
  await new Promise<void>((resolve, reject) => producer.connect({}, (error) => (error ? reject(new Error(error.message)) : resolve())));
  for (let value = from; value < to; value++) producer.produce(topic, value % 6, Buffer.from(String(value)));
  await new Promise<void>((resolve, reject) => producer.flush(WAIT_MS, (error) => (error ? reject(new Error(error.message)) : resolve())));
  await new Promise((resolve) => producer.disconnect(resolve));
}

const ALL = Array.from({ length: 6 }, (_, partition) => `orders-${partition}`);

/** Everybody has something, nobody has what another one has, and together they have it all. */
function shared(consumers: readonly Running[]): boolean {
  const partitions = consumers.flatMap((consumer) => consumer.partitions).sort();
  return consumers.every((consumer) => consumer.partitions.length > 0) && partitions.join() === ALL.join();
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => String(from + index));

describe('librdkafka with group.protocol=consumer', () => {
  it('shares partitions, takes over from who is killed, and goes on when the broker is killed and comes back', {
    timeout: TEST_MS,
  }, async () => {
    const directory = newDirectory();
    const first = await startBroker('0', directory);
    await produce(first.bootstrap, 'orders', 0, 300);
    const start = () => run('./consumer-process.ts', first.bootstrap, 'trackers', 'consumer', 'orders');
    const [a, b] = [start(), start()];
    await until('two consumers share the partitions', () => shared([a, b]));
    const c = start();
    await until('three consumers share the partitions', () => shared([a, b, c]));
    const read = () => new Set([a, b, c].flatMap(({ values }) => values));
    await until('everything is read', () => read().size === 300);

    await c.stop('SIGKILL');
    await first.process.stop('SIGKILL');
    const [had, has] = [a.partitions, b.partitions];
    const second = await startBroker(first.bootstrap.split(':')[1]!, directory);
    await until('two are left with everything', () => shared([a, b]));
    for (const partition of had) expect(a.partitions).toContain(partition);
    for (const partition of has) expect(b.partitions).toContain(partition);
    await produce(second.bootstrap, 'orders', 300, 600);
    await until('what came later is read too', () => read().size === 600);
    expect([...read()].sort()).toEqual(numbers(0, 600).sort());

    await a.stop('SIGTERM');
    await until('one that leaves hands over at once', () => shared([b]));
  });

  it('works in one group with classic consumers', { timeout: TEST_MS }, async () => {
    const { bootstrap } = await startBroker('0', newDirectory());
    await produce(bootstrap, 'orders', 0, 60);
    const classic = run('./consumer-process.ts', bootstrap, 'mixed', 'classic', 'orders');
    await until('the classic consumer has everything', () => shared([classic]));
    const modern = run('./consumer-process.ts', bootstrap, 'mixed', 'consumer', 'orders');
    await until('they share the partitions', () => shared([classic, modern]));
    await classic.stop('SIGTERM');
    await until('the new one has everything', () => shared([modern]));
    const again = run('./consumer-process.ts', bootstrap, 'mixed', 'classic', 'orders');
    await until('they share the partitions again', () => shared([again, modern]));
    await modern.stop('SIGTERM');
    await until('the group is a classic one again', () => shared([again]));
  });

  it('follows its coordinator from node to node, and keeps what it has', { timeout: TEST_MS }, async () => {
    const config = { 'group.consumer.heartbeat.interval.ms': '300' };
    const broker = await Broker.start({ nodes: 3, defaultPartitions: 6, logLevel: 'error', config });
    try {
      const bootstrap = broker.bootstrapServers;
      await produce(bootstrap, 'orders', 0, 60);
      const start = () => run('./consumer-process.ts', bootstrap, 'moving', 'consumer', 'orders');
      const [a, b] = [start(), start()];
      await until('two consumers share the partitions', () => shared([a, b]));
      const before = [a.partitions, b.partitions];
      for (const [turn, node] of [1, 2, 3].entries()) {
        await broker.moveCoordinator('group', 'moving', node);
        await produce(bootstrap, 'orders', 60 + turn * 60, 120 + turn * 60);
        await until('everything is read', () => new Set([...a.values, ...b.values]).size === 120 + turn * 60);
      }
      const group = kafkajsAdmin(bootstrap);
      await group.connect();
      const offsets = async () => (await group.fetchOffsets({ groupId: 'moving', topics: ['orders'] }))[0]!.partitions;
      // Commits reach the coordinator where it is now.
      for (let committed = 0; committed < 240; await delay(100))
        committed = (await offsets()).reduce((sum, { offset }) => sum + Number(offset), 0);
      await group.disconnect();
      expect([a.partitions, b.partitions]).toEqual(before);
    } finally {
      for (const process of everything) await process.stop('SIGKILL');
      await broker.close();
    }
  });

  it('subscribes by regular expression', { timeout: TEST_MS }, async () => {
    const { bootstrap } = await startBroker('0', newDirectory());
    await produce(bootstrap, 'orders', 0, 6);
    const consumer = run('./consumer-process.ts', bootstrap, 'matching', 'consumer', '^ord.*');
    await until('it reads what it matches', () => shared([consumer]) && consumer.values.length === 6);
    await produce(bootstrap, 'ordinals', 0, 6);
    await until('and what comes later', () => consumer.partitions.length === 12 && consumer.values.length === 12);
  });
});
