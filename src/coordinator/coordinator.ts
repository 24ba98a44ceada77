import type { ResolvedConfig } from '../config.ts';
import { deserializeError, MillraceError } from '../errors.ts';
import type { FromShard } from '../shard/messages.ts';
import { type CreateLauncher, createShardPool } from '../shard/pool.ts';
import type { Plan } from '../topology/nodes.ts';
import type { Transport } from '../transport/transport.ts';
import { CaughtUp } from './caught-up.ts';
import { asError, type ClusterParts, type CoordinatorHooks, Engine } from './engine.ts';
import { GlobalTables } from './global-tables.ts';
import { Housekeeping } from './housekeeping.ts';
import { TaskLifecycle } from './lifecycle.ts';
import { Placement } from './placement.ts';
import { Pump } from './pump.ts';
import { Rebalance } from './rebalance.ts';
import { Recovery } from './recovery.ts';
import { retrying } from './retrying.ts';
import type { ShardsHooks } from './shards.ts';
import { type CoordinatorMetrics, snapshot } from './snapshot.ts';
import { consumed } from './tasks.ts';
import { type PartitionCounts, prepareTopics } from './topics.ts';
import { within } from './within.ts';

/** Brokers look for expired transactions every ten seconds (`transaction.abort.timed.out.transaction.cleanup.interval.ms`). */
const EXPIRY_SCAN_MS = 20_000;

/**
 * The engine of one process: reads batches, hands them to the shards that own their tasks, collects what comes back and
 * commits it. It runs on the main thread and never looks into a record.
 */
