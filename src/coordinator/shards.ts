import type { ResolvedConfig } from '../config.ts';
import { deserializeError, MillraceError } from '../errors.ts';
import type { BatchFormat } from '../protocol/index.ts';
import type { FromShard, ShardSettings, ShardStart, ShardStats, ToShard } from '../shard/messages.ts';
import type { CreateLauncher, ShardHandle, ShardLauncher } from '../shard/pool.ts';
import type { Plan } from '../topology/nodes.ts';
import { within } from './within.ts';

export interface ShardsHooks {
  readonly onMessage: (shard: number, message: FromShard) => void;
  /** A shard that was running ended by itself. Its place is empty until `relaunch`. */
  readonly onDeath: (shard: number, error: Error) => void;
}

/** Loading a topology is a matter of seconds, on the slowest machine. */
const START_TIMEOUT_MS = 120_000;

interface Place {
  handle: ShardHandle | undefined;
  /** Set while the shard starts. */
  starting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  stats: ShardStats | undefined;
  /** Why we ended the shard ourselves. */
  killedFor: Error | undefined;
}

/** The shards by number: starts them, checks that their plan is ours, replaces dead ones. */
export class Shards {
  readonly #launcher: ShardLauncher;
  readonly #hooks: ShardsHooks;
  readonly #places: Place[];
  readonly #start: Omit<ShardStart, 'shard'>;
  readonly #plan: Plan;
  #topics: Readonly<Record<string, number>> = {};
  #closing = false;

