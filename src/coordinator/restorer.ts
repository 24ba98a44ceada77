import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import { RecordBatchBuilder, RecordCursor } from '../protocol/index.ts';
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
  /** Set where the changelog is an input of the task itself: what lies beyond is still to be processed. */
  readonly limitOffset?: number;
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
  /** Next offset to be read. */
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
const STABLE_ROUNDS_SILENT = 20;

/**
 * Reads changelogs into the stores of starting tasks, beside normal processing: running tasks go on meanwhile and the
 * group's consumer is polled all the time, so a long restore cannot get this process thrown out of the group.
 */
export class Restorer {
  readonly #transport: Transport;
  readonly #hooks: RestorerHooks;
  /** By changelog partition. */
  readonly #restoring = new Map<string, Restoring>();
  /** The generation of each task that is wanted restored; a call for any other one is over. */
  readonly #wanted = new Map<string, number>();
  #reader: Promise<PartitionReader> | undefined;
  #loop: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  /** What is read has to be told to the reader anew. */
  #reassign = false;
  /** What the reader was told last: batches are theirs, not of those who came to their partitions since. */
  #reading: ReadonlySet<Restoring> = new Set();
  #closed = false;

  constructor(transport: Transport, hooks: RestorerHooks) {
    this.#transport = transport;
    this.#hooks = hooks;
  }

  get active(): boolean {
    return this.#restoring.size > 0;
  }

