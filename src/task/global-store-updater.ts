import { MillraceError } from '../errors.ts';
import { createProcessor } from '../processors/create-processor.ts';
import type { FlowNode } from '../processors/flow-node.ts';
import { DeserializationFailure } from '../processors/signals.ts';
import { PLAIN_BATCHES } from '../protocol/index.ts';
import { createStore, type StateStore } from '../state/index.ts';
import type { ExceptionHandlers } from '../topology/handlers.ts';
import type { GlobalStore, Plan } from '../topology/nodes.ts';
import { resolveTopic } from '../topology/topic-names.ts';
import { DeadLetters } from './dead-letters.ts';
import { ErrorHandling } from './error-handling.ts';
import { InputQueue, type QueueListener, type QueueSource } from './input-queue.ts';
import { OutputCollector } from './output-collector.ts';
import { TaskOrigin } from './record-origin.ts';
import type { TaskCounters, TaskLog } from './services.ts';
import { causeOfFailure, TaskRuntime } from './task-runtime.ts';
import { sourceEntry } from './wiring.ts';

const FAIL: ExceptionHandlers = { deserialization: () => 'fail', processing: () => 'fail', production: () => 'fail' };

/**
 * The global stores of one shard, fed from all partitions of their topics. Each runs its source's processor over what
 * arrives, on restore as well (KIP-813). They are not synchronised in time with the tasks.
 */
export class GlobalStoreUpdater {
  /** By name: what tasks look up. */
  readonly stores: ReadonlyMap<string, StateStore>;
  private readonly feeds = new Map<string, GlobalFeed>();

  /**
   * Without `handlers`, a record that cannot be read or processed is an error. Dead letters are not written here. Dropped
   * records are added to `counters`, processed ones are not.
   */
  constructor(
    plan: Plan,
    applicationId: string,
    log: TaskLog,
    handlers: ExceptionHandlers = FAIL,
    counters: TaskCounters = { recordsProcessed: 0, recordsDropped: 0, recordsOut: 0, deadLetters: 0 },
  ) {
    const stores = new Map<string, StateStore>();
    for (const spec of plan.globalStores) {
      const feed = new GlobalFeed(spec, applicationId, log, handlers, counters, stores);
      this.feeds.set(spec.store.name, feed);
    }
    this.stores = stores;
  }

  /** Applies batches of one partition of the store's topic; returns the number of records applied. */
  update(store: string, partition: number, bytes: Uint8Array): number {
    const feed = this.feeds.get(store);
    if (feed === undefined) throw new MillraceError('INTERNAL', `There is no global store "${store}".`, { context: { store } });
    return feed.update(partition, bytes);
  }

  close(): void {
    for (const feed of this.feeds.values()) feed.close();
  }
}

/** One global store and the processor that fills it. */
class GlobalFeed implements QueueListener {
  readonly origin = new TaskOrigin();
  private readonly store: StateStore;
  private readonly topic: string;
  private readonly source: QueueSource;
  private readonly processor: FlowNode;
  private readonly runtime: TaskRuntime;
  private readonly errors: ErrorHandling;
  private readonly queues = new Map<number, InputQueue>();
  private initialised = false;

  constructor(
    spec: GlobalStore,
    applicationId: string,
    log: TaskLog,
    handlers: ExceptionHandlers,
    counters: TaskCounters,
    stores: Map<string, StateStore>,
  ) {
    const taskId = `global_${spec.store.name}`;
    const outputs = new OutputCollector({
      taskId,
      taskPartition: 0,
      topicPartitions: () => undefined,
      maxRequestBytes: 0,
      format: PLAIN_BATCHES,
      memory: undefined,
      counters,
    });
    const topicRef = spec.source.topics[0]!;
    this.topic = resolveTopic(topicRef, applicationId);
    this.store = createStore(spec.store, { topic: this.topic, origin: this.origin, cache: undefined });
    stores.set(spec.store.name, this.store);
    this.errors = new ErrorHandling(taskId, handlers, new DeadLetters(undefined, outputs, counters), this.origin, log);
    this.runtime = new TaskRuntime({
      applicationId,
      taskId,
      appConfig: {},
      origin: this.origin,
      errors: this.errors,
      counters,
      log,
      findStore: (name) => stores.get(name),
      onCommitRequested: () => {},
      nowMs: Date.now,
      mayContinue: true,
    });
    this.processor = createProcessor(spec.processor, this.runtime);
    this.source = sourceEntry(spec.source, this.runtime, [this.processor]);
  }

  update(partition: number, bytes: Uint8Array): number {
    this.initialise();
    const queue = this.queueOf(partition);
    queue.add(bytes, 0, 0);
    let count = 0;
    try {
      for (; queue.loadHead(); count++) this.processHead(queue);
    } catch (error) {
      throw causeOfFailure(error);
    }
    return count;
  }

  headUnreadable(queue: InputQueue, error: unknown): void {
    this.errors.deserializationFailed(error, queue.source.name);
    this.runtime.recordDropped('deserialization', queue.source.name);
  }

  headWithoutTime(queue: InputQueue): void {
    this.runtime.recordDropped('negative-timestamp', queue.source.name);
  }

  batchConsumed(): void {}

  close(): void {
    if (this.initialised) this.processor.close();
    this.store.table.close();
  }

  private initialise(): void {
    if (this.initialised) return;
    this.initialised = true;
    this.processor.init();
  }

  private processHead(queue: InputQueue): void {
    queue.enterHead();
    try {
      queue.source.node.process(queue.record);
    } catch (error) {
      if (!(error instanceof DeserializationFailure)) throw error;
      this.headUnreadable(queue, error);
    }
    queue.dropHead();
  }

  private queueOf(partition: number): InputQueue {
    let queue = this.queues.get(partition);
    if (queue === undefined) {
      queue = new InputQueue(this.topic, partition, this.source, this);
      this.queues.set(partition, queue);
    }
    return queue;
  }
}
