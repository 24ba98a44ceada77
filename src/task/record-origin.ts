import { NO_HEADERS } from '../processors/flow-record.ts';
import type { RecordOrigin, UpdateOrigin } from '../processors/runtime.ts';
import type { RecordCursor } from '../protocol/index.ts';
import type { Headers } from '../topology/operators.ts';

/**
 * Where the current record came from: one object per task, rewritten for every record, that stores, operators and error
 * handlers all look at.
 */
export class TaskOrigin implements RecordOrigin {
  topic = '';
  partition = -1;
  offset = -1;
  timestamp = -1;
  private cursor: RecordCursor | undefined = undefined;
  /** Decoded or given headers; undefined: ask the cursor. */
  knownHeaders: Headers | undefined = NO_HEADERS;

  /** The record that `cursor` stands on. */
  setRecord(topic: string, partition: number, timestamp: number, cursor: RecordCursor): void {
    this.topic = topic;
    this.partition = partition;
    this.offset = cursor.offset;
    this.timestamp = timestamp;
    this.cursor = cursor;
    this.knownHeaders = cursor.headerCount === 0 ? NO_HEADERS : undefined;
  }

  /** No record: a punctuation, or the time between two records. */
  setNone(timestamp: number): void {
    this.topic = '';
    this.partition = -1;
    this.offset = -1;
    this.timestamp = timestamp;
    this.cursor = undefined;
    this.knownHeaders = NO_HEADERS;
  }

  /** An update that waited in a cache. */
  setUpdate(update: UpdateOrigin): void {
    this.topic = update.topic;
    this.partition = update.partition;
    this.offset = update.offset;
    this.timestamp = update.timestampMs;
    this.cursor = undefined;
    this.knownHeaders = update.headers;
  }

  /** Copies, so that they may be kept: the input batch's memory is given back. */
  headers(): Headers {
    this.knownHeaders ??= this.cursor!.headers().map(([key, value]) => [key, value === null ? null : Buffer.from(value)] as const);
    return this.knownHeaders;
  }

  rawKey(): Uint8Array | null {
    const { cursor } = this;
    if (cursor === undefined || cursor.keyLength < 0) return null;
    return Buffer.from(cursor.buffer.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength));
  }

  rawValue(): Uint8Array | null {
    const { cursor } = this;
    if (cursor === undefined || cursor.valueLength < 0) return null;
    return Buffer.from(cursor.buffer.subarray(cursor.valueStart, cursor.valueStart + cursor.valueLength));
  }
}
