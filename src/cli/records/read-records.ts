import type { FetchedRecords } from '../../client/index.ts';
import { isLogAppendTimeBatch, RecordCursor } from '../../protocol/index.ts';
import type { ConsumedRecord } from './types.ts';

/** The records of fetched batches, without those before where reading began. Each is valid until the next is asked for. */
export function* recordsOf({ topic, partition, firstOffset, bytes }: FetchedRecords): Generator<ConsumedRecord> {
  const cursor = new RecordCursor(bytes);
  while (cursor.next()) {
    const { offset, timestamp: timestampMs, buffer, batchStart, keyStart, keyLength, valueStart, valueLength } = cursor;
    if (offset < firstOffset) continue;
    yield {
      topic,
      partition,
      offset,
      timestampMs,
      timestampType: isLogAppendTimeBatch(bytes, batchStart) ? 'LogAppendTime' : 'CreateTime',
      key: keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength),
      value: valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength),
      headers: cursor.headers(),
    };
  }
}
