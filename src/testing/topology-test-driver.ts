import { MillraceError } from '../errors.ts';
import { type DropReason, nothingDropped } from '../processors/runtime.ts';
import { PLAIN_BATCHES } from '../protocol/index.ts';
import type { Serde } from '../serde/serde.ts';
import type { ShardSettings, TaskInput } from '../shard/messages.ts';
import {
  type KeyValueStore,
  RecordCache,
  type StateStore,
  type TimestampedKeyValueStore,
  type TimestampedWindowStore,
  type WindowStore,
} from '../state/index.ts';
import { GlobalStoreUpdater } from '../task/global-store-updater.ts';
import { handlersFor } from '../task/handlers.ts';
import type { TaskCounters } from '../task/services.ts';
import { Task, type TaskServices } from '../task/task.ts';
import type { ExceptionHandlers } from '../topology/handlers.ts';
import type { Plan } from '../topology/nodes.ts';
import type { Headers } from '../topology/operators.ts';
import { resolveTopic, sourceTopicNames } from '../topology/topic-names.ts';
import type { Topology } from '../topology/topology.ts';
import { plainKeyValueStore, plainWindowStore } from './plain-stores.ts';
import { TestInputTopic, type TestInputTopicOptions } from './test-input-topic.ts';
import { type CapturedRecord, TestOutputTopic } from './test-output-topic.ts';
import { recordsOf, TopicLog } from './topic-log.ts';

/** No record has it: neither a sensible length nor text. */
const OVERWRITTEN = 0xdb;
/** A topology that feeds itself would never come to an end. */
const MAX_ROUNDS_PER_CALL = 1_000_000;

export interface TopologyTestDriverOptions {
  /** Prefix of internal topics. Default `test-app`. */
  readonly applicationId?: string;
  /** Where the mocked wall clock starts, in ms since the epoch. Default: now. */
  readonly initialWallClockMs?: number;
  /**
   * How often left and outer stream-stream joins look for results without a partner, in ms of the wall clock. Default 0: with
   * every record that moves their time on, as in Kafka Streams' driver; in an application it is once a second.
   */
  readonly joinEmitIntervalMs?: number;
  /** As the application's options of the same name, e.g. `maxTaskIdleMs`, `deadLetterTopic`, `appConfig`. */
  readonly settings?: Partial<ShardSettings>;
}

const DEFAULT_SETTINGS: ShardSettings = {
  processingGuarantee: 'at_least_once',
  maxTaskIdleMs: 0,
  cacheMaxBytes: 10 * 1024 * 1024,
  outputFlushBytes: 1024 * 1024,
  outputFormat: PLAIN_BATCHES,
  deserializationExceptionHandler: 'fail',
  processingExceptionHandler: 'fail',
  productionExceptionHandler: 'fail',
  deadLetterTopic: undefined,
  maxRequestBytes: 1_048_576,
  appConfig: {},
};

interface RunningTask {
  readonly task: Task;
  readonly topics: readonly string[];
}

/**
 * Runs a topology without a broker, as Kafka Streams' TopologyTestDriver: every topic has one partition, each piped record
 * is processed to its end and committed before the call returns, repartition topics loop back, and the wall clock stands
 * still until it is advanced. It is the engine's own code that runs, on real record batches.
 */
export class TopologyTestDriver {
  readonly applicationId: string;
  /** Records processed, dropped and written so far. */
  readonly counters: TaskCounters = { recordsProcessed: 0, recordsDropped: 0, recordsOut: 0, deadLetters: 0 };
  private readonly plan: Plan;
  private readonly tasks: readonly RunningTask[];
  private readonly globals: GlobalStoreUpdater;
  /** Global stores by the topic that feeds them. */
  private readonly globalTopics = new Map<string, string>();
  private readonly logs = new Map<string, TopicLog>();
  private readonly outputs = new Map<string, CapturedRecord[]>();
  private readonly produced = new Set<string>();
  private wallClockMs: number;

