import { MillraceError } from '../errors.ts';
import type { FlowNode } from '../processors/flow-node.ts';
import type { DropReason } from '../processors/runtime.ts';
import { DeserializationFailure } from '../processors/signals.ts';
import type { OutputFrame, TaskInput, TaskProgress } from '../shard/messages.ts';
import type { StateStore } from '../state/index.ts';
import { encodeCommitMetadata } from '../topology/commit-metadata.ts';
import type { SubTopology } from '../topology/nodes.ts';
import { DeadLetters } from './dead-letters.ts';
import { ErrorHandling } from './error-handling.ts';
import { InputGroup } from './input-group.ts';
import { InputQueue, type QueueListener } from './input-queue.ts';
import { OutputCollector } from './output-collector.ts';
import { TaskOrigin } from './record-origin.ts';
import type { TaskServices } from './services.ts';
import { causeOfFailure, TaskRuntime } from './task-runtime.ts';
import { nextStatus, type TaskEvent, type TaskStatus } from './task-status.ts';
import { TaskStores } from './task-stores.ts';
import { wire } from './wiring.ts';

export type { TaskCounters, TaskIdentity, TaskLog, TaskServices } from './services.ts';
export type { TaskStatus } from './task-status.ts';

/** What an epoch of one task comes to. */
export interface ClosedEpoch {
  readonly frames: readonly OutputFrame[];
  /** Undefined where the task is not running or nothing moved. */
  readonly progress: TaskProgress | undefined;
}

/**
 * One (sub-topology, partition): its queues, stream time, operators, stores and output. Single-threaded and synchronous;
 * the shard decides when it works. Any method that throws has ended the task: only `close` may be called then.
 */
export class Task implements QueueListener {
  /** `<sub-topology>_<partition>`. */
  readonly id: string;
  readonly partition: number;
  readonly origin = new TaskOrigin();
  private readonly services: TaskServices;
  private readonly outputs: OutputCollector;
  private readonly errors: ErrorHandling;
  private readonly runtime: TaskRuntime;
  private readonly stores: TaskStores;
  private readonly inputs: InputGroup;
  private readonly processors: readonly FlowNode[];
  private currentGeneration: number;
  private currentStatus: TaskStatus = 'restoring';
  private initialised = false;

  /** @throws INVALID_TOPOLOGY where an operator or a store cannot be made. */
  constructor(id: string, generation: number, subTopology: SubTopology, services: TaskServices) {
    this.id = id;
    this.partition = Number(id.slice(id.indexOf('_') + 1));
    this.currentGeneration = generation;
    this.services = services;
    const { applicationId, settings, stats, log } = services;
    this.outputs = new OutputCollector({
      taskId: id,
      taskPartition: this.partition,
      topicPartitions: services.topicPartitions,
      maxRequestBytes: settings.maxRequestBytes,
      format: settings.outputFormat,
      memory: services.outputMemory,
      counters: stats,
    });
    const deadLetters = new DeadLetters(settings.deadLetterTopic, this.outputs, stats);
    this.errors = new ErrorHandling(id, services.handlers, deadLetters, this.origin, log);
    this.stores = new TaskStores(subTopology, applicationId, this.partition, this.outputs, this.origin, services.cache);
    this.runtime = new TaskRuntime({
      applicationId,
      taskId: id,
      appConfig: settings.appConfig,
      origin: this.origin,
      errors: this.errors,
      counters: stats,
      log,
      findStore: (name) => this.stores.get(name) ?? services.globalStores.get(name),
      onCommitRequested: services.onCommitRequested,
      nowMs: services.nowMs ?? Date.now,
      mayContinue: services.handlers.mayContinue ?? true,
      joinEmitIntervalMs: services.joinEmitIntervalMs,
    });
    const { sources, processors } = wire(subTopology, this.runtime, this.outputs, this.errors);
    this.processors = processors;
    const queues = [...sources].map(([topic, source]) => new InputQueue(topic, this.partition, source, this));
    this.inputs = new InputGroup(queues, settings.maxTaskIdleMs);
  }

  get generation(): number {
    return this.currentGeneration;
  }

  get status(): TaskStatus {
    return this.currentStatus;
  }

