import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import type { ToShard } from '../shard/messages.ts';
import type { FetchedBatch, PartitionReader, TopicPartition, TopicPartitionOffset, Transport } from '../transport/transport.ts';
import { partitionKey } from './tasks.ts';

/** One store of one task that has to be rebuilt from its changelog partition. */
export interface RestoreRequest {
  readonly taskId: string;
  readonly generation: number;
  readonly shard: number;
  readonly store: string;
  readonly changelog: TopicPartition;
}

/** Progress of restoring, as Kafka Streams' StateRestoreListener. Offsets are of the changelog partition. */
export interface RestoreListener {
  onRestoreStart?(partition: TopicPartition, store: string, startOffset: number, endOffset: number): void;
  onBatchRestored?(partition: TopicPartition, store: string, position: number, recordCount: number): void;
  onRestoreEnd?(partition: TopicPartition, store: string, totalRecords: number): void;
  /** The task went elsewhere before it was restored. */
  onRestoreSuspended?(partition: TopicPartition, store: string, totalRecords: number): void;
}

interface Restoring {
  readonly request: RestoreRequest;
  readonly endOffset: number;
  position: number;
  sentRecords: number;
  unacknowledgedRecords: number;
  readonly finish: () => void;
}

export interface RestorerHooks {
  readonly post: (shard: number, message: ToShard, transfer: ArrayBuffer[]) => void;
  readonly listener: () => RestoreListener;
  readonly onError: (error: Error) => void;
  /** Restoring waits for somebody's open transaction on these changelogs. */
  readonly onWait: (partitions: readonly TopicPartition[]) => void;
}

/** Records on their way to shards; beyond it the reader is not polled. */
const IN_FLIGHT_RECORDS_MAX = 200_000;
const POLL_MS = 50;
const STABLE_POLL_MS = 50;

/**
 * Reads changelogs into the stores of starting tasks, beside normal processing: running tasks go on meanwhile and the
 * group's consumer is polled all the time, so a long restore cannot get this process thrown out of the group.
 */
