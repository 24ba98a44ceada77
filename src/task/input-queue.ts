import { MillraceError } from '../errors.ts';
import type { FlowNode } from '../processors/flow-node.ts';
import { Field, FlowRecord } from '../processors/flow-record.ts';
import { RecordCursor } from '../protocol/index.ts';
import type { Serde } from '../serde/serde.ts';
import type { TaskInput } from '../shard/messages.ts';
import type { ConsumedRecord, Headers, TimestampExtractor } from '../topology/operators.ts';
import type { TaskOrigin } from './record-origin.ts';

/** Batches that may wait for one partition. Back-pressure acts long before; this is the limit if it fails. */
const MAX_QUEUED_BATCHES = 100_000;
/** Batches done with stay in the array until there are this many, so that taking one is not a shift. */
const COMPACT_AT = 256;

interface QueuedBatch {
  readonly bytes: Uint8Array;
  readonly recordCount: number;
  readonly nextOffset: number;
}

/** A source as its queues see it. */
export interface QueueSource {
  readonly name: string;
  /** Where its records go first. */
  readonly node: FlowNode;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestampExtractor: TimestampExtractor | undefined;
}

/** What a queue reports to its task. */
export interface QueueListener {
  readonly origin: TaskOrigin;
  /** Key, value or timestamp of the record at the head cannot be read. Returns when it is to be skipped. */
  headUnreadable(queue: InputQueue, error: unknown): void;
  /** The extractor answered with a negative timestamp. */
  headWithoutTime(queue: InputQueue): void;
  batchConsumed(queue: InputQueue, recordCount: number, bytes: Uint8Array): void;
}

/** The records of one input partition that wait: batches and a cursor, not decoded records. */
export class InputQueue {
  readonly topic: string;
  readonly partition: number;
  readonly source: QueueSource;
  /** The record at the head; meaningful while `hasHead`. */
  readonly record: FlowRecord;
  hasHead = false;
  /** Next offset to process: what a commit stores. */
  offset = 0;
  /** Highest timestamp taken from this partition; -1 unknown. */
  partitionTimeMs = -1;
  /** Offset that was committed last, to report only what moved. */
  reportedOffset = 0;
  /** Records that wait, including those of the current batch. */
  queuedRecords = 0;
  /** While the queue is empty and caught up: when to go on without it; -1 not set. */
  idleDeadlineMs = -1;

  private readonly listener: QueueListener;
  private readonly key = new Field(true);
  private readonly value = new Field(false);
  private readonly cursor = new RecordCursor();
  private readonly head: HeadView;
  private batches: QueuedBatch[] = [];
  private next = 0;
  private current: QueuedBatch | undefined = undefined;
  /** Where the last batch that was added ends. */
  private endOffset = 0;
  private caughtUp = false;

  constructor(topic: string, partition: number, source: QueueSource, listener: QueueListener) {
    this.topic = topic;
    this.partition = partition;
    this.source = source;
    this.listener = listener;
    this.record = new FlowRecord(this.key, this.value);
    this.record.headerSource = listener.origin;
    this.record.fields = this.cursor;
    this.head = new HeadView(this, listener.origin);
  }

  /** Forgets what is queued and goes on from another position. */
  restart(input: TaskInput): void {
    this.clear();
    this.offset = input.startOffset;
    this.reportedOffset = input.startOffset;
    this.endOffset = input.startOffset;
    this.partitionTimeMs = input.partitionTimeMs;
  }

  clear(): void {
    this.batches = [];
    this.next = 0;
    this.current = undefined;
    this.hasHead = false;
    this.queuedRecords = 0;
    this.idleDeadlineMs = -1;
    this.caughtUp = false;
  }

  /** Takes over the bytes. @throws QUEUE_FULL when nothing ever holds the sender back. */
  add(bytes: Uint8Array, recordCount: number, nextOffset: number): void {
    if (this.batches.length - this.next >= MAX_QUEUED_BATCHES) {
      throw new MillraceError(
        'QUEUE_FULL',
        `${this.topic}-${this.partition} has ${MAX_QUEUED_BATCHES} batches waiting: its input must be paused earlier.`,
        {
          context: { topic: this.topic, partition: this.partition },
        },
      );
    }
    this.batches.push({ bytes, recordCount, nextOffset });
    this.queuedRecords += recordCount;
    this.endOffset = Math.max(this.endOffset, nextOffset);
    this.caughtUp = false;
  }

  /** The broker has nothing beyond `offset` just now. */
  markCaughtUp(offset: number): void {
    if (offset >= this.endOffset) this.caughtUp = true;
  }

  /** Empty, and the broker has no more: nobody needs to wait for this partition. */
  get isCaughtUp(): boolean {
    return this.caughtUp;
  }

