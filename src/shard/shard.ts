import { performance } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import { MillraceError, serializeError } from '../errors.ts';
import { SHARED_FROM_BYTES, SharedMemory, sharedMemoryOf } from '../protocol/index.ts';
import { RecordCache } from '../state/record-cache.ts';
import { GlobalStoreUpdater } from '../task/global-store-updater.ts';
import { handlersFor } from '../task/handlers.ts';
import { Task, type TaskServices } from '../task/task.ts';
import type { Plan } from '../topology/nodes.ts';
import type { Topology } from '../topology/topology.ts';
import type { FromShard, OutputFrame, ShardStart, ShardStats, TaskInput, TaskProgress, ToShard } from './messages.ts';

/** Records one task may process before the next one gets its turn. */
const RECORDS_PER_TURN = 1_000;
/** Work done before the port is looked at again, in ms: a commit waits at most about this long. */
const SLICE_MS = 10;
/** Memory for output that is kept while none is needed: what lies between two commits, where the load is high. */
const OUTPUT_FREE_BYTES = 32 * 1024 * 1024;

/**
 * One shard: the tasks of one worker thread. Messages only change queues and tasks; the work itself is done in slices of
 * bounded length between them, so that a commit or a revocation never waits behind a long queue.
 */
export class Shard {
  readonly #start: ShardStart;
  readonly #port: MessagePort;
  readonly #plan: Plan;
  readonly #services: TaskServices;
  readonly #globals: GlobalStoreUpdater;
  readonly #memory = new SharedMemory(OUTPUT_FREE_BYTES);
  readonly #tasks = new Map<string, Task>();
  readonly #topics = new Map<string, number>();
  readonly #stats = { recordsProcessed: 0, recordsDropped: 0, recordsOut: 0, deadLetters: 0 };
  #scheduled = false;
  #paused = false;
  /** A global table failed: nothing is processed any more. */
  #broken = false;
  #wakeUp: NodeJS.Timeout | undefined;
  #closed: () => void = () => {};
  /** Resolves when the coordinator has closed this shard. */
  readonly ended = new Promise<void>((resolve) => {
    this.#closed = resolve;
  });