  constructor(topology: Topology | { build(): Topology }, options: TopologyTestDriverOptions = {}) {
    const built = 'build' in topology ? topology.build() : topology;
    this.applicationId = options.applicationId ?? 'test-app';
    this.wallClockMs = options.initialWallClockMs ?? Date.now();
    this.plan = built.plan();
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const handlers = handlersFor(built, settings);
    // As in the shards: the processing handler is not asked about global tables, an error there is final.
    const globalHandlers: ExceptionHandlers = { ...handlers, processing: () => 'fail' };
    this.globals = new GlobalStoreUpdater(this.plan, this.applicationId, () => {}, globalHandlers, this.counters);
    for (const { source, store } of this.plan.globalStores) {
      for (const topic of source.topics) this.globalTopics.set(resolveTopic(topic, this.applicationId), store.name);
    }
    const services: TaskServices = {
      applicationId: this.applicationId,
      settings,
      topicPartitions: () => 1,
      globalStores: this.globals.stores,
      cache: new RecordCache(settings.cacheMaxBytes),
      handlers,
      stats: this.counters,
      log: () => {},
      onCommitRequested: () => {}, // everything is committed at once
      // As in the engine, where other records come to lie there: a serde that keeps a view of its bytes is found out.
      onBatchConsumed: (_task, _topic, _partition, _records, _bytes, memory) => void new Uint8Array(memory).fill(OVERWRITTEN),
      nowMs: () => this.wallClockMs,
      joinEmitIntervalMs: options.joinEmitIntervalMs ?? 0,
    };
    this.tasks = this.plan.subTopologies.map((sub) => ({
      task: new Task(`${sub.id}_0`, 1, sub, services),
      topics: sourceTopicNames(sub, this.applicationId),
    }));
    for (const { task, topics } of this.tasks) task.start(topics.map(inputFromStart), 1);
    this.markAllCaughtUp();
    this.settle();
  }

  // --- topics -------------------------------------------------------------------------------------------------------

  createInputTopic<K, V>(
    name: string,
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    options: TestInputTopicOptions = {},
  ): TestInputTopic<K, V> {
    if (!this.isInput(name)) {
      throw new MillraceError(
        'MISSING_TOPIC',
        `The topology does not read topic "${name}". It reads: ${this.inputTopicNames().join(', ')}.`,
        { context: { topic: name } },
      );
    }
    return new TestInputTopic(
      name,
      keySerde,
      valueSerde,
      this.pipe,
      options.startTimestampMs ?? this.wallClockMs,
      options.autoAdvanceMs ?? 0,
    );
  }

  /** Also for repartition, changelog and dead-letter topics; several readers of one topic share its queue. */
  createOutputTopic<K, V>(name: string, keySerde: Serde<K>, valueSerde: Serde<V>): TestOutputTopic<K, V> {
    return new TestOutputTopic(name, keySerde, valueSerde, this.outputOf(name));
  }

  /** All topics written to so far, internal ones included. */
  producedTopicNames(): Set<string> {
    return new Set(this.produced);
  }

  // --- time ---------------------------------------------------------------------------------------------------------

  /** Moves the mocked wall clock, which may call wall-clock punctuators and end the waiting for an idle input. */
  advanceWallClockTime(byMs: number): void {
    this.wallClockMs += byMs;
    for (const { task } of this.tasks) task.punctuateWallClock(this.wallClockMs);
    this.settle();
  }

  // --- stores -------------------------------------------------------------------------------------------------------

  /** Plain values, also of a store with timestamps. @throws INVALID_STATE for an unknown store or one of another kind. */
  getKeyValueStore<K, V>(name: string): KeyValueStore<K, V> {
    const { store, origin } = this.store(name);
    return plainKeyValueStore(name, store, origin);
  }

  getTimestampedKeyValueStore<K, V>(name: string): TimestampedKeyValueStore<K, V> {
    return this.ofKind(name, 'timestampedKeyValue').view as TimestampedKeyValueStore<K, V>;
  }

  /** Plain values, also of a store with timestamps. */
  getWindowStore<K, V>(name: string): WindowStore<K, V> {
    const { store, origin } = this.store(name);
    return plainWindowStore(name, store, origin);
  }

  getTimestampedWindowStore<K, V>(name: string): TimestampedWindowStore<K, V> {
    return this.ofKind(name, 'timestampedWindow').view as TimestampedWindowStore<K, V>;
  }

