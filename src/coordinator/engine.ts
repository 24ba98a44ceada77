import type { ResolvedConfig } from '../config.ts';
import type { OutputFrame } from '../shard/messages.ts';
import type { CreateLauncher } from '../shard/pool.ts';
import { decodeCommitMetadata, encodeCommitMetadata } from '../topology/commit-metadata.ts';
import type { Plan } from '../topology/nodes.ts';
import type { TopicPartitionOffset, Transport } from '../transport/transport.ts';
import { BackPressure } from './back-pressure.ts';
import { Committer } from './committer.ts';
import { DynamicTopics } from './dynamic-topics.ts';
import { Epochs } from './epochs.ts';
import type { GlobalTables } from './global-tables.ts';
import type { TaskLifecycle } from './lifecycle.ts';
import type { Placement } from './placement.ts';
import { type RestoreListener, Restorer } from './restorer.ts';
import { Shards, type ShardsHooks } from './shards.ts';
import { TaskTable } from './tasks.ts';

/** Of the room for output: with so much in the open epoch it is committed. One epoch is open, one closed, one on its way. */
const EPOCH_SHARE = 0.25;
const TIMER_MAX_MS = 2 ** 31 - 1;

/** What to do about an error: replace the thread (or restart the task), or stop this process's part of the application. */
export type UncaughtErrorResponse = 'replace-thread' | 'shutdown-client';

export interface CoordinatorHooks {
  /** Decides about errors of tasks and threads. */
  readonly onUncaught: (error: Error) => UncaughtErrorResponse;
  /** True while every assigned task runs; false while some are being assigned or restored. */
  readonly onRunning: (running: boolean) => void;
  /** The engine cannot go on; `close` is what remains to be done. */
  readonly onFatal: (error: Error) => void;
  readonly restoreListener: () => RestoreListener;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, context?: Record<string, unknown>) => void;
}

/** What depends on the cluster's topics, known once start-up has looked at them. */
export interface ClusterParts {
  readonly placement: Placement;
  readonly globals: GlobalTables;
  readonly lifecycle: TaskLifecycle;
}

/**
 * The parts of the coordinator and the few flags they share. {@link Pump}, {@link Rebalance} and {@link Recovery} act on
 * it; it does nothing by itself but keep structural changes in line, one after the other.
 */
export class Engine {
  readonly config: ResolvedConfig;
  readonly plan: Plan;
  readonly transport: Transport;
  readonly hooks: CoordinatorHooks;
  readonly tasks = new TaskTable();
  readonly shards: Shards;
  readonly epochs: Epochs;
  readonly committer: Committer;
  readonly restorer: Restorer;
  readonly backPressure: BackPressure;
  readonly dynamicTopics: DynamicTopics;
  cluster!: ClusterParts;
  /** The group has given us an assignment, and not taken it back. */
  assigned = false;
  /** Nothing is routed: an assignment is on its way out. */
  held = false;
  /** The client is being told what to read: whether it still knows of a pause after that is not certain. */
  assigning = false;
  /** The user's pause (KIP-834). */
  paused = false;
  stopping = false;
  failed = false;
  /** Task generations below it were lost to other members before we could commit. */
  #fencedBelow = 0;
  #lastChange: Promise<void> = Promise.resolve();
  /** A commit was asked for while another one was under way. */
  #commitDue = false;
  #commitOverdue = false;
  readonly #heldWaiters = new Set<() => void>();

  constructor(
    config: ResolvedConfig,
    topologyUrl: string,
    plan: Plan,
    transport: Transport,
    hooks: CoordinatorHooks,
    shardsHooks: ShardsHooks,
    createLauncher: CreateLauncher,
  ) {
    this.config = config;
    this.plan = plan;
    this.transport = transport;
    this.hooks = hooks;
    this.shards = new Shards(config, transport.outputFormat, topologyUrl, plan, shardsHooks, createLauncher);
    this.committer = new Committer(transport, {
      guarantee: config.processingGuarantee,
      taskTimeoutMs: config.taskTimeoutMs,
      requestTimeoutMs: config.requestTimeoutMs,
      isOurs: (generation) => generation >= this.#fencedBelow,
      anchor: (frame, marker) => this.#anchor(frame, marker),
      onCommitted: (offsets) => this.#onCommitted(offsets),
      log: hooks.log,
    });
    this.epochs = new Epochs(
      {
        requestCommit: (epoch, suspendBelow) => {
          const live = this.shards.live();
          for (const shard of live) this.shards.post(shard, { type: 'commit', epoch, suspendBelow });
          return live;
        },
        commit: async (content) => {
          const written = await this.committer.commit({ ...content, frames: await this.dynamicTopics.resolve(content.frames) });
          // Output that waited may have been what held everything up.
          this.applyBackPressure();
          return written;
        },
        writeAhead: (frames) => this.committer.writeAhead(frames),
        takeBack: () => this.committer.takeBack(),
        giveBack: (shard, memory) => this.shards.post(shard, { type: 'written', memory }),
      },
      aheadMaxMs(config),
    );
    this.restorer = new Restorer(transport, {
      post: (shard, message, transfer) => this.shards.post(shard, message, transfer),
      listener: hooks.restoreListener,
      onError: (error) => this.fail(error),
      onWait: (partitions) => {
        const names = partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(', ');
        hooks.log('info', `Restoring waits for an open transaction of the former owner on ${names}; the broker ends it after its timeout.`);
      },
    });
    this.dynamicTopics = new DynamicTopics(transport.admin, {
      taskTimeoutMs: config.taskTimeoutMs,
      isActive: () => !this.stopping,
      onFound: (counts) => this.shards.addTopics(counts),
      log: hooks.log,
    });
    this.backPressure = new BackPressure(
      {
        recordsPerPartition: config.bufferedRecordsPerPartition,
        inputBytes: config.inputBufferMaxBytes,
        outputBytes: config.outputBufferMaxBytes,
      },
      this.tasks,
    );
  }

