/** A clock moved by hand and logs in memory: what the coordinators need of the broker around them. */

import type { BrokerConfig, CoordinatorDeps } from '../../../../src/broker/coordinator/index.ts';
import { silentLogger } from '../../../../src/broker/coordinator/index.ts';
import type { AppendResult, Clock, PartitionLogApi, ReadResult, TopicRegistryApi, TopicState } from '../../../../src/broker/seams.ts';
import type { ClaimedProducerIds } from '../../../../src/broker/txn/producer-ids.ts';
import {
  batchLastOffsetDelta,
  batchLength,
  batchProducerEpoch,
  batchProducerId,
  buildEndTransactionMarker,
  isTransactionalBatch,
  setBatchBaseOffset,
} from '../../../../src/protocol/index.ts';

export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000;
  #timers: { dueMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves on, firing what comes due on the way in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await settle();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Lets everything that is only waiting for promises go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface WrittenMarker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly commit: boolean;
  readonly coordinatorEpoch: number;
}

interface StoredBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Buffer;
}

export class FakeLog implements PartitionLogApi {
  readonly topic: string;
  readonly partition: number;
  readonly logStartOffset = 0;
  readonly leaderEpoch = 7;
  readonly markers: WrittenMarker[] = [];
  /** Answered by the next appends, in order, instead of appending. */
  readonly appendErrors: number[] = [];
  readonly markerErrors: number[] = [];
  /** Markers from lower coordinator epochs are refused, as a partition does that has seen this one. */
  coordinatorEpoch = 0;
  /** While true, `flushed` waits for {@link releaseFlush}. */
  holdFlush = false;
  flushFails = false;
  #batches: StoredBatch[] = [];
  #flushWaiters: (() => void)[] = [];
  readonly #open = new Map<number, { epoch: number; firstOffset: number }>();

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get logEndOffset(): number {
    return (this.#batches.at(-1)?.lastOffset ?? -1) + 1;
  }

  get highWatermark(): number {
    return this.logEndOffset;
  }

  get lastStableOffset(): number {
    return Math.min(this.logEndOffset, ...[...this.#open.values()].map(({ firstOffset }) => firstOffset));
  }

  get sizeInBytes(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
  }

  get batchCount(): number {
    return this.#batches.length;
  }

  append(batch: Buffer, options: { readonly origin: 'client' | 'coordinator' }): AppendResult {
    void options;
    const error = this.appendErrors.shift();
    if (error !== undefined) return failed(error);
    const baseOffset = this.logEndOffset;
    setBatchBaseOffset(batch, 0, baseOffset);
    const lastOffset = baseOffset + batchLastOffsetDelta(batch, 0);
    if (batchLength(batch, 0) !== batch.length) return failed(2);
    this.#batches.push({ baseOffset, lastOffset, bytes: batch });
    const producerId = batchProducerId(batch, 0);
    if (isTransactionalBatch(batch, 0) && !this.#open.has(producerId)) {
      this.#open.set(producerId, { epoch: batchProducerEpoch(batch, 0), firstOffset: baseOffset });
    }
    return { errorCode: 0, baseOffset, lastOffset, logAppendTimeMs: -1 };
  }

  appendMarker(marker: WrittenMarker): AppendResult {
    const error = this.markerErrors.shift();
    if (error !== undefined) return failed(error);
    if (marker.coordinatorEpoch < this.coordinatorEpoch) return failed(52);
    const offset = this.logEndOffset;
    this.#batches.push({ baseOffset: offset, lastOffset: offset, bytes: buildEndTransactionMarker({ ...marker, offset, timestamp: 0 }) });
    this.#open.delete(marker.producerId);
    this.markers.push(marker);
    return { errorCode: 0, baseOffset: offset, lastOffset: offset, logAppendTimeMs: -1 };
  }

  flushed(): Promise<void> {
    if (this.flushFails) return Promise.reject(new Error('disk full'));
    return this.holdFlush ? new Promise((resolve) => this.#flushWaiters.push(resolve)) : Promise.resolve();
  }

  releaseFlush(): void {
    this.holdFlush = false;
    for (const resolve of this.#flushWaiters.splice(0)) resolve();
  }

  /** Forgets batches from the end, as a crash before a flush would. */
  truncateTo(batchCount: number): void {
    this.#batches = this.#batches.slice(0, batchCount);
  }

  /** Whole batches, from the one that holds the offset, as Kafka returns them; two at most, so that readers must page. */
  read(request: { readonly fetchOffset: number }): Promise<ReadResult> {
    const from = this.#batches.filter((batch) => batch.lastOffset >= request.fetchOffset);
    const read = from.slice(0, 2);
    return Promise.resolve({
      errorCode: 0,
      records: Buffer.concat(read.map((batch) => batch.bytes)),
      nextOffset: (read.at(-1)?.lastOffset ?? request.fetchOffset - 1) + 1,
      highWatermark: this.logEndOffset,
      lastStableOffset: this.lastStableOffset,
      logStartOffset: 0,
      abortedTransactions: null,
    });
  }

  activeProducers(): ReturnType<PartitionLogApi['activeProducers']> {
    return [...this.#open].map(([producerId, { epoch, firstOffset }]) => ({
      producerId,
      producerEpoch: epoch,
      lastSequence: 0,
      lastTimestampMs: 0,
      coordinatorEpoch: this.coordinatorEpoch,
      currentTransactionStartOffset: firstOffset,
    }));
  }

  offsetForTimestamp(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  offsetOfMaxTimestamp(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  endOffsetForEpoch(): { readonly epoch: number; readonly endOffset: number } {
    return { epoch: -1, endOffset: -1 };
  }

  deleteRecordsBefore(): number | undefined {
    return undefined;
  }

  onReadable(): () => void {
    return () => undefined;
  }

  clean(): Promise<void> {
    return Promise.resolve();
  }

  updateConfig(): void {}
  bumpLeaderEpoch(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function failed(errorCode: number): AppendResult {
  return { errorCode, baseOffset: -1, lastOffset: -1, logAppendTimeMs: -1 };
}

export class FakeTopics implements TopicRegistryApi {
  readonly #topics = new Map<string, TopicState>();
  #made = 0;
  /** Node that leads every partition. */
  leader = 1;
  createFails = false;
  created = 0;

  get(name: string): TopicState | undefined {
    return this.#topics.get(name);
  }

  getById(id: Uint8Array): TopicState | undefined {
    return [...this.#topics.values()].find((topic) => Buffer.compare(topic.id, id) === 0);
  }

  all(): IterableIterator<TopicState> {
    return this.#topics.values();
  }

  create(request: {
    readonly name: string;
    readonly partitions: number;
    readonly config: Readonly<Record<string, string>>;
    readonly internal?: boolean;
  }): Promise<TopicState> {
    if (this.createFails) return Promise.reject(new Error('no brokers'));
    this.created++;
    return Promise.resolve(this.add(request.name, request.partitions, request.config, request.internal ?? false));
  }

  add(name: string, partitions: number, config: Readonly<Record<string, string>> = {}, internal = false): TopicState {
    const id = Buffer.alloc(16);
    id.writeUInt32BE(++this.#made, 12);
    return this.#put(name, id, partitions, config, internal);
  }

  /** The topic with more partitions, under its id. */
  grow(name: string, partitions: number): TopicState {
    const { id, config, internal } = this.#topics.get(name)!;
    return this.#put(name, id, partitions, config, internal);
  }

  #put(name: string, id: Uint8Array, partitions: number, config: Readonly<Record<string, string>>, internal: boolean): TopicState {
    const topic: TopicState = {
      name,
      id,
      partitions: Array.from({ length: partitions }, (_, partition) => new FakeLog(name, partition)),
      config,
      internal,
      leaderOf: () => this.leader,
      replicasOf: () => [this.leader],
    };
    this.#topics.set(name, topic);
    return topic;
  }

  delete(name: string): Promise<void> {
    this.#topics.delete(name);
    return Promise.resolve();
  }

  addPartitions(name: string): Promise<TopicState> {
    return Promise.resolve(this.#topics.get(name)!);
  }

  log(name: string, partition = 0): FakeLog {
    return this.#topics.get(name)!.partitions[partition] as FakeLog;
  }
}

/** Everything a coordinator is given; `config` may be changed by the test as it goes. */
export interface FakeBroker extends CoordinatorDeps {
  readonly topics: FakeTopics;
  readonly clock: ManualClock;
  readonly config: Record<string, string | undefined>;
  readonly producerIdBlocks: ClaimedProducerIds;
}

/** Keeps what is claimed as long as the test lives. */
export function claimedProducerIds(): ClaimedProducerIds {
  let end = 0;
  return {
    get end() {
      return end;
    },
    claim: (next) => {
      end = next;
    },
  };
}

export function fakeBroker(config: BrokerConfig = {}): FakeBroker {
  return {
    topics: new FakeTopics(),
    clock: new ManualClock(),
    config: { ...config },
    nodes: () => [{ id: 1, host: '127.0.0.1', port: 9092 }],
    log: silentLogger,
    producerIdBlocks: claimedProducerIds(),
  };
}
