import { MillraceError } from '../../errors.ts';
import { type CompressionName, compress, compressionId } from '../compression/index.ts';
import { sizeOfVarint, writeVarint, writeVarlong } from '../primitives/varint.ts';
import {
  ATTRIBUTE_CONTROL,
  ATTRIBUTE_DELETE_HORIZON,
  ATTRIBUTE_LOG_APPEND_TIME,
  ATTRIBUTE_TRANSACTIONAL,
  BATCH_HEADER_BYTES,
  updateBatchCrc,
  writeBatchHeader,
} from './header.ts';
import type { BatchMemory, FieldWriter, Headers } from './types.ts';

/** No batch grows past this; Kafka's own default limit is 1 MiB. */
export const MAX_BATCH_BYTES = 256 * 1024 * 1024;

/** Record length, attributes, timestamp delta, offset delta and one field length, at their longest. */
const RECORD_OVERHEAD_BYTES = 5 + 1 + 10 + 5 + 5;
/** Below this a loop copies faster than `TypedArray.set`. */
const SHORT_COPY_BYTES = 8;
const MAX_OFFSET_DELTA = 0x7fffffff;

export interface BuildOptions {
  /** Compute the CRC. Default true; false leaves 0, for bytes that only cross threads. */
  readonly crc?: boolean;
  /** Default -1: not idempotent. */
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  /** Default false. */
  readonly transactional?: boolean;
  /** A marker batch. Default false. */
  readonly control?: boolean;
  /** Every record has the batch's maximum timestamp. Default false. */
  readonly logAppendTime?: boolean;
  /** Default -1. */
  readonly leaderEpoch?: number;
  /** Default `none`. */
  readonly compression?: CompressionName;
  /** Codec-specific. Default: the codec's own. */
  readonly compressionLevel?: number | undefined;
  /** Claims offsets up to this one, as a compacted batch does. Default: the last record's. Allows an empty batch. */
  readonly lastOffset?: number;
  /** Where the batch goes. Default: an ArrayBuffer of its own. */
  readonly memory?: BatchMemory | undefined;
}

/**
 * Builds one v2 record batch in a growing buffer; `reset` makes it ready for the next. A call that throws leaves the
 * builder as it was. Records are written uncompressed; `build` compresses when asked to.
 */
export class RecordBatchBuilder {
  private buffer: Buffer;
  private position = BATCH_HEADER_BYTES;
  private count = 0;
  private baseOffset = 0;
  private baseIsSet = false;
  private lastOffsetDelta = -1;
  private baseTimestamp = 0;
  private hasDeleteHorizon = false;
  private maxTimestamp = -1;
  // Lengths stand before what they measure, and their own width depends on it. So a width is guessed from the record
  // before, and the bytes are moved when it was wrong.
  private recordLengthWidth = 1;
  private keyLengthWidth = 1;
  private valueLengthWidth = 2;

