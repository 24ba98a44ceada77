import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessingGuarantee } from '../../src/config.ts';
import { isMillraceError } from '../../src/errors.ts';
import { FakeCluster } from './fake-cluster.ts';
import { Instance, type ShardsRun } from './instance.ts';
import { Model } from './model.ts';
import { Random } from './random.ts';
import type { Chaos } from './topology.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly guarantee: ProcessingGuarantee;
  readonly shards: ShardsRun;
  readonly instances: number;
  readonly events: number;
  /** How long things go wrong, in ms. */
  readonly chaosMs: number;
}

const APPLICATION = 'sim';
const INPUTS = ['events', 'users', `${APPLICATION}-by-word-repartition`];
const TOPOLOGY = new URL('topology.ts', import.meta.url).href;
const FINISH_TIMEOUT_MS = 30_000;
const LOG_LINES_KEPT = 400;

/**
 * The real engine on a cluster that fails in every way, from one seed: calls that fail with or without having had their
 * effect, rebalances at any time, members thrown out, threads and processes killed, tasks that throw. Then the faults
 * stop, all input must get processed and committed, and what came out is compared with a model.
 */
export class Simulation {
  readonly model: Model;
  readonly cluster: FakeCluster;
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #stateDir = mkdtempSync(join(tmpdir(), 'millrace-sim-'));
  readonly #instances: (Instance | undefined)[] = [];
  readonly #log: string[] = [];
  readonly #problems: string[] = [];
  readonly #startedMs = performance.now();
  readonly #transactionTimeoutMs: number;
  readonly caching: boolean;
  #chaotic = true;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.caching = this.#random.chance(0.5);
    const sessionTimeoutMs = this.#random.pick([300, 1_000]);
    this.#transactionTimeoutMs = this.#random.pick([1_000, 2_000]);
    this.cluster = new FakeCluster({ seed: options.seed, sessionTimeoutMs, transactionTimeoutMs: this.#transactionTimeoutMs });
    this.model = new Model(this.cluster, new Random(options.seed + 1));
    this.model.createTopics(this.#random.pick([1, 3, 4]));
  }

  /** Throws with the seed, the last log lines and what is wrong. */
  async run(): Promise<void> {
    const global = globalThis as { millraceChaos?: Chaos };
    global.millraceChaos = { strike: () => this.#strike() };
    try {
      for (let index = 0; index < this.#options.instances; index++) this.#instances.push(this.#launch(index));
      await this.#beChaotic();
      await this.#finish();
      await Promise.all(this.#instances.map((instance) => instance?.streams.close(5_000)));
      for (const instance of this.#instances) this.#checkClosed(instance);
    } finally {
      delete global.millraceChaos;
      await Promise.all(this.#instances.map((instance) => instance?.streams.close(100)));
      rmSync(this.#stateDir, { recursive: true, force: true });
    }
    if (this.#problems.length > 0) throw this.failure(this.#problems.join('\n'));
  }

  failure(problem: string): Error {
    const { seed, guarantee, shards, instances, events, chaosMs } = this.#options;
    const faults = [...this.cluster.faults.counts].map(([name, count]) => `${name} ${count}`).join(', ');
    return new Error(
      `Seed ${seed} (${guarantee}, ${instances} instances, shards ${shards}, ${events} events, ${chaosMs} ms of chaos, caching ${this.caching}):\n${problem}\nFaults: ${faults}\n--- log\n${this.#log.join('\n')}`,
    );
  }

  note(message: string): void {
    this.#log.push(`${(performance.now() - this.#startedMs).toFixed(0)} ${message}`);
    if (this.#log.length > LOG_LINES_KEPT) this.#log.shift();
  }

  #strike(): void {
    if (this.#chaotic && this.#random.chance(0.002)) throw new Error('Injected into a processor.');
  }

  #launch(index: number): Instance {
    const { seed, guarantee, shards } = this.#options;
    const random = new Random(seed * 31 + index);
    const log = (level: string) => (_context: object, message: string) => this.note(`[${index}] ${level} ${message}`);
    const instance = new Instance({
      cluster: this.cluster,
      topology: TOPOLOGY,
      shards,
      logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      config: {
        applicationId: APPLICATION,
        bootstrapServers: 'fake:1',
        stateDir: join(this.#stateDir, String(index)),
        processingGuarantee: guarantee,
        numStreamThreads: 1 + random.below(3),
        commitIntervalMs: random.pick([10, 40, 100]),
        transactionTimeoutMs: this.#transactionTimeoutMs,
        pollMs: 20,
        statestoreCacheMaxBytes: this.caching ? 100_000 : 0,
        bufferedRecordsPerPartition: random.pick([20, 10_000]),
        outputBufferMaxBytes: random.pick([20_000, 10_000_000]),
        rebalanceDrainTimeoutMs: random.pick([30, 400, 5_000]),
        repartitionPurgeIntervalMs: 100,
        requestTimeoutMs: 5_000,
        maxThreadRestarts: 10_000,
      },
    });
    instance.streams.start().then(
      () => {
        instance.started = true;
      },
      (error: unknown) => this.#startFailed(index, instance, error),
    );
    instance.streams.ended().catch((error: Error) => {
      if (!instance.crashed && instance === this.#instances[index]) this.#problems.push(`Instance ${index} ended: ${error.stack}`);
    });
    return instance;
  }

  #startFailed(index: number, instance: Instance, error: unknown): void {
    if (instance.crashed || instance.streams.state === 'NOT_RUNNING') return;
    this.#problems.push(`Instance ${index} did not start: ${isMillraceError(error) ? error.message : String(error)}`);
  }

  // --- chaos --------------------------------------------------------------------------------------------------------

  async #beChaotic(): Promise<void> {
    const { chaosMs, events } = this.#options;
    this.cluster.faults.probability = this.#random.pick([0, 0.01, 0.05]);
    const untilMs = performance.now() + chaosMs;
    while (performance.now() < untilMs && this.#problems.length === 0) {
      const due = Math.ceil((events * (chaosMs - (untilMs - performance.now()))) / chaosMs);
      this.model.writeEvents(Math.max(0, Math.min(due, events) - this.model.written));
      await sleep(this.#random.below(60));
      await this.#misbehave();
    }
    this.model.writeEvents(events - this.model.written);
    this.cluster.faults.probability = 0;
    this.#chaotic = false;
    this.note('--- chaos is over');
  }

  async #misbehave(): Promise<void> {
    const index = this.#random.below(this.#instances.length);
    const instance = this.#instances[index];
    const choice = this.#random.next();
    if (instance === undefined) {
      this.note(`starting instance ${index}`);
      this.#instances[index] = this.#launch(index);
    } else if (choice < 0.15) {
      this.note('rebalance');
      this.cluster.group.rebalance();
    } else if (choice < 0.2) {
      this.note('a member is thrown out');
      this.cluster.group.throwOutOne();
    } else if (choice < 0.26) {
      this.note(`a shard of instance ${index} is killed`);
      // A thread that dies before start() is done makes it fail, as it should.
      if (instance.started) instance.killShard((count) => this.#random.below(count));
    } else if (choice < 0.29) {
      this.note(`instance ${index} crashes`);
      instance.crash();
      this.#instances[index] = undefined;
    } else if (choice < 0.31) {
      this.note(`instance ${index} closes`);
      this.#instances[index] = undefined;
      await instance.streams.close(5_000);
      this.#checkClosed(instance);
    } else if (choice < 0.34) {
      instance.streams.pause();
      await sleep(this.#random.below(50));
      instance.streams.resume();
    }
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  async #finish(): Promise<void> {
    if (this.#problems.length > 0) return;
    for (const [index, instance] of this.#instances.entries()) this.#instances[index] = instance ?? this.#launch(index);
    const untilMs = performance.now() + FINISH_TIMEOUT_MS;
    let left: string[];
    do {
      await sleep(20);
      left = this.model.uncommitted(INPUTS);
    } while (left.length > 0 && performance.now() < untilMs && this.#problems.length === 0);
    if (left.length > 0)
      this.#problems.push(
        `Not finished: ${left.join('; ')}; states ${this.#instances.map((instance) => instance?.streams.state).join(', ')}`,
      );
  }

  #checkClosed(instance: Instance | undefined): void {
    if (instance === undefined || instance.streams.state !== 'NOT_RUNNING') {
      this.#problems.push(`An instance closed into state ${instance?.streams.state}: ${instance?.streams.error?.stack}`);
    } else if ((instance.transport?.openReaders ?? 0) > 0) {
      this.#problems.push(`An instance left ${instance.transport?.openReaders} readers open.`);
    }
  }
}
