import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { type Logger, pino } from 'pino';
import { type KafkaNamedConfig, type KafkaStreamsConfig, type ResolvedConfig, resolveConfig } from './config.ts';
import { Coordinator } from './coordinator/coordinator.ts';
import type { CoordinatorHooks, UncaughtErrorResponse } from './coordinator/engine.ts';
import { claimProcessId, type ProcessId } from './coordinator/process-id.ts';
import type { RestoreListener } from './coordinator/restorer.ts';
import type { CoordinatorMetrics } from './coordinator/snapshot.ts';
import { within } from './coordinator/within.ts';
import { loadTopology, topologyOf } from './dsl/load.ts';
import type { StreamsBuilder } from './dsl/streams-builder.ts';
import { isMillraceError, MillraceError } from './errors.ts';
import type { CreateLauncher } from './shard/pool.ts';
import type { Topology } from './topology/topology.ts';
import { createTransport } from './transport/create.ts';

/** As Kafka Streams' `KafkaStreams.State`. */
export type State = 'CREATED' | 'REBALANCING' | 'RUNNING' | 'PENDING_SHUTDOWN' | 'NOT_RUNNING' | 'PENDING_ERROR' | 'ERROR';

const transitions: Readonly<Record<State, readonly State[]>> = {
  CREATED: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  PENDING_SHUTDOWN: ['NOT_RUNNING'],
  PENDING_ERROR: ['ERROR'],
  NOT_RUNNING: [],
  ERROR: [],
};

export type StateListener = (newState: State, oldState: State) => void;
export type UncaughtExceptionHandler = (error: Error) => UncaughtErrorResponse;

/** Where an application's log lines go; any pino logger, or anything with the same four methods. */
export interface StreamsLogger {
  debug(context: object, message: string): void;
  info(context: object, message: string): void;
  warn(context: object, message: string): void;
  error(context: object, message: string): void;
}

export interface KafkaStreamsOptions {
  /**
   * Where the topology's module is, when the topology itself is handed over: workers import it from there. For a program in
   * one file, `import.meta.url`.
   */
  readonly module?: URL | string;
  /** Default: a pino logger on stderr at level `warn`, or at the level named by the environment variable MILLRACE_LOG. */
  readonly logger?: StreamsLogger;
  /**
   * The seam for tests of the engine itself: other transports than Kafka's, shards on other things than threads. No part
   * of the public interface.
   *
   * @internal
   */
  readonly internals?: {
    readonly createTransport?: typeof createTransport;
    readonly createLauncher?: CreateLauncher;
  };
}

const CLOSE_TIMEOUT_MS = 30_000;

/**
 * An instance of a stream processing application: it joins the consumer group named by `applicationId`, runs its share
 * of the tasks on worker threads and commits their results.
 *
 * The topology is given by the URL (or path) of its module, because functions cannot cross threads: main thread and
 * workers import the same module. Its default export is a Topology, a StreamsBuilder, or a function that gets a
 * StreamsBuilder. A program in one file hands over the topology too, `new KafkaStreams(builder, config, { module:
 * import.meta.url })`: it cannot import itself while it is running.
 *
 * One instance lives in a process's main thread: the native Kafka client works on no other.
 */
export class KafkaStreams {
  readonly #topologyUrl: string;
  readonly #topology: Topology | StreamsBuilder | undefined;
  readonly #config: ResolvedConfig;
  readonly #log: StreamsLogger;
  readonly #internals: NonNullable<KafkaStreamsOptions['internals']>;
  #state: State = 'CREATED';
  #stateListener: StateListener | undefined;
  #uncaught: UncaughtExceptionHandler | undefined;
  #restoreListener: RestoreListener = {};
  #coordinator: Coordinator | undefined;
  #processId: ProcessId | undefined;
  #error: Error | undefined;
  #launching: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  readonly #ended: { readonly promise: Promise<void>; resolve: () => void; reject: (error: Error) => void };

