import { MillraceError } from '../errors.ts';
import { partitionForKey, RecordBatchBuilder, RecordCursor } from '../protocol/index.ts';
import type { NewTopic, OutputBatch, TopicPartition, Transport } from '../transport/transport.ts';

/** A record as a job reads it back. */
export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [string, Uint8Array | null])[];
}

/** Bytes of records collected per partition before they are handed to the client. */
const BATCH_BYTES = 128 * 1024;
/** Far enough below the default of max.message.bytes, 1 MiB, for one more record. */
const FULL_BATCH_BYTES = 512 * 1024;
const FLUSH_TIMEOUT_MS = 120_000;
const POLL_MS = 100;

/** What a job needs of Kafka besides the engine: a client of its own, apart from the one that runs the topology. */
export class JobKafka {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Creates those of the topics that do not exist. */
  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    const existing = new Set((await this.#transport.admin.metadata(topics.map(({ topic }) => topic))).map(({ topic }) => topic));
    const missing = topics.filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0) await this.#transport.admin.createTopics(missing);
  }

  /** Partition count of a topic that exists. */
  async partitions(topic: string): Promise<number> {
    const [metadata] = await this.#transport.admin.metadata([topic]);
    if (metadata === undefined) throw new MillraceError('MISSING_TOPIC', `Topic "${topic}" does not exist.`, { context: { topic } });
    return metadata.partitions;
  }

  /** Per partition, how many records were ever written to it (end offset; exact for topics without transactions). */
  async endOffsets(topic: string): Promise<number[]> {
    const ends = await this.#transport.admin.listOffsets(await this.#all(topic), 'latest');
    return ends.sort((a, b) => a.partition - b.partition).map(({ offset }) => offset);
  }

  /** A writer that batches, partitions by key as Java does, and is not transactional. */
  async writer(topic: string, { batchBytes = BATCH_BYTES }: TopicWriterOptions = {}): Promise<TopicWriter> {
    return new TopicWriter(this.#transport, topic, await this.partitions(topic), batchBytes);
  }

  /**
   * Reads everything in a topic up to its present end, committed records only. Order holds within a partition. Transactions
   * that are open below that end are waited for, since brokers answer a commit before its markers are written.
   */
  async readAll(topic: string, onRecord: (record: ReadRecord) => void): Promise<void> {
    const partitions = await this.#all(topic);
    const ends = await this.#transport.admin.listOffsets(partitions, 'highWatermark');
    const starts = await this.#transport.admin.listOffsets(partitions, 'earliest');
    const reader = await this.#transport.openReader(`read-${topic}`);
    const cursor = new RecordCursor();
    try {
      await reader.assign(starts);
      while (ends.some((end) => reader.position(end) < end.offset)) {
        for (const batch of await reader.poll(POLL_MS)) {
          cursor.reset(batch.bytes);
          while (cursor.next()) onRecord(recordAt(cursor, batch.partition));
        }
      }
    } finally {
      await reader.close();
    }
  }

  async #all(topic: string): Promise<TopicPartition[]> {
    return Array.from({ length: await this.partitions(topic) }, (_, partition) => ({ topic, partition }));
  }
}

function recordAt(cursor: RecordCursor, partition: number): ReadRecord {
  const slice = (start: number, length: number) => (length < 0 ? null : cursor.buffer.subarray(start, start + length));
  return {
    partition,
    offset: cursor.offset,
    timestamp: cursor.timestamp,
    key: slice(cursor.keyStart, cursor.keyLength),
    value: slice(cursor.valueStart, cursor.valueLength),
    headers: cursor.headers(),
  };
}

export interface TopicWriterOptions {
  /** Bytes of records that make a batch large enough for {@link TopicWriter.drain}. Default 128 KiB. */
  readonly batchBytes?: number;
}

export class TopicWriter {
  readonly #transport: Transport;
  readonly #topic: string;
  readonly #batchBytes: number;
  readonly #builders: RecordBatchBuilder[];
  /** Batches that became full before anybody asked for them. */
  #full: OutputBatch[] = [];

  constructor(transport: Transport, topic: string, partitions: number, batchBytes: number) {
    this.#transport = transport;
    this.#topic = topic;
    this.#batchBytes = batchBytes;
    this.#builders = Array.from({ length: partitions }, () => new RecordBatchBuilder());
  }

  partitionOf(key: Uint8Array): number {
    return partitionForKey(key, this.#builders.length);
  }

  /** Queues a record; call {@link TopicWriter.drain} now and then. `timestampMs` is the record's own time. */
  append(partition: number, timestampMs: number, key: Uint8Array | null, value: Uint8Array | null): void {
    const builder = this.#builders[partition];
    if (builder === undefined) throw new RangeError(`Topic ${this.#topic} has no partition ${partition}.`);
    builder.append(timestampMs, key, value);
    // A broker takes a batch of no more than max.message.bytes, however much is appended before the next drain.
    if (builder.sizeInBytes >= FULL_BATCH_BYTES) this.#full.push(this.#finish(partition, builder));
  }

  /** Hands batches that are large enough (or all of them) to the client; waits while its queue is full. */
  async drain(all = false): Promise<void> {
    const batches = this.#full;
    this.#full = [];
    for (const [partition, builder] of this.#builders.entries()) {
      if (builder.recordCount === 0 || (!all && builder.sizeInBytes < this.#batchBytes)) continue;
      batches.push(this.#finish(partition, builder));
    }
    if (batches.length > 0) await this.#transport.producer.send(batches);
  }

  #finish(partition: number, builder: RecordBatchBuilder): OutputBatch {
    const { recordCount } = builder;
    const bytes = builder.build({ crc: false });
    builder.reset();
    return { topic: this.#topic, partition, recordCount, bytes };
  }

  /** Resolves when everything is acknowledged. */
  async flush(): Promise<void> {
    await this.drain(true);
    await this.#transport.producer.flush(FLUSH_TIMEOUT_MS);
  }
}