  constructor(initialBytes = 16384) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(initialBytes, 256));
  }

  get recordCount(): number {
    return this.count;
  }

  /** Size of the batch so far, header included, uncompressed. */
  get sizeInBytes(): number {
    return this.position;
  }

  /** Fixes the base offset apart from the first record's, as compaction needs. Before the first record only. */
  setBaseOffset(offset: number): void {
    if (this.count > 0) throw new MillraceError('INVALID_STATE', 'The base offset must be set before the first record.');
    this.baseOffset = offset;
    this.baseIsSet = true;
  }

  /**
   * Marks the batch as one whose tombstones may be dropped after `timestamp`, as compaction does (KIP-534). The base
   * timestamp says so, and records count from it. Before the first record only.
   */
  setDeleteHorizon(timestamp: number): void {
    if (this.count > 0) throw new MillraceError('INVALID_STATE', 'The delete horizon must be set before the first record.');
    this.baseTimestamp = timestamp;
    this.hasDeleteHorizon = true;
  }

  /** Appends at the offset after the last one (0 for the first record). Timestamps are milliseconds since the epoch. */
  append(timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers?: Headers): void {
    this.appendBytes(this.lastOffsetDelta + 1, timestamp, key, value, headers);
  }

  /** Appends at an absolute offset, past the last one. The first call sets the base offset. */
  appendAt(offset: number, timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers?: Headers): void {
    const previousBase = this.baseOffset;
    if (this.count === 0 && !this.baseIsSet) this.baseOffset = offset;
    try {
      this.appendBytes(offset - this.baseOffset, timestamp, key, value, headers);
    } catch (error) {
      this.baseOffset = previousBase;
      throw error;
    }
  }

  private appendBytes(
    offsetDelta: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Headers | undefined,
  ): void {
    const start = this.position;
    let at = this.beginRecord(offsetDelta, timestamp);
    at = this.writeBytes(at, key);
    at = this.writeBytes(at, value);
    at = this.writeHeaders(at, headers);
    this.endRecord(start, at, offsetDelta, timestamp);
  }

  /**
   * Appends one record straight from values: the hot path. A null serde takes bytes as they are; null and undefined
   * become null bytes without asking the serde.
   */
  appendWith<K, V>(
    timestamp: number,
    keySerde: FieldWriter<K> | null,
    key: K | null,
    valueSerde: FieldWriter<V> | null,
    value: V | null,
    topic: string,
    headers?: Headers,
  ): void {
    const start = this.position;
    const offsetDelta = this.lastOffsetDelta + 1;
    let at = this.beginRecord(offsetDelta, timestamp);
    at = this.writeField(at, keySerde, key, topic, true);
    at = this.writeField(at, valueSerde, value, topic, false);
    at = this.writeHeaders(at, headers);
    this.endRecord(start, at, offsetDelta, timestamp);
  }

  /**
   * Appends a record whose key, value and headers lie in another batch: `[fieldsStart, end)` of a {@link RecordCursor}. They
   * are copied as they are, in one piece.
   */
  appendFields(timestamp: number, source: Uint8Array, fieldsStart: number, end: number): void {
    const start = this.position;
    const offsetDelta = this.lastOffsetDelta + 1;
    const at = this.beginRecord(offsetDelta, timestamp);
    const length = end - fieldsStart;
    this.ensure(at + length);
    // Making this view costs less than `subarray`, which asks a Buffer for its species first.
    this.buffer.set(new Uint8Array(source.buffer, source.byteOffset + fieldsStart, length), at);
    this.endRecord(start, at + length, offsetDelta, timestamp);
  }

  /** The batch as a copy, unless told otherwise in an ArrayBuffer that can be transferred. The builder stays as it is. */
  build(options: BuildOptions = {}): Buffer {
    if (this.count === 0 && options.lastOffset === undefined) {
      throw new MillraceError('INVALID_STATE', 'A record batch needs at least one record: append before build.');
    }
    const codec = compressionId(options.compression ?? 'none');
    const records =
      codec === 0
        ? this.buffer.subarray(BATCH_HEADER_BYTES, this.position)
        : compress(codec, this.buffer.subarray(BATCH_HEADER_BYTES, this.position), options.compressionLevel);
    const length = BATCH_HEADER_BYTES + records.length;
    const batch = options.memory === undefined ? Buffer.allocUnsafeSlow(length) : options.memory(length);
    batch.set(records, BATCH_HEADER_BYTES);
    writeBatchHeader(batch, 0, {
      lengthInBytes: batch.length,
      baseOffset: this.baseOffset,
      leaderEpoch: options.leaderEpoch ?? -1,
      attributes: attributesOf(options, codec) | (this.hasDeleteHorizon ? ATTRIBUTE_DELETE_HORIZON : 0),
      lastOffsetDelta: options.lastOffset === undefined ? this.lastOffsetDelta : options.lastOffset - this.baseOffset,
      baseTimestamp: this.baseTimestamp,
      maxTimestamp: this.maxTimestamp,
      producerId: options.producerId ?? -1,
      producerEpoch: options.producerEpoch ?? -1,
      baseSequence: options.baseSequence ?? -1,
      recordCount: this.count,
    });
    if (options.crc !== false) updateBatchCrc(batch, 0);
    return batch;
  }

  /** Forgets the records and keeps the memory. */
  reset(): void {
    this.position = BATCH_HEADER_BYTES;
    this.count = 0;
    this.baseOffset = 0;
    this.baseIsSet = false;
    this.lastOffsetDelta = -1;
    this.baseTimestamp = 0;
    this.hasDeleteHorizon = false;
    this.maxTimestamp = -1;
  }

  /** Writes all before the key, with room left for the record's length; returns where the key goes. */
  private beginRecord(offsetDelta: number, timestamp: number): number {
    if (!Number.isSafeInteger(timestamp)) {
      throw new MillraceError('INVALID_TIMESTAMP', `Timestamp ${timestamp} is not a whole number of milliseconds.`);
    }
    if (!(offsetDelta > this.lastOffsetDelta && offsetDelta <= MAX_OFFSET_DELTA)) {
      throw new MillraceError(
        'INVALID_STATE',
        `Offset ${this.baseOffset + offsetDelta} does not fit a batch from ${this.baseOffset} to ` +
          `${this.baseOffset + this.lastOffsetDelta}: offsets must rise, by less than 2^31 in one batch.`,
      );
    }
    let at = this.position + this.recordLengthWidth;
    this.ensure(at + RECORD_OVERHEAD_BYTES);
    this.buffer[at++] = 0; // record attributes, unused in v2
    at = writeVarlong(this.buffer, at, this.count === 0 && !this.hasDeleteHorizon ? 0 : timestamp - this.baseTimestamp);
    return writeVarint(this.buffer, at, offsetDelta);
  }

  /** Puts the record's length before it and takes the record into the batch. */
  private endRecord(start: number, end: number, offsetDelta: number, timestamp: number): void {
    const length = end - start - this.recordLengthWidth;
    const width = sizeOfVarint(length);
    if (width !== this.recordLengthWidth) {
      this.ensure(start + width + length);
      this.buffer.copyWithin(start + width, start + this.recordLengthWidth, end);
      this.recordLengthWidth = width;
    }
    writeVarint(this.buffer, start, length);
    this.position = start + width + length;
    if (this.count === 0 && !this.hasDeleteHorizon) this.baseTimestamp = timestamp;
    if (this.count === 0 || timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
    this.lastOffsetDelta = offsetDelta;
    this.count++;
  }

  private writeField<T>(at: number, serde: FieldWriter<T> | null, value: T | null, topic: string, isKey: boolean): number {
    if (value === null || value === undefined) return this.writeBytes(at, null);
    if (serde === null) {
      if (value instanceof Uint8Array) return this.writeBytes(at, value);
      throw new MillraceError('SERIALIZATION_FAILED', `A ${typeof value} for topic ${topic} has no serde; only bytes need none.`, {
        context: { topic },
      });
    }
    if (serde.writeInto === undefined) return this.writeBytes(at, serde.serialize(value, topic));
    const width = isKey ? this.keyLengthWidth : this.valueLengthWidth;
    let length = -1;
    for (;;) {
      const room = this.buffer.length - at - width;
      if (room > 0) length = serde.writeInto(value, this.buffer, at + width, room);
      if (length >= 0) break;
      this.ensure(this.buffer.length + 1);
    }
    if (length > this.buffer.length - at - width) {
      throw new MillraceError('SERIALIZATION_FAILED', `A serde of topic ${topic} says it wrote ${length} bytes into less room.`, {
        context: { topic },
      });
    }
    const actualWidth = sizeOfVarint(length);
    if (actualWidth !== width) {
      this.ensure(at + actualWidth + length);
      this.buffer.copyWithin(at + actualWidth, at + width, at + width + length);
      if (isKey) this.keyLengthWidth = actualWidth;
      else this.valueLengthWidth = actualWidth;
    }
    writeVarint(this.buffer, at, length);
    return at + actualWidth + length;
  }

  private writeBytes(at: number, bytes: Uint8Array | null): number {
    this.ensure(at + RECORD_OVERHEAD_BYTES + (bytes === null ? 0 : bytes.length));
    const buffer = this.buffer;
    if (bytes === null) {
      buffer[at] = 1; // -1 in zigzag
      return at + 1;
    }
    const length = bytes.length;
    at = writeVarint(buffer, at, length);
    if (length >= SHORT_COPY_BYTES) buffer.set(bytes, at);
    else for (let index = 0; index < length; index++) buffer[at + index] = bytes[index]!;
    return at + length;
  }

  private writeHeaders(at: number, headers: Headers | undefined): number {
    this.ensure(at + RECORD_OVERHEAD_BYTES);
    if (headers === undefined || headers.length === 0) {
      this.buffer[at] = 0;
      return at + 1;
    }
    at = writeVarint(this.buffer, at, headers.length);
    for (const [key, value] of headers) {
      at = this.writeBytes(at, Buffer.from(key));
      at = this.writeBytes(at, value);
    }
    return at;
  }

  /** Makes the buffer at least `bytes` long. */
  private ensure(bytes: number): void {
    if (bytes <= this.buffer.length) return;
    if (bytes > MAX_BATCH_BYTES) {
      throw new MillraceError('RECORD_TOO_LARGE', `A record batch of ${bytes} bytes is over the limit of ${MAX_BATCH_BYTES}.`);
    }
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(bytes, this.buffer.length * 2), MAX_BATCH_BYTES));
    grown.set(this.buffer);
    this.buffer = grown;
  }
}

function attributesOf(options: BuildOptions, codec: number): number {
  let attributes = codec;
  if (options.logAppendTime === true) attributes |= ATTRIBUTE_LOG_APPEND_TIME;
  if (options.transactional === true) attributes |= ATTRIBUTE_TRANSACTIONAL;
  if (options.control === true) attributes |= ATTRIBUTE_CONTROL;
  return attributes;
}
