/** Reads an internal topic's partition from start to end, in log order, when the broker starts. */

import { MillraceError } from '../../errors.ts';
import {
  batchBaseOffset,
  batchLastOffsetDelta,
  batchLength,
  batchProducerEpoch,
  batchProducerId,
  isControlBatch,
  isTransactionalBatch,
  RecordCursor,
  readControlType,
} from '../../protocol/index.ts';
import type { PartitionLogApi } from '../seams.ts';

const READ_BYTES = 4 * 1024 * 1024;
const BATCH_PREFIX_BYTES = 12;

export interface ReplayedRecord {
  readonly offset: number;
  readonly timestamp: number;
  /** -1 unless the record is part of a transaction. */
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Null only in a log no coordinator wrote. */
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
}

export interface ReplayVisitor {
  record(record: ReplayedRecord): void;
  /** A transaction marker. */
  marker?(producerId: number, commit: boolean): void;
}

/** Resolves when every batch up to the log's end (as of the call) was visited. Rejects with CORRUPT_RECORD. */
export async function replayPartition(log: PartitionLogApi, visitor: ReplayVisitor): Promise<void> {
  const end = log.logEndOffset;
  let offset = log.logStartOffset;
  while (offset < end) {
    const result = await log.read({
      fetchOffset: offset,
      maxBytes: READ_BYTES,
      minOneMessage: true,
      readCommitted: false,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    });
    const next = result.errorCode === 0 ? visitBatches(result.records, offset, visitor) : offset;
    if (next <= offset) {
      throw new MillraceError(
        'CORRUPT_RECORD',
        `${log.topic}-${log.partition} cannot be read at offset ${offset} (error ${result.errorCode}); its end is ${end}.`,
        {
          fatal: true,
          context: { topic: log.topic, partition: log.partition, offset },
        },
      );
    }
    offset = next;
  }
}

/** Visits the whole batches of `bytes`; returns the offset after the last one. */
function visitBatches(bytes: Buffer, fromOffset: number, visitor: ReplayVisitor): number {
  let position = 0;
  let next = fromOffset;
  while (position + BATCH_PREFIX_BYTES <= bytes.length) {
    const length = batchLength(bytes, position);
    if (position + length > bytes.length) break;
    if (isControlBatch(bytes, position)) visitMarker(bytes, position, visitor);
    else visitRecords(bytes, position, length, fromOffset, visitor);
    next = batchBaseOffset(bytes, position) + batchLastOffsetDelta(bytes, position) + 1;
    position += length;
  }
  return next;
}

function visitMarker(bytes: Buffer, position: number, visitor: ReplayVisitor): void {
  const type = readControlType(bytes, position);
  if (type !== 'other') visitor.marker?.(batchProducerId(bytes, position), type === 'commit');
}

function visitRecords(bytes: Buffer, position: number, length: number, fromOffset: number, visitor: ReplayVisitor): void {
  const transactional = isTransactionalBatch(bytes, position);
  const producerId = transactional ? batchProducerId(bytes, position) : -1;
  const producerEpoch = transactional ? batchProducerEpoch(bytes, position) : -1;
  const cursor = new RecordCursor(bytes.subarray(position, position + length));
  while (cursor.next()) {
    if (cursor.offset < fromOffset) continue;
    visitor.record({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      producerId,
      producerEpoch,
      key: copyOf(cursor.buffer, cursor.keyStart, cursor.keyLength),
      value: copyOf(cursor.buffer, cursor.valueStart, cursor.valueLength),
    });
  }
}

/** Copies, because what is replayed outlives the 4 MiB it was read in. */
function copyOf(buffer: Buffer, start: number, length: number): Buffer | null {
  return length < 0 ? null : Buffer.from(buffer.subarray(start, start + length));
}