  constructor(
    config: ResolvedConfig,
    outputFormat: BatchFormat,
    topologyUrl: string,
    plan: Plan,
    hooks: ShardsHooks,
    createLauncher: CreateLauncher,
  ) {
    this.#hooks = hooks;
    this.#plan = plan;
    this.#start = { applicationId: config.applicationId, topologyUrl, planHash: plan.hash, settings: settingsOf(config, outputFormat) };
    this.#places = Array.from({ length: config.numStreamThreads }, () => ({
      handle: undefined,
      starting: undefined,
      stats: undefined,
      killedFor: undefined,
    }));
    this.#launcher = createLauncher(config.numStreamThreads, topologyUrl, {
      onMessage: (handle, message) => this.#onMessage(handle, message),
      onDeath: (handle, error) => this.#onDeath(handle, error),
    });
  }

  get count(): number {
    return this.#places.length;
  }

  /** Numbers of the shards that are up. */
  live(): number[] {
    return this.#places.flatMap((place, shard) => (place.handle !== undefined && place.starting === undefined ? [shard] : []));
  }

  stats(): readonly (ShardStats | undefined)[] {
    return this.#places.map((place) => place.stats);
  }

  /** Starts all shards and tells them the partition counts of the topics they write to. */
  async launchAll(topics: Readonly<Record<string, number>>): Promise<void> {
    this.#topics = topics;
    await Promise.all(this.#places.map((_, shard) => this.relaunch(shard)));
  }

  /**
   * Starts a shard in an empty place.
   *
   * @throws MillraceError TOPOLOGY_LOAD_FAILED, PLAN_MISMATCH, SHARD_DIED
   */
  async relaunch(shard: number): Promise<void> {
    const place = this.#place(shard);
    if (this.#closing) throw shardsClosed(shard);
    const timer = setTimeout(() => this.kill(shard, startedTooSlowly(shard)), START_TIMEOUT_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        place.starting = { resolve, reject };
        place.killedFor = undefined;
        place.handle = this.#launcher.launch({ ...this.#start, shard });
        void place.handle.ended.then(() => reject(endedEarly(shard)));
      });
    } catch (error) {
      // Whatever is left of it is none of ours any more.
      place.handle?.kill();
      place.handle = undefined;
      throw error;
    } finally {
      clearTimeout(timer);
      place.starting = undefined;
    }
    this.post(shard, { type: 'topics', partitions: this.#topics });
  }

  /** To a shard that is down: dropped. What it was for is dealt with when the shard's death is. */
  post(shard: number, message: ToShard, transfer: readonly ArrayBuffer[] = []): void {
    this.#place(shard).handle?.post(message, transfer);
  }

  /** Tells all shards, those still to come too, how many partitions more topics have. */
  addTopics(topics: Readonly<Record<string, number>>): void {
    this.#topics = { ...this.#topics, ...topics };
    for (const shard of this.live()) this.post(shard, { type: 'topics', partitions: topics });
  }

  /** Ends a shard that does not answer, or can do no more; its death is reported with this reason. */
  kill(shard: number, reason: Error): void {
    const place = this.#place(shard);
    place.killedFor ??= reason;
    place.handle?.kill();
  }

  /** Lets every shard close its processors, for at most `timeoutMs`, then ends the threads. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    const ended = this.#places.map((place, shard) => {
      if (place.starting !== undefined) return place.starting.reject(shardsClosed(shard));
      place.handle?.post({ type: 'close' });
      return place.handle?.ended;
    });
    await within(Promise.all(ended), timeoutMs);
    await this.#launcher.destroy();
  }

  #place(shard: number): Place {
    const place = this.#places[shard];
    if (place === undefined) throw new MillraceError('INTERNAL', `There is no shard ${shard}.`);
    return place;
  }

  #onMessage(handle: ShardHandle, message: FromShard): void {
    const place = this.#place(handle.index);
    if (place.handle !== handle) return;
    if (message.type === 'ready') {
      if (message.planHash === this.#plan.hash) place.starting?.resolve();
      else place.starting?.reject(planMismatch(handle.index, this.#plan.hash, message.planHash));
      return;
    }
    if (message.type === 'startFailed') {
      place.starting?.reject(deserializeError(message.error));
      return;
    }
    if (message.type === 'epochDone') place.stats = message.stats;
    this.#hooks.onMessage(handle.index, message);
  }

  #onDeath(handle: ShardHandle, error: Error): void {
    const place = this.#place(handle.index);
    if (place.handle !== handle) return;
    const reason = place.killedFor ?? error;
    place.handle = undefined;
    place.killedFor = undefined;
    if (place.starting !== undefined) place.starting.reject(reason);
    else if (!this.#closing) this.#hooks.onDeath(handle.index, reason);
  }
}

function shardsClosed(shard: number): MillraceError {
  return new MillraceError('INVALID_STATE', `Shard ${shard} was not started: the application is closing.`, { context: { shard } });
}

function startedTooSlowly(shard: number): MillraceError {
  return new MillraceError(
    'TOPOLOGY_LOAD_FAILED',
    `Shard ${shard} has not loaded its topology within ${START_TIMEOUT_MS / 1000} s. The module must not wait for anything that does not come, and must not start the application in worker threads (guard that with isMainThread).`,
    { context: { shard } },
  );
}

function endedEarly(shard: number): MillraceError {
  return new MillraceError('SHARD_DIED', `Shard ${shard} ended before it was ready.`, { context: { shard } });
}

function planMismatch(shard: number, ours: string, theirs: string): MillraceError {
  return new MillraceError(
    'PLAN_MISMATCH',
    `Shard ${shard} built another topology from the same module than the main thread did (plan ${theirs.slice(0, 12)} instead of ${ours.slice(0, 12)}). The module must build the same topology in every thread: no dependence on time, randomness, isMainThread or files that change.`,
    { context: { shard } },
  );
}

function settingsOf(config: ResolvedConfig, outputFormat: BatchFormat): ShardSettings {
  return {
    processingGuarantee: config.processingGuarantee,
    maxTaskIdleMs: config.maxTaskIdleMs,
    cacheMaxBytes: Math.floor(config.statestoreCacheMaxBytes / config.numStreamThreads),
    outputFlushBytes: Math.min(1024 * 1024, config.outputBufferMaxBytes / 16),
    outputFormat,
    deserializationExceptionHandler: config.deserializationExceptionHandler,
    processingExceptionHandler: config.processingExceptionHandler,
    productionExceptionHandler: config.productionExceptionHandler,
    deadLetterTopic: config.deadLetterTopic,
    maxRequestBytes: Number(config.producer['message.max.bytes'] ?? config.producer['max.request.size'] ?? 1_048_576),
    appConfig: config.app,
  };
}
