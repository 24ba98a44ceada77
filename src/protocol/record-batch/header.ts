/**
 * The 61 bytes before the records of a v2 batch, read and written in place. `position` is where the batch starts in
 * `buffer`; the caller guarantees that {@link BATCH_HEADER_BYTES} are there. (Kafka: `DefaultRecordBatch`.)
 */

import { combineCrc32c, crc32c, crc32cOfShort } from '../primitives/crc32c.ts';
import { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from '../primitives/int64.ts';

/** Bytes of a batch before its first record. */
export const BATCH_HEADER_BYTES = 61;
/** Base offset and length field: what the length field does not count. */
export const BATCH_PREFIX_BYTES = 12;
/** The CRC covers everything from here to the end of the batch. */
export const BATCH_CRC_START = 21;
/** The only record format since Kafka 0.11 that is written, and the only one read here. */
export const MAGIC_V2 = 2;

const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const BASE_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const BASE_SEQUENCE_AT = 53;
const RECORD_COUNT_AT = 57;

const COMPRESSION_MASK = 0x07;
export const ATTRIBUTE_LOG_APPEND_TIME = 0x08;
export const ATTRIBUTE_TRANSACTIONAL = 0x10;
export const ATTRIBUTE_CONTROL = 0x20;
/** The base timestamp is the time after which tombstones and markers of the batch may be dropped (KIP-534). */
export const ATTRIBUTE_DELETE_HORIZON = 0x40;

export const batchBaseOffset = (buffer: Uint8Array, position: number): number => readInt64(buffer, position);
/** Size of the whole batch in bytes, with the 12 bytes that its length field does not count. Unchecked input. */
export const batchLength = (buffer: Uint8Array, position: number): number => readInt32(buffer, position + LENGTH_AT) + BATCH_PREFIX_BYTES;
export const batchLeaderEpoch = (buffer: Uint8Array, position: number): number => readInt32(buffer, position + LEADER_EPOCH_AT);
export const batchMagic = (buffer: Uint8Array, position: number): number => (buffer[position + MAGIC_AT]! << 24) >> 24;
export const batchCrc = (buffer: Uint8Array, position: number): number => readInt32(buffer, position + CRC_AT) >>> 0;
export const batchAttributes = (buffer: Uint8Array, position: number): number => readInt16(buffer, position + ATTRIBUTES_AT);
export const batchLastOffsetDelta = (buffer: Uint8Array, position: number): number => readInt32(buffer, position + LAST_OFFSET_DELTA_AT);
export const batchBaseTimestamp = (buffer: Uint8Array, position: number): number => readInt64(buffer, position + BASE_TIMESTAMP_AT);
export const batchMaxTimestamp = (buffer: Uint8Array, position: number): number => readInt64(buffer, position + MAX_TIMESTAMP_AT);
/** -1: not idempotent. */
export const batchProducerId = (buffer: Uint8Array, position: number): number => readInt64(buffer, position + PRODUCER_ID_AT);
export const batchProducerEpoch = (buffer: Uint8Array, position: number): number => readInt16(buffer, position + PRODUCER_EPOCH_AT);
export const batchBaseSequence = (buffer: Uint8Array, position: number): number => readInt32(buffer, position + BASE_SEQUENCE_AT);
export const batchRecordCount = (buffer: Uint8Array, position: number): number => readInt32(buffer, position + RECORD_COUNT_AT);
/** Offset of the batch's last record, also when compaction has removed it. */
export const batchLastOffset = (buffer: Uint8Array, position: number): number =>
  batchBaseOffset(buffer, position) + batchLastOffsetDelta(buffer, position);

export const isTransactionalBatch = (buffer: Uint8Array, position: number): boolean =>
  (batchAttributes(buffer, position) & ATTRIBUTE_TRANSACTIONAL) !== 0;
/** Markers of transactions: not data. */
export const isControlBatch = (buffer: Uint8Array, position: number): boolean =>
  (batchAttributes(buffer, position) & ATTRIBUTE_CONTROL) !== 0;
/** Every record has the batch's maximum timestamp, given by the broker. */
export const isLogAppendTimeBatch = (buffer: Uint8Array, position: number): boolean =>
  (batchAttributes(buffer, position) & ATTRIBUTE_LOG_APPEND_TIME) !== 0;
/** When compaction may drop the batch's tombstones or its marker; -1 when that was not decided yet. */
export const batchDeleteHorizon = (buffer: Uint8Array, position: number): number =>
  (batchAttributes(buffer, position) & ATTRIBUTE_DELETE_HORIZON) === 0 ? -1 : batchBaseTimestamp(buffer, position);
/** Number of the codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export const batchCompression = (buffer: Uint8Array, position: number): number => batchAttributes(buffer, position) & COMPRESSION_MASK;

/** Not covered by the CRC. */
export const setBatchBaseOffset = (buffer: Uint8Array, position: number, offset: number): void => {
  writeInt64(buffer, position, offset);
};
/** The whole batch in bytes. Not covered by the CRC. */
export const setBatchLength = (buffer: Uint8Array, position: number, lengthInBytes: number): void => {
  writeInt32(buffer, position + LENGTH_AT, lengthInBytes - BATCH_PREFIX_BYTES);
};
/** Not covered by the CRC. */
export const setBatchLeaderEpoch = (buffer: Uint8Array, position: number, epoch: number): void => {
  writeInt32(buffer, position + LEADER_EPOCH_AT, epoch);
};
/** Call {@link updateBatchCrc} afterwards. */
export const setBatchMaxTimestamp = (buffer: Uint8Array, position: number, timestamp: number): void => {
  writeInt64(buffer, position + MAX_TIMESTAMP_AT, timestamp);
};
/** Call {@link updateBatchCrc} afterwards. */
export const setBatchAttributes = (buffer: Uint8Array, position: number, attributes: number): void => {
  writeInt16(buffer, position + ATTRIBUTES_AT, attributes);
};
/** Call {@link updateBatchCrc} afterwards. */
export function setBatchProducer(buffer: Uint8Array, position: number, id: number, epoch: number, baseSequence: number): void {
  writeInt64(buffer, position + PRODUCER_ID_AT, id);
  writeInt16(buffer, position + PRODUCER_EPOCH_AT, epoch);
  writeInt32(buffer, position + BASE_SEQUENCE_AT, baseSequence);
}

/** CRC of the batch as it stands. The batch must be complete in `buffer`. */
function computeBatchCrc(buffer: Uint8Array, position: number): number {
  return crc32c(buffer.subarray(position + BATCH_CRC_START, position + batchLength(buffer, position)));
}

/** Writes the CRC that belongs to the batch's present bytes. The batch must be complete in `buffer`. */
export function updateBatchCrc(buffer: Uint8Array, position: number): void {
  writeInt32(buffer, position + CRC_AT, computeBatchCrc(buffer, position));
}

/** The CRC of the records alone, compressed or not: all of a batch that a new producer, epoch or sequence leaves as it is. */
export function recordsCrcOf(buffer: Uint8Array, position: number): number {
  return crc32c(buffer.subarray(position + BATCH_HEADER_BYTES, position + batchLength(buffer, position)));
}

/** As {@link updateBatchCrc}, where the CRC of the records is known already: only the header is looked at. */
export function updateBatchCrcFrom(buffer: Uint8Array, position: number, recordsCrc: number): void {
  const headerCrc = crc32cOfShort(buffer.subarray(position + BATCH_CRC_START, position + BATCH_HEADER_BYTES));
  const recordsLength = batchLength(buffer, position) - BATCH_HEADER_BYTES;
  writeInt32(buffer, position + CRC_AT, combineCrc32c(headerCrc, recordsCrc, recordsLength));
}

/** True when the batch is complete in `buffer` and its CRC matches its bytes. */
export function validateBatchCrc(buffer: Uint8Array, position: number): boolean {
  if (position + BATCH_HEADER_BYTES > buffer.length) return false;
  const length = batchLength(buffer, position);
  if (length < BATCH_HEADER_BYTES || position + length > buffer.length) return false;
  return computeBatchCrc(buffer, position) === batchCrc(buffer, position);
}

/** Everything a header holds but the CRC, the magic and the records. */
export interface BatchHeaderFields {
  /** Whole batch, with the 12 first bytes. */
  readonly lengthInBytes: number;
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** Writes a whole header with a CRC of 0. */
export function writeBatchHeader(buffer: Uint8Array, position: number, fields: BatchHeaderFields): void {
  setBatchBaseOffset(buffer, position, fields.baseOffset);
  setBatchLength(buffer, position, fields.lengthInBytes);
  setBatchLeaderEpoch(buffer, position, fields.leaderEpoch);
  buffer[position + MAGIC_AT] = MAGIC_V2;
  writeInt32(buffer, position + CRC_AT, 0);
  setBatchAttributes(buffer, position, fields.attributes);
  writeInt32(buffer, position + LAST_OFFSET_DELTA_AT, fields.lastOffsetDelta);
  writeInt64(buffer, position + BASE_TIMESTAMP_AT, fields.baseTimestamp);
  setBatchMaxTimestamp(buffer, position, fields.maxTimestamp);
  setBatchProducer(buffer, position, fields.producerId, fields.producerEpoch, fields.baseSequence);
  writeInt32(buffer, position + RECORD_COUNT_AT, fields.recordCount);
}
