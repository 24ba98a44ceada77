import type { FetchedRecords } from '../../client/index.ts';
import { RecordBatchBuilder, RecordCursor } from '../../protocol/index.ts';
import type { FetchedBatch } from '../transport.ts';

/**
 * What was fetched as what the engine takes, with nothing below the offset that was asked for. Undefined when nothing is
 * left. `mayShare`: who gets it says when it is done with it; else it is in an ArrayBuffer of its own, to be transferred.
 */
export function toFetchedBatch(records: FetchedRecords, mayShare: boolean): FetchedBatch | undefined {
  const { topic, partition, firstOffset, nextOffset, recordCount, bytes, ownsBuffer, startsBelow, release } = records;
  if (mayShare && release !== undefined && !startsBelow) {
    return { topic, partition, firstOffset, nextOffset, recordCount, bytes, release };
  }
  const own = startsBelow
    ? trimmed(records)
    : { topic, partition, firstOffset, nextOffset, recordCount, bytes: ownsBuffer ? bytes : copied(bytes) };
  release?.();
  return own;
}

/** A copy costs some 0.1 ms per MiB: other partitions' records lie in the same answer, and go to other threads. */
function copied(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Only where reading begins in the middle of a batch: once after a seek or a start, so records may be looked at. */
function trimmed({ topic, partition, firstOffset, nextOffset, bytes }: FetchedRecords): FetchedBatch | undefined {
  const cursor = new RecordCursor(bytes);
  const builder = new RecordBatchBuilder(bytes.length);
  let first = -1;
  while (cursor.next()) {
    if (cursor.offset < firstOffset) continue;
    if (first < 0) first = cursor.offset;
    const { buffer, keyStart, keyLength, valueStart, valueLength } = cursor;
    const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
    const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
    builder.appendAt(cursor.offset, cursor.timestamp, key, value, cursor.headerCount === 0 ? undefined : cursor.headers());
  }
  if (first < 0) return undefined;
  return { topic, partition, firstOffset: first, nextOffset, recordCount: builder.recordCount, bytes: builder.build({ crc: false }) };
}
