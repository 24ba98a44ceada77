import { MillraceError } from '../../errors.ts';
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchLastOffset,
  batchLength,
  batchProducerId,
  isControlBatch,
  isLogAppendTimeBatch,
  isTransactionalBatch,
  RecordCursor,
  validateBatchCrc,
} from '../../protocol/index.ts';
import type { Fetched } from './fetcher.ts';
import type { ConsumedRecord } from './types.ts';

/** Where whole batches start; a last one that is cut off, as brokers may send it, is left out. */
function* batchStarts(records: Buffer): Generator<number> {
  for (let at = 0; at + BATCH_HEADER_BYTES <= records.length; ) {
    const length = batchLength(records, at);
    if (length < BATCH_HEADER_BYTES || at + length > records.length) return;
    yield at;
    at += length;
  }
}

/** The offset behind the last whole batch. */
export function offsetAfter(records: Buffer, fetchOffset: number): number {
  let next = fetchOffset;
  for (const at of batchStarts(records)) next = Math.max(next, batchLastOffset(records, at) + 1);
  return next;
}

/**
 * The records of a fetched partition from its fetch offset on, without those of aborted transactions when it was fetched
 * for read_committed. Each is valid until the next is asked for. CORRUPT_RECORD when a CRC does not match.
 */
export function* recordsOf(fetched: Fetched): Generator<ConsumedRecord> {
  const { topic, partition, fetchOffset, records } = fetched;
  const isAborted = abortedFilter(fetched);
  const cursor = new RecordCursor();
  for (const at of batchStarts(records)) {
    if (!validateBatchCrc(records, at)) {
      const offset = batchBaseOffset(records, at);
      throw new MillraceError(
        'CORRUPT_RECORD',
        `The batch at offset ${offset} of ${topic}-${partition} is damaged: its CRC does not match.`,
        {
          context: { topic, partition, offset },
        },
      );
    }
    if (isAborted(at) || isControlBatch(records, at)) continue;
    const timestampType = isLogAppendTimeBatch(records, at) ? 'LogAppendTime' : 'CreateTime';
    cursor.reset(records.subarray(at, at + batchLength(records, at)));
    while (cursor.next()) {
      if (cursor.offset < fetchOffset) continue;
      const { offset, timestamp: timestampMs, buffer, keyStart, keyLength, valueStart, valueLength } = cursor;
      const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
      const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
      yield { topic, partition, offset, timestampMs, timestampType, key, value, headers: cursor.headers() };
    }
  }
}

/**
 * Tells of each batch, in their order, whether its transaction was aborted. The list has each aborted transaction's first
 * offset; its end is the producer's next control batch (Kafka: `CompletedFetch`).
 */
function abortedFilter({ records, abortedTransactions }: Fetched): (at: number) => boolean {
  if (abortedTransactions === null || abortedTransactions.length === 0) return () => false;
  const coming = abortedTransactions.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const aborted = new Set<number>();
  let next = 0;
  return (at) => {
    const lastOffset = batchLastOffset(records, at);
    for (let one = coming[next]; one !== undefined && one.firstOffset <= lastOffset; one = coming[++next]) aborted.add(one.producerId);
    const producerId = batchProducerId(records, at);
    if (isControlBatch(records, at)) {
      aborted.delete(producerId);
      return false;
    }
    return isTransactionalBatch(records, at) && aborted.has(producerId);
  };
}