  /** Whether work is still wanted. */
  get active(): boolean {
    return !this.stopping && !this.failed;
  }

  /** One structural change at a time, in the order asked for: each sees the tasks as the one before left them. */
  exclusively(change: () => Promise<void>): Promise<void> {
    this.#lastChange = this.#lastChange.then(change).catch((error: unknown) => this.fail(asError(error)));
    return this.#lastChange;
  }

  /** Nothing is routed from here on, until the next assignment. */
  hold(): void {
    this.held = true;
    for (const waiter of this.#heldWaiters) waiter();
  }

  /**
   * Commits what is processed; resolves when that is done, or as soon as a rebalance waits for its turn. The group may
   * have gone on without us by then, so that it refuses the commit until the rebalance has had that turn.
   */
  async commitUnlessHeld(): Promise<void> {
    if (this.held) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#heldWaiters.delete(done);
        resolve();
      };
      this.#heldWaiters.add(done);
      this.epochs.close().then(done, (error: unknown) => {
        this.fail(asError(error));
        done();
      });
    });
  }

  /** Nothing that tasks of today produced, or will produce before they are given out anew, may be committed. */
  fenceAll(): void {
    this.#fencedBelow = this.tasks.newGeneration();
    this.epochs.takeBack();
  }

  /** Resolves when no structural change is under way. */
  settled(): Promise<void> {
    return this.#lastChange;
  }

  fail(error: Error): void {
    if (!this.active) return;
    this.failed = true;
    this.hooks.onFatal(error);
  }

  /**
   * True while commits cannot keep up: a second one was due during the one under way, and much is to be written. Reading
   * on would make the next transaction larger and later still, and the main thread is needed to write.
   */
  get commitOverdue(): boolean {
    this.#commitOverdue &&= this.epochs.busy;
    return this.#commitOverdue;
  }

  /**
   * Begins a commit. During another one it begins only where there is much to write, so that the next is ready when this
   * one is done. Otherwise it follows then: it would only wait, and what comes meanwhile may as well be part of it.
   */
  commitSoon(): void {
    if (this.held || !this.active) return;
    const { busy, idle, openBytes } = this.epochs;
    const hasMuch = openBytes > 0;
    this.#commitOverdue = busy && this.#commitDue && hasMuch;
    this.#commitDue = busy || (!idle && !hasMuch);
    if (this.#commitDue) return;
    this.epochs.close().then(
      () => {
        if (this.#commitDue) this.commitSoon();
      },
      (error: unknown) => this.fail(asError(error)),
    );
  }

  /** Output that came before its commit was asked for. Much of it is not kept until the commit is due. */
  addOutput(shard: number, frames: readonly OutputFrame[]): void {
    this.epochs.addFrames(shard, frames);
    if (this.epochs.openBytes > this.config.outputBufferMaxBytes * EPOCH_SHARE && !this.epochs.busy) this.commitSoon();
  }

  applyBackPressure(): void {
    if (this.stopping || this.assigning) return;
    this.backPressure.apply(this.transport.consumer, this.epochs.bufferedBytes, this.held || this.paused);
  }

  reportRunning(): void {
    if (this.assigned) this.hooks.onRunning([...this.tasks.all()].every((task) => task.state === 'running'));
  }

  /** Records that lie in shards unprocessed. */
  inFlightRecords(): number {
    let records = 0;
    for (const { input } of this.tasks.activeInputs()) records += input.inFlightRecords;
    return records;
  }

  #anchor(frame: OutputFrame, marker: number): TopicPartitionOffset | undefined {
    const input = this.tasks.get(frame.taskId)?.inputs[0];
    if (input === undefined) return undefined;
    const { topic, partition, committed: offset, partitionTimeMs } = input;
    return { topic, partition, offset, metadata: encodeCommitMetadata(partitionTimeMs, marker) };
  }

  #onCommitted(offsets: readonly TopicPartitionOffset[]): void {
    for (const { topic, partition, offset, metadata } of offsets) {
      const routed = this.tasks.route(topic, partition);
      if (routed === undefined) continue;
      routed.input.committed = Math.max(routed.input.committed, offset);
      routed.input.partitionTimeMs = decodeCommitMetadata(metadata);
    }
  }
}

/** A commit needs its part of the transaction's time, too. Without transactions there is no such limit. */
function aheadMaxMs({ processingGuarantee, transactionTimeoutMs, commitIntervalMs }: ResolvedConfig): number {
  if (processingGuarantee !== 'exactly_once_v2') return TIMER_MAX_MS;
  const halfMs = Math.min(transactionTimeoutMs / 2, TIMER_MAX_MS);
  return commitIntervalMs <= halfMs ? halfMs : 0;
}

export function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