export class Coordinator {
  readonly #engine: Engine;
  readonly #pump: Pump;
  readonly #recovery: Recovery;
  readonly #housekeeping: Housekeeping;
  #starting: Promise<void> = Promise.resolve();
  #pumping: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(
    config: ResolvedConfig,
    topologyUrl: string,
    plan: Plan,
    transport: Transport,
    hooks: CoordinatorHooks,
    createLauncher: CreateLauncher = createShardPool,
  ) {
    const shardsHooks: ShardsHooks = {
      onMessage: (shard, message) => this.#onShardMessage(shard, message),
      onDeath: (shard, error) => this.#recovery.shardDied(shard, error),
    };
    this.#engine = new Engine(config, topologyUrl, plan, transport, hooks, shardsHooks, createLauncher);
    this.#pump = new Pump(this.#engine);
    this.#recovery = new Recovery(this.#engine);
    this.#housekeeping = new Housekeeping(this.#engine);
  }

  /**
   * Checks the cluster, starts the shards, joins the group. Resolves when reading has begun.
   *
   * @throws MillraceError INVALID_STATE when it was closed meanwhile, and whatever start-up finds wrong.
   */
  start(): Promise<void> {
    const starting = this.#start();
    this.#starting = starting.catch(() => {});
    return starting;
  }

  async #start(): Promise<void> {
    const { config, plan, transport, shards, committer } = this.#engine;
    await this.#step(transport.connect(config.requestTimeoutMs));
    const counts = await this.#step(this.#retrying(() => prepareTopics(transport.admin, plan, config)));
    const cluster = this.#clusterParts(counts);
    this.#engine.cluster = cluster;
    await this.#step(shards.launchAll(Object.fromEntries(counts)));
    await this.#step(this.#retrying(() => committer.init()));
    await this.#step(cluster.globals.bootstrap(shards.live()));
    await this.#step(transport.consumer.subscribe(cluster.placement.subscription(), new Rebalance(this.#engine)));
    this.#housekeeping.start();
    this.#pumping = this.#pump.run().catch((error: unknown) => this.#engine.fail(asError(error)));
  }

  /** One step of the start, after which it may turn out that nobody wants it any more. */
  async #step<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    if (!this.#engine.stopping) return result;
    throw new MillraceError('INVALID_STATE', 'The application was closed while it was starting.');
  }

  #retrying<T>(work: () => Promise<T>): Promise<T> {
    const { config, hooks } = this.#engine;
    const onRetry = (error: Error) => hooks.log('warn', `Starting: tried again: ${error.message}`);
    return retrying(work, { timeoutMs: config.requestTimeoutMs, isWanted: () => this.#engine.active, onRetry });
  }

  #clusterParts(counts: PartitionCounts): ClusterParts {
    const { config, plan, transport, shards, tasks, restorer, hooks } = this.#engine;
    const { applicationId, requestTimeoutMs, transactionTimeoutMs, taskTimeoutMs, autoOffsetReset } = config;
    const onError = (error: Error) => this.#engine.fail(error);
    const placement = new Placement(plan, applicationId, counts);
    const globals = new GlobalTables(transport, plan, applicationId, counts, {
      post: (shard, message, transfer) => shards.post(shard, message, transfer),
      taskTimeoutMs,
      log: hooks.log,
      onError,
    });
    const lifecycle = new TaskLifecycle(transport, tasks, shards, restorer, placement, {
      applicationId,
      plan,
      autoOffsetReset,
      committedTimeoutMs: Math.max(requestTimeoutMs, transactionTimeoutMs + EXPIRY_SCAN_MS),
      taskTimeoutMs,
      isActive: () => this.#engine.active,
      log: hooks.log,
      onRunning: () => {
        this.#engine.reportRunning();
        // Its partitions were paused till now.
        this.#engine.applyBackPressure();
      },
      onError,
    });
    return { placement, globals, lifecycle };
  }

  metrics(): CoordinatorMetrics {
    const { tasks, shards, committer, epochs, transport } = this.#engine;
    return snapshot(tasks, shards.stats(), committer.counters, this.#pump.recordsIn, epochs.bufferedBytes, transport.consumer);
  }

  /** Processing stops or goes on; polling, heartbeats and commits continue (KIP-834). */
  setPaused(paused: boolean): void {
    this.#engine.paused = paused;
    for (const shard of this.#engine.shards.live()) this.#engine.shards.post(shard, { type: paused ? 'pause' : 'resume' });
  }

  /** Resolves when everything that lay in the input partitions of this process is processed and committed. */
  async caughtUp(): Promise<void> {
    await new CaughtUp(this.#engine).wait();
  }

  /** Commits what is processed, closes processors, leaves the group. Takes at most about `timeoutMs`. Idempotent. */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#engine.stopping = true;
    const { restorer, shards, transport, committer, cluster } = this.#engine;
    const deadlineMs = performance.now() + timeoutMs;
    const leftMs = () => Math.max(100, deadlineMs - performance.now());
    this.#housekeeping.stop();
    await within(this.#pumping, leftMs());
    await within(this.#lastCommit(), leftMs() / 2);
    committer.stop();
    // A transaction left open would hold up all who read what it wrote to, until it times out.
    await within(
      this.#engine.epochs.settled().then(() => committer.takeBack()),
      leftMs() / 2,
    );
    await within(Promise.all([restorer.close(), cluster?.globals.close()]), leftMs() / 2);
    await shards.close(leftMs() / 2);
    // Some clients crash when they are closed while they connect.
    await within(this.#starting, leftMs() / 2);
    await within(transport.close(), leftMs());
  }

  async #lastCommit(): Promise<void> {
    await this.#engine.settled();
    try {
      await this.#engine.epochs.close();
    } catch (error) {
      this.#engine.hooks.log('warn', `The last commit before closing failed: ${asError(error).message}`);
    }
  }

  #onShardMessage(shard: number, message: FromShard): void {
    try {
      this.#dispatch(shard, message);
    } catch (error) {
      this.#engine.fail(asError(error));
    }
  }

  #dispatch(shard: number, message: FromShard): void {
    const { tasks, epochs, restorer, hooks } = this.#engine;
    const isCurrent = (of: { taskId: string; generation: number }) => tasks.isCurrent(of.taskId, of.generation);
    switch (message.type) {
      case 'consumed': {
        const input = isCurrent(message) ? tasks.route(message.topic, message.partition)?.input : undefined;
        if (input === undefined) return;
        consumed(input, message.recordCount, message.bytes);
        // Not only after the next poll, which waits in vain while everything is paused.
        if (input.paused) this.#engine.applyBackPressure();
        return;
      }
      case 'restored':
        return restorer.acknowledge(message.taskId, message.generation, message.store, message.recordCount);
      case 'output':
        return this.#engine.addOutput(shard, message.frames.filter(isCurrent));
      case 'epochDone':
        return epochs.shardDone(shard, message.epoch, message.frames.filter(isCurrent), message.tasks.filter(isCurrent));
      case 'commitRequested':
        return this.#engine.commitSoon();
      case 'failed':
        return this.#recovery.shardFailed(shard, deserializeError(message.error));
      case 'taskFailed':
        return this.#recovery.taskFailed(shard, message.taskId, message.generation, deserializeError(message.error));
      case 'log':
        return hooks.log(message.level, message.message, { shard, ...message.context });
      default:
        return;
    }
  }
}