  /** Any store as a processor of the topology would get it. */
  getStateStore<S>(name: string): S {
    return this.store(name).store.view as S;
  }

  /** Records dropped without an error, by reason. */
  droppedRecords(): Record<DropReason, number> {
    const sum = nothingDropped();
    for (const { task } of this.tasks) {
      for (const reason of Object.keys(sum) as DropReason[]) sum[reason] += task.dropped[reason];
    }
    return sum;
  }

  close(): void {
    for (const { task } of this.tasks) task.close();
    this.globals.close();
  }

  // --- the machine --------------------------------------------------------------------------------------------------

  private readonly pipe = (
    topic: string,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Headers | undefined,
  ): void => {
    this.deliver(topic, [{ timestamp, key, value, headers: headers ?? [] }]);
    this.settle();
  };

  /** Appends records to a topic and hands them to whoever reads it. */
  private deliver(topic: string, records: readonly CapturedRecord[]): void {
    const batch = this.logOf(topic).append(records);
    const globalStore = this.globalTopics.get(topic);
    if (globalStore !== undefined) this.globals.update(globalStore, 0, batch.bytes);
    for (const { task, topics } of this.tasks) {
      if (topics.includes(topic)) task.addBatch(topic, 0, new Uint8Array(batch.bytes), batch.recordCount, batch.nextOffset);
    }
    this.markAllCaughtUp();
  }

  /** Processes and commits, one record of a task at a time, until there is nothing more to do. */
  private settle(): void {
    for (let round = 0; round < MAX_ROUNDS_PER_CALL; round++) {
      let worked = false;
      for (const { task } of this.tasks) {
        if (task.process(1, this.wallClockMs) > 0) worked = true;
        if (this.commit(task)) worked = true;
      }
      if (!worked) return;
    }
    throw new MillraceError(
      'INVALID_STATE',
      `The topology still has work after ${MAX_ROUNDS_PER_CALL} rounds: does it write to a topic that it reads?`,
    );
  }

  /** True when the commit made work for a task. */
  private commit(task: Task): boolean {
    let looped = false;
    for (const { topic, bytes } of task.closeEpoch().frames) {
      const records = recordsOf(bytes);
      this.produced.add(topic);
      this.outputOf(topic).push(...records);
      if (!this.isInput(topic)) continue;
      this.deliver(topic, records);
      looped = true;
    }
    return looped;
  }

  private markAllCaughtUp(): void {
    for (const { task, topics } of this.tasks) for (const topic of topics) task.markCaughtUp(topic, 0, this.logOf(topic).endOffset);
  }

  private isInput(topic: string): boolean {
    return this.globalTopics.has(topic) || this.tasks.some(({ topics }) => topics.includes(topic));
  }

  private inputTopicNames(): string[] {
    return [...new Set([...this.tasks.flatMap(({ topics }) => topics), ...this.globalTopics.keys()])].sort();
  }

  private logOf(topic: string): TopicLog {
    return getOrMake(this.logs, topic, () => new TopicLog());
  }

  private outputOf(topic: string): CapturedRecord[] {
    return getOrMake(this.outputs, topic, () => []);
  }

  private store(name: string): { readonly store: StateStore; readonly origin: Task['origin'] } {
    for (const { task } of this.tasks) {
      const store = task.store(name);
      if (store !== undefined) return { store, origin: task.origin };
    }
    const store = this.globals.stores.get(name);
    if (store !== undefined) return { store, origin: this.tasks[0]!.task.origin };
    throw new MillraceError('INVALID_STATE', `The topology has no store "${name}".`, { context: { store: name } });
  }

  private ofKind(name: string, kind: StateStore['kind']): StateStore {
    const { store } = this.store(name);
    if (store.kind === kind) return store;
    throw new MillraceError('INVALID_STATE', `Store "${name}" is of kind ${store.kind}, not ${kind}.`, { context: { store: name } });
  }
}

function inputFromStart(topic: string): TaskInput {
  return { topic, partition: 0, startOffset: 0, partitionTimeMs: -1 };
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