  /**
   * Resolves with true when all stores of a task hold what their changelogs held when the call was made, with false when
   * that was cancelled.
   */
  async restore(taskId: string, generation: number, requests: readonly RestoreRequest[]): Promise<boolean> {
    if (this.#closed) return false;
    if (requests.length === 0) return true;
    this.#wanted.set(taskId, generation);
    const isWanted = () => !this.#closed && this.#wanted.get(taskId) === generation;
    const partitions = requests.map((request) => request.changelog);
    const ends = await this.#stableEnds(partitions, isWanted);
    if (!isWanted()) return false;
    const starts = await this.#transport.admin.listOffsets(partitions, 'earliest');
    if (!isWanted()) return false;
    await Promise.all(
      requests.map((request) => {
        const endOffset = Math.min(offsetOf(ends, request.changelog), request.limitOffset ?? Number.POSITIVE_INFINITY);
        return this.#begin(request, offsetOf(starts, request.changelog), endOffset);
      }),
    );
    return isWanted();
  }

  /** Stops restoring a task that is gone. */
  cancel(taskId: string): void {
    this.#wanted.delete(taskId);
    for (const [key, entry] of [...this.#restoring]) {
      if (entry.request.taskId !== taskId) continue;
      this.#restoring.delete(key);
      this.#reassign = true;
      this.#hooks.listener().onRestoreSuspended?.(entry.request.changelog, entry.request.store, entry.sentRecords);
      entry.finish();
    }
    this.#wake?.();
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
    this.#wanted.clear();
    for (const entry of this.#restoring.values()) entry.finish();
    this.#restoring.clear();
    this.#wake?.();
    await this.#loop;
    const reader = this.#reader;
    this.#reader = undefined;
    await (await reader)?.close();
  }

  /**
   * End offsets with no transaction open below them. The former owner's last commit counts from the moment its offsets
   * are visible to us, but its markers may reach the changelog later; restoring to the last stable offset alone could
   * miss that commit. A dead owner's open transaction is aborted by the broker after its timeout.
   */
  async #stableEnds(partitions: readonly TopicPartition[], isWanted: () => boolean): Promise<TopicPartitionOffset[]> {
    // What is committed already lies below the ends of now: later transactions need not be waited for.
    const uppers = await this.#transport.admin.listOffsets(partitions, 'highWatermark');
    for (let round = 0; ; round++) {
      const stable = await this.#transport.admin.listOffsets(partitions, 'latest');
      const open = uppers.filter((end) => offsetOf(stable, end) < end.offset);
      if (open.length === 0 || !isWanted()) return stable;
      if (round === STABLE_ROUNDS_SILENT) this.#hooks.onWait(open);
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
    const key = partitionKey(changelog.topic, changelog.partition);
    this.#restoring.get(key)?.finish();
    return new Promise((finish) => {
      this.#restoring.set(key, {
        request,
        endOffset,
        position: startOffset,
        sentRecords: 0,
        unacknowledgedRecords: 0,
        finish,
      });
      this.#reassign = true;
      this.#loop ??= this.#run();
      this.#wake?.();
    });
  }

  /** Runs while there is something to restore. */
  async #run(): Promise<void> {
    try {
      while (this.active && !this.#closed) await this.#round();
    } catch (error) {
      this.#hooks.onError(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#loop = undefined;
    }
  }

  async #round(): Promise<void> {
    this.#reader ??= this.#transport.openReader('restore');
    const reader = await this.#reader;
    if (this.#closed) return;
    if (this.#reassign) {
      // Finished partitions leave the assignment, or their live tail would be fetched for nothing.
      this.#reassign = false;
      this.#reading = new Set(this.#restoring.values());
      await reader.assign([...this.#reading].map(({ request, position }) => ({ ...request.changelog, offset: position })));
      if (this.#reassign) return;
    }
    for (const batch of await reader.poll(POLL_MS)) this.#deliver(batch);
    // Entries made or cancelled during the poll are not the reader's yet.
    if (!this.#reassign) this.#advance(reader);
    while (this.#inFlight() > IN_FLIGHT_RECORDS_MAX && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Positions also pass what is never returned: records of aborted transactions, markers. */
  #advance(reader: PartitionReader): void {
    for (const [key, entry] of this.#restoring) {
      const { topic, partition } = entry.request.changelog;
      entry.position = Math.max(entry.position, reader.position({ topic, partition }));
      this.#finishIfDone(key, entry);
    }
  }

  #deliver(batch: FetchedBatch): void {
    const entry = this.#restoring.get(partitionKey(batch.topic, batch.partition));
    // A task that came back while this was read for its former life begins further ahead.
    if (entry === undefined || !this.#reading.has(entry)) return;
    // Read twice, when the reader was told anew where to read while it had this in hand.
    if (batch.nextOffset <= entry.position) return;
    entry.position = batch.nextOffset;
    const { request } = entry;
    // Records at or beyond the end offset may come along with the last batch. In a changelog they can only be from
    // another owner of the task, which is impossible while we hold it, or from nobody; but an input goes on there.
    const wanted =
      request.limitOffset === undefined || batch.nextOffset <= request.limitOffset ? batch : batchBelow(batch, request.limitOffset);
    if (wanted.recordCount === 0) return;
    entry.sentRecords += wanted.recordCount;
    entry.unacknowledgedRecords += wanted.recordCount;
    this.#hooks.post(
      request.shard,
      {
        type: 'restore',
        taskId: request.taskId,
        generation: request.generation,
        store: request.store,
        bytes: wanted.bytes,
        recordCount: wanted.recordCount,
      },
      [wanted.bytes.buffer as ArrayBuffer],
    );
    this.#hooks.listener().onBatchRestored?.(request.changelog, request.store, batch.nextOffset, wanted.recordCount);
  }

  #finishIfDone(key: string, entry: Restoring): void {
    if (entry.position < entry.endOffset || entry.unacknowledgedRecords > 0) return;
    this.#restoring.delete(key);
    this.#reassign = true;
    this.#hooks.listener().onRestoreEnd?.(entry.request.changelog, entry.request.store, entry.sentRecords);
    entry.finish();
  }

  #inFlight(): number {
    let records = 0;
    for (const entry of this.#restoring.values()) records += entry.unacknowledgedRecords;
    return records;
  }
}

/** The records of a batch before an offset. */
function batchBelow(batch: FetchedBatch, offset: number): { readonly recordCount: number; readonly bytes: Uint8Array } {
  const builder = new RecordBatchBuilder();
  const cursor = new RecordCursor(batch.bytes);
  while (cursor.next() && cursor.offset < offset) {
    const { buffer, keyStart, keyLength, valueStart, valueLength } = cursor;
    const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
    const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
    builder.appendAt(cursor.offset, cursor.timestamp, key, value, cursor.headerCount === 0 ? undefined : cursor.headers());
  }
  return { recordCount: builder.recordCount, bytes: builder.recordCount === 0 ? new Uint8Array(0) : builder.build({ crc: false }) };
}

function offsetOf(offsets: readonly TopicPartitionOffset[], partition: TopicPartition): number {
  const found = offsets.find((entry) => entry.topic === partition.topic && entry.partition === partition.partition);
  if (found !== undefined) return found.offset;
  throw new MillraceError(
    'MISSING_TOPIC',
    `Changelog ${partition.topic} has no partition ${partition.partition}. If it was deleted by hand, reset the application.`,
    {
      context: { topic: partition.topic, partition: partition.partition },
    },
  );
}