  /** Makes the next record with a valid timestamp the head; false when there is none. */
  loadHead(): boolean {
    for (;;) {
      if (this.current === undefined && !this.openBatch()) return false;
      if (!this.advance()) {
        this.finishBatch();
        continue;
      }
      // A fetch may return the whole batch that an offset lies in.
      if (this.cursor.offset < this.offset) continue;
      this.offset = this.cursor.offset;
      if (this.readHead()) return true;
      this.offset++;
    }
  }

  /** The head becomes the record being processed: partition time moves. */
  enterHead(): void {
    const { timestamp } = this.record;
    if (timestamp > this.partitionTimeMs) this.partitionTimeMs = timestamp;
    this.listener.origin.setRecord(this.topic, this.partition, timestamp, this.cursor);
  }

  /** The head is done with. */
  dropHead(): void {
    this.hasHead = false;
    this.offset = this.cursor.offset + 1;
  }

  private openBatch(): boolean {
    if (this.next === this.batches.length) return false;
    this.current = this.batches[this.next++]!;
    if (this.next >= COMPACT_AT) {
      this.batches = this.batches.slice(this.next);
      this.next = 0;
    }
    this.cursor.reset(this.current.bytes);
    return true;
  }

  private finishBatch(): void {
    const batch = this.current!;
    this.current = undefined;
    if (batch.nextOffset > this.offset) this.offset = batch.nextOffset;
    this.queuedRecords -= batch.recordCount;
    this.listener.batchConsumed(this, batch.recordCount, batch.bytes);
  }

  private advance(): boolean {
    try {
      return this.cursor.next();
    } catch (cause) {
      const { topic, partition, offset } = this;
      throw new MillraceError(
        'CORRUPT_RECORD',
        `${topic}-${partition} has a damaged batch at or after offset ${offset}: ${(cause as Error).message}`,
        {
          cause,
          context: { topic, partition, offset },
        },
      );
    }
  }

  /** Points the record's fields at the cursor's and finds the timestamp; false when the record is to be skipped. */
  private readHead(): boolean {
    const { cursor, source, topic } = this;
    this.key.setRaw(cursor.buffer, cursor.keyStart, cursor.keyLength, source.keySerde, topic);
    this.value.setRaw(cursor.buffer, cursor.valueStart, cursor.valueLength, source.valueSerde, topic);
    const timestamp = source.timestampExtractor === undefined ? cursor.timestamp : this.extractTime(source.timestampExtractor);
    if (timestamp >= 0) {
      this.record.timestamp = timestamp;
      this.hasHead = true;
      return true;
    }
    this.refuseTime(timestamp);
    return false;
  }

  private refuseTime(timestamp: number): void {
    const { topic, partition, cursor } = this;
    this.listener.origin.setRecord(topic, partition, cursor.timestamp, cursor);
    if (this.source.timestampExtractor !== undefined) {
      if (timestamp < 0) this.listener.headWithoutTime(this);
      return;
    }
    const text = `Record ${topic}-${partition}@${cursor.offset} has no valid timestamp (${timestamp}). Set a timestampExtractor that gives it one, or returns -1 to skip it.`;
    this.listener.headUnreadable(
      this,
      new MillraceError('INVALID_TIMESTAMP', text, { context: { topic, partition, offset: cursor.offset } }),
    );
  }

  /** NaN when the extractor failed and the record is to be skipped. */
  private extractTime(extract: TimestampExtractor): number {
    const { topic, partition, cursor, listener } = this;
    listener.origin.setRecord(topic, partition, cursor.timestamp, cursor);
    try {
      const timestamp = extract(this.head, this.partitionTimeMs);
      if (Number.isSafeInteger(timestamp)) return timestamp;
      throw new MillraceError(
        'INVALID_TIMESTAMP',
        `The timestamp extractor of ${topic} returned ${String(timestamp)} for offset ${cursor.offset}: it must return whole milliseconds.`,
        {
          context: { topic, partition, offset: cursor.offset },
        },
      );
    } catch (error) {
      listener.headUnreadable(this, error);
      return Number.NaN;
    }
  }
}

/** The head as a timestamp extractor sees it; valid during the call only. */
class HeadView implements ConsumedRecord {
  private readonly queue: InputQueue;
  private readonly origin: TaskOrigin;

  constructor(queue: InputQueue, origin: TaskOrigin) {
    this.queue = queue;
    this.origin = origin;
  }

  get key(): unknown {
    return this.queue.record.key;
  }

  get value(): unknown {
    return this.queue.record.value;
  }

  get topic(): string {
    return this.queue.topic;
  }

  get partition(): number {
    return this.queue.partition;
  }

  get offset(): number {
    return this.origin.offset;
  }

  get timestamp(): number {
    return this.origin.timestamp;
  }

  get headers(): Headers {
    return this.origin.headers();
  }
}