  /**
   * @param topology URL, `file:` URL string or path of the module, resolved against the working directory; or the topology
   *   itself, which its module must also export, with option `module`.
   * @throws MillraceError INVALID_CONFIG naming the option.
   */
  constructor(
    topology: URL | string | Topology | StreamsBuilder,
    config: KafkaStreamsConfig | KafkaNamedConfig,
    options: KafkaStreamsOptions = {},
  ) {
    const isModule = topology instanceof URL || typeof topology === 'string';
    const module = isModule ? topology : options.module;
    if (module === undefined)
      throw new MillraceError(
        'INVALID_CONFIG',
        'A topology that is handed over needs option module: new KafkaStreams(builder, config, { module: import.meta.url }). Workers import the topology from there.',
      );
    this.#topologyUrl = toUrl(module);
    this.#topology = isModule ? undefined : topology;
    this.#config = resolveConfig(config);
    this.#log = options.logger ?? defaultLogger();
    this.#internals = options.internals ?? {};
    let settle = { resolve: () => {}, reject: (_: Error) => {} };
    const promise = new Promise<void>((resolveEnd, reject) => {
      settle = { resolve: resolveEnd, reject };
    });
    promise.catch(() => {});
    this.#ended = { promise, ...settle };
  }

  get state(): State {
    return this.#state;
  }

  /** Why the state is ERROR. */
  get error(): Error | undefined {
    return this.#error;
  }

