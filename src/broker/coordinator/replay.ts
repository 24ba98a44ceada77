/** Reads an internal topic's partition from start to end, in log order, when the broker starts. */

import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchLastOffsetDelta,
  batchLength,
  batchProducerEpoch,
  batchProducerId,
  isControlBatch,
  isTransactionalBatch,
  RecordCursor,
  readControlType,
  validateBatchCrc,
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
  /** Records cannot be read: what they say is lost, and the replay goes on behind them if it can. */
  damaged?(message: string): void;
}

/**
 * Resolves when every batch up to the log's end (as of the call) was visited. Damage is reported and passed over: a broker
 * that has lost a part of its coordinators' state still serves all the rest.
 */
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
    const next = result.errorCode === 0 ? visitBatches(log, result.records, offset, visitor) : offset;
    if (next <= offset) {
      visitor.damaged?.(
        `${log.topic}-${log.partition} cannot be read from offset ${offset} to its end ${end} (error ${result.errorCode}): what it says of groups or transactions is lost.`,
      );
      return;
    }
    offset = next;
  }
}

/** Visits the whole batches of `bytes`; returns the offset after the last one. */
function visitBatches(log: PartitionLogApi, bytes: Buffer, fromOffset: number, visitor: ReplayVisitor): number {
  let position = 0;
  let next = fromOffset;
  while (position + BATCH_PREFIX_BYTES <= bytes.length) {
    const length = batchLength(bytes, position);
    if (length < BATCH_HEADER_BYTES || position + length > bytes.length) break;
    const problem = visitBatch(bytes.subarray(position, position + length), fromOffset, visitor);
    if (problem !== undefined) {
      const offset = batchBaseOffset(bytes, position);
      visitor.damaged?.(
        `${log.topic}-${log.partition}: the batch at offset ${offset} is damaged (${problem}): what it says of groups or transactions is lost.`,
      );
    }
    next = batchBaseOffset(bytes, position) + batchLastOffsetDelta(bytes, position) + 1;
    position += length;
  }
  return next;
}

/** What is wrong with the batch; undefined when nothing is. */
function visitBatch(batch: Buffer, fromOffset: number, visitor: ReplayVisitor): string | undefined {
  if (!validateBatchCrc(batch, 0)) return 'its CRC is wrong';
  try {
    if (isControlBatch(batch, 0)) visitMarker(batch, 0, visitor);
    else visitRecords(batch, 0, batch.length, fromOffset, visitor);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
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