  /** Highest timestamp seen; -1 before the first record. */
  get streamTimeMs(): number {
    return this.inputs.streamTimeMs;
  }

  /** Output not handed over yet. */
  get outputBytes(): number {
    return this.outputs.bytes;
  }

  /** Records dropped without an error, by reason, since the task was made. */
  get dropped(): Readonly<Record<DropReason, number>> {
    return this.runtime.dropped;
  }

  /** Records that wait in the queue of one partition. */
  queuedRecords(topic: string, partition: number): number {
    return this.inputs.queue(topic, partition).queuedRecords;
  }

  /** A store of this task by name; for tests and queries. */
  store(name: string): StateStore | undefined {
    return this.stores.get(name);
  }

  // --- life ---------------------------------------------------------------------------------------------------------

  /** Applies changelog batches to a store; returns the number of records. Only before the task runs. */
  restore(storeName: string, bytes: Uint8Array): number {
    if (this.currentStatus !== 'restoring') throw this.illegal('restore');
    return this.stores.restore(storeName, bytes);
  }

  /** Restored, or suspended and given back unchanged: processes input from these offsets on. */
  start(inputs: readonly TaskInput[], generation: number): void {
    this.move('start');
    this.currentGeneration = generation;
    this.inputs.restart(inputs);
    this.runtime.streamTimeMs = this.inputs.streamTimeMs;
    if (this.initialised) return;
    this.initialised = true;
    this.attempt(() => {
      this.origin.setNone(this.inputs.streamTimeMs);
      for (const processor of this.processors) processor.init();
    });
  }

  /** Keeps state, drops what is queued, processes nothing until the next `start`. Output not taken is dropped. */
  suspend(): void {
    if (this.currentStatus === 'restoring') return;
    this.move('suspend');
    this.inputs.clear();
    this.outputs.clear();
  }

  /** Ends the task; nothing is flushed. Idempotent. Errors of a processor's `close` come after all else is closed. */
  close(): void {
    if (this.currentStatus === 'closed') return;
    this.move('close');
    this.inputs.clear();
    this.outputs.clear();
    const problems: unknown[] = [];
    for (const processor of this.initialised ? this.processors : []) {
      try {
        processor.close();
      } catch (error) {
        problems.push(error);
      }
    }
    this.stores.close();
    if (problems.length > 0) throw problems[0];
  }

  // --- input --------------------------------------------------------------------------------------------------------

  /** Takes over record batches of one input partition. Ignored while the task is not running. */
  addBatch(topic: string, partition: number, bytes: Uint8Array, recordCount: number, nextOffset: number): void {
    if (this.currentStatus === 'running') this.inputs.queue(topic, partition).add(bytes, recordCount, nextOffset);
  }

  /** The broker has nothing beyond `offset` of that partition just now. */
  markCaughtUp(topic: string, partition: number, offset: number): void {
    if (this.currentStatus === 'running') this.inputs.queue(topic, partition).markCaughtUp(offset);
  }

  headUnreadable(queue: InputQueue, error: unknown): void {
    this.errors.deserializationFailed(error, queue.source.name);
    this.runtime.recordDropped('deserialization', queue.source.name);
  }

  headWithoutTime(queue: InputQueue): void {
    this.runtime.recordDropped('negative-timestamp', queue.source.name);
  }

  batchConsumed(queue: InputQueue, recordCount: number, bytes: Uint8Array): void {
    this.services.onBatchConsumed(this, queue.topic, queue.partition, recordCount, bytes.length, bytes.buffer as ArrayBuffer);
  }

  // --- work ---------------------------------------------------------------------------------------------------------

  /** Processes up to `maxRecords`, in order of timestamps over the partitions; returns how many. */
  process(maxRecords: number, nowMs: number): number {
    if (this.currentStatus !== 'running') return 0;
    return this.attempt(() => {
      let count = 0;
      while (count < maxRecords) {
        const queue = this.inputs.choose(nowMs);
        if (queue === undefined) break;
        this.processHead(queue);
        count++;
      }
      this.services.stats.recordsProcessed += count;
      return count;
    });
  }