  constructor(start: ShardStart, port: MessagePort, topology: Topology) {
    this.#start = start;
    this.#port = port;
    this.#plan = topology.plan();
    const log: TaskServices['log'] = (level, message, context) => this.#post({ type: 'log', level, message, context: context ?? {} });
    const handlers = handlersFor(topology, start.settings);
    // As in Kafka Streams, the processing handler is not asked about global tables: an error there is final.
    this.#globals = new GlobalStoreUpdater(this.#plan, start.applicationId, log, { ...handlers, processing: () => 'fail' });
    this.#services = {
      applicationId: start.applicationId,
      settings: start.settings,
      topicPartitions: (topic) => this.#topics.get(topic),
      globalStores: this.#globals.stores,
      cache: new RecordCache(start.settings.cacheMaxBytes),
      handlers,
      stats: this.#stats,
      log,
      outputMemory: start.settings.outputFormat.shared === true ? (length) => this.#outputMemory(length) : undefined,
      onCommitRequested: () => this.#post({ type: 'commitRequested' }),
      onBatchConsumed: (task, topic, partition, recordCount, bytes) =>
        this.#post({ type: 'consumed', taskId: task.id, generation: task.generation, topic, partition, recordCount, bytes }),
    };
  }

  /** Announces itself and begins to listen. */
  listen(): void {
    this.#port.on('message', (message: ToShard) => this.#onMessage(message));
    this.#post({ type: 'ready', planHash: this.#plan.hash });
  }

  #onMessage(message: ToShard): void {
    switch (message.type) {
      case 'batch':
        this.#with(message, (task) =>
          task.addBatch(message.topic, message.partition, message.bytes, message.recordCount, message.nextOffset),
        );
        return this.#schedule();
      case 'caughtUp':
        this.#with(message, (task) => task.markCaughtUp(message.topic, message.partition, message.offset));
        return this.#schedule();
      case 'commit':
        return this.#closeEpoch(message.epoch, message.suspendBelow);
      case 'written':
        for (const memory of message.memory) this.#memory.giveBack(memory);
        return;
      case 'createTask':
        return this.#create(message.taskId, message.generation);
      case 'restore':
        return this.#restore(message.taskId, message.generation, message.store, message.bytes, message.recordCount);
      case 'runTask':
        return this.#run(message.taskId, message.generation, message.inputs);
      case 'closeTask':
        return this.#end(message.taskId);
      case 'globalBatch':
        return this.#updateGlobal(message.store, message.partition, message.bytes);
      case 'topics':
        for (const [topic, partitions] of Object.entries(message.partitions)) this.#topics.set(topic, partitions);
        return;
      case 'pause':
      case 'resume':
        this.#paused = message.type === 'pause';
        return this.#schedule();
      case 'close':
        return this.#close();
    }
  }

  /** Does something with the task a message is for, unless it is for an earlier life of it. */
  #with({ taskId, generation }: { taskId: string; generation: number }, work: (task: Task) => void): void {
    const task = this.#tasks.get(taskId);
    if (task?.generation === generation) this.#guard(task, () => work(task));
  }

  #updateGlobal(store: string, partition: number, bytes: Uint8Array): void {
    try {
      this.#globals.update(store, partition, bytes);
    } catch (error) {
      this.#broken = true;
      this.#post({ type: 'failed', error: serializeError(error) });
    }
  }

  // --- tasks --------------------------------------------------------------------------------------------------------

  #create(taskId: string, generation: number): void {
    this.#end(taskId);
    try {
      const subTopology = this.#plan.subTopologies.find((sub) => taskId.startsWith(`${sub.id}_`));
      if (subTopology === undefined)
        throw new MillraceError('INTERNAL', `There is no sub-topology for task ${taskId}.`, { context: { taskId } });
      this.#tasks.set(taskId, new Task(taskId, generation, subTopology, this.#services));
    } catch (error) {
      this.#post({ type: 'taskFailed', taskId, generation, error: serializeError(error) });
    }
  }

  #restore(taskId: string, generation: number, store: string, bytes: Uint8Array, recordCount: number): void {
    this.#with({ taskId, generation }, (task) => {
      task.restore(store, bytes);
      this.#post({ type: 'restored', taskId, generation, store, recordCount });
    });
  }

  #run(taskId: string, generation: number, inputs: readonly TaskInput[]): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    this.#guard(task, () => task.start(inputs, generation));
    this.#schedule();
  }

  #end(taskId: string): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    this.#tasks.delete(taskId);
    try {
      task.close();
    } catch (error) {
      this.#post({
        type: 'log',
        level: 'warn',
        message: `Closing task ${taskId} failed: ${(error as Error).message}`,
        context: { taskId },
      });
    }
  }

  /** Runs `work`; an error ends the task here and is the coordinator's to decide about. Its output is dropped with it. */
  #guard(task: Task, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      const { id: taskId, generation } = task;
      this.#end(taskId);
      this.#post({ type: 'taskFailed', taskId, generation, error: serializeError(error) });
      return false;
    }
  }

  // --- work ---------------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  /** Lets the tasks take turns until there is nothing to do or the slice is over. */
  #slice(): void {
    if (this.#paused || this.#broken) return;
    const endMs = performance.now() + SLICE_MS;
    let progressed = true;
    while (progressed) {
      progressed = false;
      for (const task of [...this.#tasks.values()]) {
        this.#guard(task, () => {
          const nowMs = Date.now();
          task.punctuateWallClock(nowMs);
          if (task.process(RECORDS_PER_TURN, nowMs) > 0) progressed = true;
        });
        if (performance.now() > endMs) {
          this.#handOverOutput();
          return this.#schedule();
        }
      }
    }
    this.#handOverOutput();
    this.#sleepUntilNeeded();
  }

  /** Sets the timer for the next wall-clock punctuation, or for a task that waits for a slow input. */
  #sleepUntilNeeded(): void {
    clearTimeout(this.#wakeUp);
    let next = Number.POSITIVE_INFINITY;
    for (const task of this.#tasks.values()) next = Math.min(next, task.nextWakeUpMs() ?? next);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#wakeUp = setTimeout(() => this.#schedule(), Math.max(1, Math.min(next - Date.now(), 2 ** 31 - 1)));
  }

  #outputMemory(length: number): Buffer {
    return length < SHARED_FROM_BYTES ? Buffer.allocUnsafeSlow(length) : this.#memory.take(length);
  }

  /** Large output goes to the coordinator before the commit, so that it is not all sent at once. */
  #handOverOutput(): void {
    let bytes = 0;
    for (const task of this.#tasks.values()) bytes += task.outputBytes;
    if (bytes < this.#start.settings.outputFlushBytes) return;
    const frames = [...this.#tasks.values()].flatMap((task) => task.takeFrames());
    this.#post({ type: 'output', frames }, buffersOf(frames));
  }

  #closeEpoch(epoch: number, suspendBelow: number): void {
    const frames: OutputFrame[] = [];
    const tasks: TaskProgress[] = [];
    for (const task of [...this.#tasks.values()]) {
      this.#guard(task, () => {
        const closed = task.closeEpoch();
        for (const frame of closed.frames) frames.push(frame);
        if (closed.progress !== undefined) tasks.push(closed.progress);
        if (task.generation < suspendBelow) task.suspend();
      });
    }
    this.#post({ type: 'epochDone', epoch, frames, tasks, stats: this.#statsNow() }, buffersOf(frames));
  }

  #statsNow(): ShardStats {
    return { ...this.#stats, busyMs: performance.eventLoopUtilization().active, heapUsedBytes: process.memoryUsage().heapUsed };
  }

  #close(): void {
    clearTimeout(this.#wakeUp);
    for (const taskId of [...this.#tasks.keys()]) this.#end(taskId);
    this.#closeGlobals();
    this.#port.close();
    this.#closed();
  }

  #closeGlobals(): void {
    try {
      this.#globals.close();
    } catch (error) {
      this.#post({ type: 'log', level: 'warn', message: `Closing a global table failed: ${(error as Error).message}`, context: {} });
    }
  }

  #post(message: FromShard, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

/** What is handed over for good; the coordinator gives shared memory back by `written`. */
function buffersOf(frames: readonly OutputFrame[]): ArrayBuffer[] {
  return frames.flatMap(({ bytes }) => (sharedMemoryOf(bytes) === undefined ? [bytes.buffer as ArrayBuffer] : []));
}
