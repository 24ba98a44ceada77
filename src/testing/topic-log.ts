import { RecordBatchBuilder, RecordCursor } from '../protocol/index.ts';
import type { Headers } from '../topology/operators.ts';
import type { CapturedRecord } from './test-output-topic.ts';

/** A batch as a broker would hand it out. */
export interface LoggedBatch {
  readonly bytes: Uint8Array;
  readonly recordCount: number;
  readonly nextOffset: number;
}

/** One partition of one topic: gives offsets, as a broker does. */
export class TopicLog {
  private nextOffset = 0;
  private readonly builder = new RecordBatchBuilder(1024);

  get endOffset(): number {
    return this.nextOffset;
  }

  append(records: readonly CapturedRecord[]): LoggedBatch {
    this.builder.reset();
    for (const { timestamp, key, value, headers } of records) this.builder.appendAt(this.nextOffset++, timestamp, key, value, headers);
    return { bytes: this.builder.build(), recordCount: records.length, nextOffset: this.nextOffset };
  }
}

/** The records of a frame, copied out. */
export function recordsOf(bytes: Uint8Array): CapturedRecord[] {
  const cursor = new RecordCursor(bytes);
  const records: CapturedRecord[] = [];
  while (cursor.next()) {
    const { buffer, keyStart, keyLength, valueStart, valueLength, timestamp } = cursor;
    const headers: Headers = cursor.headers().map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const);
    records.push({
      key: keyLength < 0 ? null : Buffer.from(buffer.subarray(keyStart, keyStart + keyLength)),
      value: valueLength < 0 ? null : Buffer.from(buffer.subarray(valueStart, valueStart + valueLength)),
      timestamp,
      headers,
    });
  }
  return records;
}