  private processHead(queue: InputQueue): void {
    const { runtime, inputs } = this;
    const { timestamp } = queue.record;
    if (timestamp > inputs.streamTimeMs) {
      inputs.streamTimeMs = timestamp;
      runtime.streamTimeMs = timestamp;
    }
    queue.enterHead();
    try {
      queue.source.node.process(queue.record);
    } catch (error) {
      if (!(error instanceof DeserializationFailure)) throw error;
      this.headUnreadable(queue, error);
    }
    queue.dropHead();
    if (inputs.streamTimeMs >= runtime.streamPunctuations.nextDueMs) this.punctuateStreamTime();
    const { cache } = this.services;
    if (cache.sizeBytes > cache.maxBytes) this.evict();
  }

  private punctuateStreamTime(): void {
    const { runtime } = this;
    runtime.streamPunctuations.fire(runtime.streamTimeMs, (punctuation) => runtime.punctuate(punctuation, runtime.streamTimeMs));
  }

  /** Calls the wall-clock punctuators that are due; returns how many. */
  punctuateWallClock(nowMs: number): number {
    const { runtime } = this;
    if (this.currentStatus !== 'running' || nowMs < runtime.wallClockPunctuations.nextDueMs) return 0;
    return this.attempt(() => runtime.wallClockPunctuations.fire(nowMs, (punctuation) => runtime.punctuate(punctuation, nowMs)));
  }

  /** When to call `process` and `punctuateWallClock` again though nothing arrives; undefined: never. Wall clock in ms. */
  nextWakeUpMs(): number | undefined {
    if (this.currentStatus !== 'running') return undefined;
    const next = Math.min(this.runtime.wallClockPunctuations.nextDueMs, this.inputs.waitUntilMs ?? Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  // --- epochs -------------------------------------------------------------------------------------------------------

  /** Flushes caches, which may forward; then changelogs; then hands over all output and the offsets that moved. */
  closeEpoch(): ClosedEpoch {
    if (this.currentStatus !== 'running') return { frames: [], progress: undefined };
    return this.attempt(() => {
      this.stores.flushCaches();
      this.throwPending();
      this.stores.writeChangelogs();
      return { frames: this.outputs.takeFrames(this.currentGeneration), progress: this.takeProgress() };
    });
  }

  /** Output so far, ahead of the commit. */
  takeFrames(): OutputFrame[] {
    return this.outputs.takeFrames(this.currentGeneration);
  }

  private takeProgress(): TaskProgress | undefined {
    const moved = this.inputs.queues.filter((queue) => queue.offset !== queue.reportedOffset);
    if (moved.length === 0) return undefined;
    const offsets = moved.map((queue) => {
      queue.reportedOffset = queue.offset;
      return {
        topic: queue.topic,
        partition: queue.partition,
        offset: queue.offset,
        metadata: encodeCommitMetadata(queue.partitionTimeMs),
      };
    });
    return { taskId: this.id, generation: this.currentGeneration, offsets, streamTimeMs: this.streamTimeMs };
  }

  // --- helpers ------------------------------------------------------------------------------------------------------

  /**
   * Runs `work` with evictions held back: operators use their output records again and again, so a full cache may forward
   * only between two records. An error ends the task.
   */
  private attempt<T>(work: () => T): T {
    const { cache } = this.services;
    cache.held = true;
    try {
      this.throwPending();
      return work();
    } catch (error) {
      this.currentStatus = nextStatus(this.currentStatus, 'fail') ?? this.currentStatus;
      throw causeOfFailure(error);
    } finally {
      cache.held = false;
    }
  }

  private evict(): void {
    const { cache } = this.services;
    cache.held = false;
    cache.evictOverflow();
    cache.held = true;
    this.throwPending();
  }

  private throwPending(): void {
    const { pendingFailure } = this.runtime;
    if (pendingFailure !== undefined) throw pendingFailure;
  }

  private move(event: TaskEvent): void {
    const next = nextStatus(this.currentStatus, event);
    if (next === undefined) throw this.illegal(event);
    this.currentStatus = next;
  }

  private illegal(event: string): MillraceError {
    return new MillraceError('INVALID_STATE', `Task ${this.id} is ${this.currentStatus}: it cannot ${event} now.`, {
      context: { taskId: this.id, status: this.currentStatus },
    });
  }
}
