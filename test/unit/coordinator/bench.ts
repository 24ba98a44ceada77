import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaStreamsConfig } from '../../../src/config.ts';
import { RecordBatchBuilder } from '../../../src/protocol/index.ts';
import { FakeCluster } from '../../simulation/fake-cluster.ts';
import { Instance, type ShardsRun } from '../../simulation/instance.ts';

const WAIT_TIMEOUT_MS = 10_000;

/** Instances of the echo application on a fake cluster. */
export class Bench {
  readonly cluster = new FakeCluster({ transactionTimeoutMs: 60_000, sessionTimeoutMs: 5_000 });
  readonly logged: string[] = [];
  readonly #stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  readonly #instances: Instance[] = [];

  constructor(partitions = 2) {
    this.cluster.createTopic('in', partitions);
    this.cluster.createTopic('out', 1);
  }

  instance(config: Partial<KafkaStreamsConfig> = {}, topology = 'echo.ts', shards: ShardsRun = 'inline'): Instance {
    const log = (_context: object, message: string) => void this.logged.push(message);
    const instance = new Instance({
      cluster: this.cluster,
      topology: new URL(`fixtures/${topology}`, import.meta.url).href,
      shards,
      logger: { debug: log, info: log, warn: log, error: log },
      config: {
        applicationId: 'echo',
        bootstrapServers: 'fake:1',
        stateDir: join(this.#stateDir, String(this.#instances.length)),
        processingGuarantee: 'exactly_once_v2',
        numStreamThreads: 2,
        commitIntervalMs: 10,
        pollMs: 10,
        requestTimeoutMs: 5_000,
        ...config,
      },
    });
    this.#instances.push(instance);
    return instance;
  }

  write(partition: number, ...values: readonly string[]): void {
    const builder = new RecordBatchBuilder();
    for (const value of values) builder.append(1_000, Buffer.from(`key${partition}`), Buffer.from(value));
    this.cluster.append([{ topic: 'in', partition, recordCount: values.length, bytes: builder.build() }]);
  }

  /** Committed values of a topic, all partitions. */
  values(topic = 'out'): string[] {
    const values: string[] = [];
    for (let partition = 0; partition < (this.cluster.partitions(topic) ?? 0); partition++) {
      this.cluster.log({ topic, partition }).forEach(({ value }) => {
        values.push(String(value));
      });
    }
    return values.sort();
  }

  /** Last count in the changelog. */
  count(partition: number): number {
    let count = 0;
    this.cluster.log({ topic: 'echo-counts-changelog', partition }).forEach(({ value }) => {
      count = Number(value?.readBigInt64BE() ?? 0);
    });
    return count;
  }

  committed(partition: number): number {
    return this.cluster.group.committed({ topic: 'in', partition }).offset;
  }

  async until(what: () => boolean): Promise<void> {
    const untilMs = performance.now() + WAIT_TIMEOUT_MS;
    while (!what()) {
      if (performance.now() > untilMs) throw new Error(`Waited in vain for ${what}\n${this.logged.join('\n')}`);
      await sleep(2);
    }
  }

  /** No instance holds its directory. */
  get unlocked(): boolean {
    return this.#instances.every((_, index) => !existsSync(join(this.#stateDir, String(index), 'echo', '.lock')));
  }

  async close(): Promise<void> {
    await Promise.all(this.#instances.map(({ streams }) => streams.close(2_000)));
    rmSync(this.#stateDir, { recursive: true, force: true });
  }
}