export class Restorer {
  readonly #transport: Transport;
  readonly #hooks: RestorerHooks;
  readonly #restoring = new Map<string, Restoring>();
  #reader: Promise<PartitionReader> | undefined;
  #loop: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(transport: Transport, hooks: RestorerHooks) {
    this.#transport = transport;
    this.#hooks = hooks;
  }

  get active(): boolean {
    return this.#restoring.size > 0;
  }

  /** Resolves when all these stores hold what their changelogs held when the call was made, or were cancelled. */
  async restore(requests: readonly RestoreRequest[]): Promise<void> {
    if (requests.length === 0) return;
    const partitions = requests.map((request) => request.changelog);
    const ends = await this.#stableEnds(partitions);
    const starts = await this.#transport.admin.listOffsets(partitions, 'earliest');
    const waits = requests.map((request) => this.#begin(request, offsetOf(starts, request.changelog), offsetOf(ends, request.changelog)));
    if (this.active) await this.#assign();
    if (this.active) this.#loop ??= this.#run().finally(() => (this.#loop = undefined));
    await Promise.all(waits);
  }

  /** Stops restoring a task that is gone. */
  async cancel(taskId: string): Promise<void> {
    const cancelled = [...this.#restoring].filter(([, entry]) => entry.request.taskId === taskId);
    for (const [key, entry] of cancelled) {
      this.#restoring.delete(key);
      this.#hooks.listener().onRestoreSuspended?.(entry.request.changelog, entry.request.store, entry.sentRecords);
      entry.finish();
    }
    if (cancelled.length > 0) await this.#assign();
  }

  /** A shard has taken records of a store in. */
  acknowledge(taskId: string, generation: number, store: string, recordCount: number): void {
    for (const [key, entry] of this.#restoring) {
      const { request } = entry;
      if (request.taskId !== taskId || request.store !== store || request.generation !== generation) continue;
      entry.unacknowledgedRecords -= recordCount;
      this.#finishIfDone(key, entry);
    }
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    for (const entry of this.#restoring.values()) entry.finish();
    this.#restoring.clear();
    await this.#loop;
    await (await this.#reader)?.close();
    this.#reader = undefined;
  }

  /**
   * End offsets with no transaction open below them. The former owner's last commit counts from the moment its offsets
   * are visible to us, but its markers may reach the changelog later; restoring to the last stable offset alone could
   * miss that commit. A dead owner's open transaction is aborted by the broker after its timeout.
   */
  async #stableEnds(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    for (let round = 0; ; round++) {
      const upper = await this.#transport.admin.listOffsets(partitions, 'highWatermark');
      const stable = await this.#transport.admin.listOffsets(partitions, 'latest');
      const open = upper.filter((end) => offsetOf(stable, end) < end.offset);
      if (open.length === 0 || this.#closed) return stable;
      if (round === 20) this.#hooks.onWait(open);
      await sleep(STABLE_POLL_MS);
    }
  }

  #begin(request: RestoreRequest, startOffset: number, endOffset: number): Promise<void> {
    const { changelog, store } = request;
    const listener = this.#hooks.listener();
    listener.onRestoreStart?.(changelog, store, startOffset, endOffset);
    if (startOffset >= endOffset) {
      listener.onRestoreEnd?.(changelog, store, 0);
      return Promise.resolve();
    }
    return new Promise((finish) => {
      this.#restoring.set(partitionKey(changelog.topic, changelog.partition), {
        request, endOffset, position: startOffset, sentRecords: 0, unacknowledgedRecords: 0, finish,
      });
    });
  }

  async #assign(): Promise<void> {
    if (this.#closed) return;
    this.#reader ??= this.#transport.openReader('restore');
    const reader = await this.#reader;
    await reader.assign([...this.#restoring.values()].map(({ request, position }) => ({ ...request.changelog, offset: position })));
  }

  async #run(): Promise<void> {
    try {
      while (this.active && !this.#closed) await this.#round();
    } catch (error) {
      this.#hooks.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #round(): Promise<void> {
    const reader = await this.#reader;
    if (reader === undefined) return;
    const batches = await reader.poll(POLL_MS);
    for (const batch of batches) this.#deliver(batch);
    let finished = false;
    for (const [key, entry] of this.#restoring) {
      const { topic, partition } = entry.request.changelog;
      entry.position = Math.max(entry.position, reader.position({ topic, partition }));
      finished = this.#finishIfDone(key, entry) || finished;
    }
    // Finished partitions leave the assignment, or their live tail would be fetched for nothing.
    if (finished && this.active) await this.#assign();
    while (this.#inFlight() > IN_FLIGHT_RECORDS_MAX && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #deliver(batch: FetchedBatch): void {
    const entry = this.#restoring.get(partitionKey(batch.topic, batch.partition));
    // Records at or beyond the end offset may come along with the last batch. They can only be from another owner of
    // the task, which is impossible while we hold it, or from nobody: applying them is right in either case.
    if (entry === undefined) return;
    const { request } = entry;
    entry.position = batch.nextOffset;
    entry.sentRecords += batch.recordCount;
    entry.unacknowledgedRecords += batch.recordCount;
    this.#hooks.post(
      request.shard,
      { type: 'restore', taskId: request.taskId, generation: request.generation, store: request.store, bytes: batch.bytes, recordCount: batch.recordCount },
      [batch.bytes.buffer as ArrayBuffer],
    );
    this.#hooks.listener().onBatchRestored?.(request.changelog, request.store, batch.nextOffset, batch.recordCount);
  }

  #finishIfDone(key: string, entry: Restoring): boolean {
    if (entry.position < entry.endOffset || entry.unacknowledgedRecords > 0) return false;
    this.#restoring.delete(key);
    this.#hooks.listener().onRestoreEnd?.(entry.request.changelog, entry.request.store, entry.sentRecords);
    entry.finish();
    return true;
  }

  #inFlight(): number {
    let records = 0;
    for (const entry of this.#restoring.values()) records += entry.unacknowledgedRecords;
    return records;
  }
}

function offsetOf(offsets: readonly TopicPartitionOffset[], partition: TopicPartition): number {
  const found = offsets.find((entry) => entry.topic === partition.topic && entry.partition === partition.partition);
  if (found !== undefined) return found.offset;
  throw new MillraceError('MISSING_TOPIC', `Changelog ${partition.topic} has no partition ${partition.partition}. If it was deleted by hand, reset the application.`, {
    context: { topic: partition.topic, partition: partition.partition },
  });
}
