import { MillraceError } from '../errors.ts';
import type { RawFields } from '../processors/flow-record.ts';
import {
  type BatchFormat,
  type BatchMemory,
  type FieldWriter,
  PLAIN_BATCHES,
  partitionForKey,
  RecordBatchBuilder,
  RecordCursor,
  recordsCrcOf,
} from '../protocol/index.ts';
import type { Headers } from '../topology/operators.ts';
import type { OutputCollector } from './output-collector.ts';

/** A batch is closed when it has this size: large enough to be cheap, far from what brokers refuse. */
const BATCH_TARGET_BYTES = 256 * 1024;
const INITIAL_BATCH_BYTES = 4096;

/** The partition of records for a topic whose partitions are not known: the coordinator chooses. */
export const UNKNOWN_PARTITION = -1;

export interface SealedBatch {
  readonly recordCount: number;
  readonly bytes: Uint8Array;
  /** CRC-32C of the records; undefined where nobody wants it. */
  readonly recordsCrc: number | undefined;
}

/** The batches of one partition. */
class PartitionOutput {
  readonly builder = new RecordBatchBuilder(INITIAL_BATCH_BYTES);
  readonly sealed: SealedBatch[] = [];
  private readonly format: BatchFormat;
  private readonly memory: BatchMemory | undefined;

  constructor(format: BatchFormat, memory: BatchMemory | undefined) {
    this.format = format;
    this.memory = memory;
  }

  seal(): void {
    const { builder } = this;
    if (builder.recordCount === 0) return;
    const { compression, compressionLevel, recordsCrc } = this.format;
    // Producer id and sequence are stamped later, and the batch's own CRC covers them.
    const bytes = builder.build({ crc: false, compression, compressionLevel, memory: this.memory });
    this.sealed.push({ recordCount: builder.recordCount, bytes, recordsCrc: recordsCrc ? recordsCrcOf(bytes, 0) : undefined });
    builder.reset();
  }

  /** Closes the batch without its last record, which becomes the first of the next one. */
  sealButLast(): void {
    const { builder } = this;
    const cursor = new RecordCursor(builder.build({ crc: false }));
    const count = builder.recordCount;
    builder.reset();
    for (let index = 0; cursor.next(); index++) {
      if (index === count - 1) this.seal();
      const { buffer, keyStart, keyLength, valueStart, valueLength } = cursor;
      const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
      const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
      builder.append(cursor.timestamp, key, value, cursor.headerCount === 0 ? undefined : cursor.headers());
    }
  }
}

/** The output of one task to one topic. */
export class TopicOutput {
  readonly name: string;
  private readonly collector: OutputCollector;
  /** By partition; index 0 is {@link UNKNOWN_PARTITION}. */
  private readonly outputs: (PartitionOutput | undefined)[] = [];
  private knownPartitions: number | undefined;
  /** Records without a key stay with one partition for the length of a batch (Java's sticky partitioner). */
  private sticky: number;

  constructor(name: string, collector: OutputCollector) {
    this.name = name;
    this.collector = collector;
    this.knownPartitions = collector.options.topicPartitions(name);
    this.sticky = collector.options.taskPartition;
  }

  /** Undefined while unknown. */
  get partitions(): number | undefined {
    return this.knownPartitions;
  }

  stickyPartition(): number {
    return this.knownPartitions === undefined ? UNKNOWN_PARTITION : this.sticky % this.knownPartitions;
  }

  /** Appends bytes, to the partition that Java's default partitioner gives. */
  appendBytes(timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers: Headers | undefined): void {
    let partition = this.stickyPartition();
    if (key !== null && this.knownPartitions !== undefined) partition = partitionForKey(key, this.knownPartitions);
    this.append(partition, timestamp, null, key, null, value, headers);
  }

  /**
   * Appends one record. When it throws, nothing was appended.
   *
   * @throws RECORD_TOO_LARGE, and whatever the serdes throw.
   */
  append<K, V>(
    partition: number,
    timestamp: number,
    keyWriter: FieldWriter<K> | null,
    key: K | null,
    valueWriter: FieldWriter<V> | null,
    value: V | null,
    headers: Headers | undefined,
  ): void {
    const output = this.outputs[partition + 1] ?? this.open(partition);
    const before = output.builder.sizeInBytes;
    output.builder.appendWith(timestamp, keyWriter, key, valueWriter, value, this.name, headers);
    this.appended(output, before);
  }

  /** Appends a record with the key and value of another one. When it throws, nothing was appended. */
  appendFields(partition: number, timestamp: number, { buffer, fieldsStart, end }: RawFields): void {
    const output = this.outputs[partition + 1] ?? this.open(partition);
    const before = output.builder.sizeInBytes;
    output.builder.appendFields(timestamp, buffer, fieldsStart, end);
    this.appended(output, before);
  }

  private appended(output: PartitionOutput, before: number): void {
    const { collector } = this;
    const size = output.builder.sizeInBytes;
    if (size > collector.options.maxRequestBytes) this.limit(output, size);
    collector.bytes += size - before;
    collector.options.counters.recordsOut++;
    if (size >= BATCH_TARGET_BYTES) {
      output.seal();
      this.sticky++;
    }
  }

  /** Hands over all batches. */
  drain(take: (partition: number, batch: SealedBatch) => void): void {
    for (let index = 0; index < this.outputs.length; index++) {
      const output = this.outputs[index];
      if (output === undefined) continue;
      output.seal();
      for (const batch of output.sealed) take(index - 1, batch);
      if (output.sealed.length > 0 && index === this.stickyPartition() + 1) this.sticky++;
      output.sealed.length = 0;
    }
    this.knownPartitions = this.collector.options.topicPartitions(this.name) ?? this.knownPartitions;
  }

  private open(partition: number): PartitionOutput {
    // The coordinator looks into what has no partition yet.
    const { format, memory } = this.collector.options;
    const output = partition === UNKNOWN_PARTITION ? new PartitionOutput(PLAIN_BATCHES, undefined) : new PartitionOutput(format, memory);
    this.outputs[partition + 1] = output;
    return output;
  }

  /** The last record made the batch too large for one request: it goes to the next one, if it fits there at all. */
  private limit(output: PartitionOutput, size: number): void {
    const { maxRequestBytes } = this.collector.options;
    const first = output.builder.recordCount === 1;
    if (!first) output.sealButLast();
    const own = first ? size : output.builder.sizeInBytes;
    if (own <= maxRequestBytes) return;
    output.builder.reset();
    throw new MillraceError(
      'RECORD_TOO_LARGE',
      `A record of ${own} bytes for topic ${this.name} is over the limit of ${maxRequestBytes} (max.request.size): raise that and the topic's max.message.bytes, or write smaller records.`,
      { context: { topic: this.name, bytes: own } },
    );
  }
}