  /**
   * Checks the configuration against the cluster, creates internal topics, starts the threads and joins the group.
   * Resolves when all that is done; processing begins when the group has assigned partitions (state RUNNING).
   *
   * @throws MillraceError TOPOLOGY_LOAD_FAILED, BROKER_UNREACHABLE, MISSING_TOPIC, PARTITION_MISMATCH,
   *   INTERNAL_TOPIC_MISMATCH, PLAN_MISMATCH, INVALID_STATE
   */
  async start(): Promise<void> {
    if (!isMainThread)
      throw new MillraceError(
        'INVALID_STATE',
        'KafkaStreams.start() works in the main thread only. In a one-file program guard it with `if (isMainThread)` from node:worker_threads.',
      );
    if (this.#state !== 'CREATED')
      throw new MillraceError(
        'INVALID_STATE',
        `start() was called in state ${this.#state}; an instance starts once. Make a new KafkaStreams.`,
      );
    this.#setState('REBALANCING');
    const launching = this.#launch();
    this.#launching = launching.catch(() => {});
    try {
      await launching;
    } catch (error) {
      // Closed, or failed in the background, while it started: whoever did that also cleans up.
      this.#closing ??= this.#shutDownWithError(asError(error));
      await this.#closing;
      throw this.#error ?? asError(error);
    }
  }

  /** Resolves when the instance has ended by {@link close}; rejects when it ended in ERROR. */
  ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Resolves when everything that lay in this instance's input partitions when it was called is processed and
   * committed, and nothing is left in its repartition topics: for jobs over finite input.
   *
   * @throws the error that ended the instance meanwhile.
   */
  async caughtUp(): Promise<void> {
    if (this.#coordinator === undefined)
      throw new MillraceError('INVALID_STATE', `caughtUp() needs a started instance; the state is ${this.#state}.`);
    await this.#coordinator.caughtUp();
    if (this.#error !== undefined) throw this.#error;
  }

  /**
   * Commits, closes processors, leaves the group. Idempotent.
   *
   * @param timeoutMs after which threads are cut off. Default 30,000.
   */
  close(timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#shutDown(timeoutMs);
    return this.#closing;
  }

  /** One listener, set before `start`, told of every change. */
  setStateListener(listener: StateListener): void {
    this.#requireCreated('setStateListener');
    this.#stateListener = listener;
  }

  /**
   * Decides what happens when a processor fails for good, or a thread dies. `replace-thread` starts the task (or the
   * thread) anew from the last commit, at most `maxThreadRestarts` times in ten minutes. Default: a thread that died is
   * replaced, an error of a task shuts this instance down. Kafka Streams' StreamsUncaughtExceptionHandler.
   */
  setUncaughtExceptionHandler(handler: UncaughtExceptionHandler): void {
    this.#requireCreated('setUncaughtExceptionHandler');
    this.#uncaught = handler;
  }

  /** Told about the restoring of every store. Kafka Streams' setGlobalStateRestoreListener. */
  setGlobalStateRestoreListener(listener: RestoreListener): void {
    this.#requireCreated('setGlobalStateRestoreListener');
    this.#restoreListener = listener;
  }

  /** Stops processing and punctuation; polling, heartbeats and commits go on (KIP-834). */
  pause(): void {
    this.#coordinator?.setPaused(true);
  }

  resume(): void {
    this.#coordinator?.setPaused(false);
  }

  /** Counters and lags; undefined before `start`. */
  metrics(): CoordinatorMetrics | undefined {
    return this.#coordinator?.metrics();
  }

  async #launch(): Promise<void> {
    const topology = await (this.#topology === undefined ? loadTopology(this.#topologyUrl) : topologyOf(this.#topology, this.#topologyUrl));
    this.#checkWanted();
    const processId = claimProcessId(this.#config.stateDir, this.#config.applicationId);
    this.#processId = processId;
    const transport = await (this.#internals.createTransport ?? createTransport)(this.#config, processId.id, {
      onError: (error) => this.#onFatal(error),
      onLog: (level, message) => this.#log[level]({}, message),
    });
    const hooks: CoordinatorHooks = {
      onUncaught: (error) => this.#onUncaught(error),
      onRunning: (running) => this.#onRunning(running),
      onFatal: (error) => this.#onFatal(error),
      restoreListener: () => this.#restoreListener,
      log: (level, message, context) => this.#log[level](context ?? {}, message),
    };
    this.#coordinator = new Coordinator(this.#config, this.#topologyUrl, topology.plan(), transport, hooks, this.#internals.createLauncher);
    // The coordinator owns the transport now, so that closing it closes that too.
    this.#checkWanted();
    await this.#coordinator.start();
  }

  #checkWanted(): void {
    if (this.#closing !== undefined) throw new MillraceError('INVALID_STATE', 'The application was closed while it was starting.');
  }

  #onUncaught(error: Error): UncaughtErrorResponse {
    if (this.#uncaught !== undefined) return this.#uncaught(error);
    return isMillraceError(error) && error.code === 'SHARD_DIED' ? 'replace-thread' : 'shutdown-client';
  }

  #onRunning(running: boolean): void {
    const target = running ? 'RUNNING' : 'REBALANCING';
    if (this.#state !== target && transitions[this.#state].includes(target)) this.#setState(target);
  }

  #onFatal(error: Error): void {
    if (this.#closing !== undefined) return;
    this.#log.error({ err: error }, error.message);
    this.#closing = this.#shutDownWithError(error);
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    if (transitions[this.#state].includes('PENDING_SHUTDOWN')) this.#setState('PENDING_SHUTDOWN');
    await this.#release(timeoutMs);
    if (this.#state === 'PENDING_SHUTDOWN') this.#setState('NOT_RUNNING');
    this.#ended.resolve();
  }

  async #shutDownWithError(error: Error): Promise<void> {
    this.#error = error;
    this.#setState('PENDING_ERROR');
    await this.#release(CLOSE_TIMEOUT_MS);
    this.#setState('ERROR');
    this.#ended.reject(error);
  }

  async #release(timeoutMs: number): Promise<void> {
    try {
      // Whatever start() has in hand, it ends at its next step, and leaves a coordinator behind only then.
      if (this.#coordinator === undefined) await within(this.#launching, timeoutMs);
      await this.#coordinator?.close(timeoutMs);
    } catch (error) {
      this.#log.warn({ err: error }, `Closing was not clean: ${asError(error).message}`);
    } finally {
      this.#processId?.release();
    }
  }

  #setState(next: State): void {
    const previous = this.#state;
    if (!transitions[previous].includes(next)) throw new MillraceError('INTERNAL', `State cannot change from ${previous} to ${next}.`);
    this.#state = next;
    this.#log.info({ from: previous, to: next }, 'State changed.');
    try {
      this.#stateListener?.(next, previous);
    } catch (error) {
      this.#log.error({ err: error }, `The state listener threw: ${asError(error).message}`);
    }
  }

  #requireCreated(method: string): void {
    if (this.#state !== 'CREATED')
      throw new MillraceError('INVALID_STATE', `${method}() must be called before start(); the state is ${this.#state}.`);
  }
}

function toUrl(topology: URL | string): string {
  if (topology instanceof URL) return topology.href;
  if (topology.startsWith('file:')) return topology;
  return pathToFileURL(isAbsolute(topology) ? topology : resolve(topology)).href;
}

function defaultLogger(): Logger {
  return pino({ name: 'millrace', level: process.env.MILLRACE_LOG ?? 'warn' }, pino.destination({ fd: 2, sync: true }));
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
