import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PartitionLog, type PartitionLogOptions } from '../../../../../src/broker/log/index.ts';
import type { Clock, ReadResult } from '../../../../../src/broker/seams.ts';
import { type BuildOptions, batchBaseOffset, batchLength, RecordBatchBuilder, RecordCursor } from '../../../../../src/protocol/index.ts';

export const TOPIC_ID = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
export const START_MS = 1_700_000_000_000;

/** A clock that a test moves by hand. */
export class ManualClock implements Clock {
  private timeMs = START_MS;
  private timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  nowMs(): number {
    return this.timeMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.timeMs + delayMs, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(ms: number): void {
    this.timeMs += ms;
    const due = this.timers.filter((timer) => timer.atMs <= this.timeMs);
    this.timers = this.timers.filter((timer) => timer.atMs > this.timeMs);
    for (const timer of due) timer.callback();
  }
}

/** Numbers from a seed (mulberry32), so that a failing run can be repeated. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

export interface TestRecord {
  readonly key?: string | null;
  readonly value?: string | null;
  readonly timestamp?: number;
}

export function batchOf(records: readonly (TestRecord | string)[], options: BuildOptions = {}): Buffer {
  const builder = new RecordBatchBuilder();
  for (const given of records) {
    const record: TestRecord = typeof given === 'string' ? { key: given, value: given } : given;
    const bytes = (text: string | null | undefined): Buffer | null => (typeof text === 'string' ? Buffer.from(text) : null);
    builder.append(record.timestamp ?? START_MS, bytes(record.key), bytes(record.value));
  }
  return builder.build(options);
}

/** A batch of an idempotent or transactional producer. */
export function producerBatch(
  producerId: number,
  baseSequence: number,
  records = 1,
  options: { readonly epoch?: number; readonly transactional?: boolean } = {},
): Buffer {
  const values = Array.from({ length: records }, (_, index) => `p${producerId}-${baseSequence + index}`);
  return batchOf(values, {
    producerId,
    baseSequence,
    producerEpoch: options.epoch ?? 0,
    transactional: options.transactional ?? false,
  });
}

/** A new directory that is removed when the test is over. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function openLog(dir: string, clock: Clock, options: Partial<PartitionLogOptions> = {}): Promise<PartitionLog> {
  return PartitionLog.open({ dir, topic: 't', partition: 0, topicId: TOPIC_ID, config: {}, clock, ...options });
}

export const client = { origin: 'client' } as const;

export function fetch(
  log: PartitionLog,
  fetchOffset: number,
  options: { readonly maxBytes?: number; readonly committed?: boolean } = {},
): Promise<ReadResult> {
  return log.read({
    fetchOffset,
    maxBytes: options.maxBytes ?? 1024 * 1024,
    minOneMessage: true,
    readCommitted: options.committed ?? false,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  });
}

export interface SeenRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

/** The data records in a fetch's answer. */
export function recordsIn(bytes: Buffer): SeenRecord[] {
  const seen: SeenRecord[] = [];
  const cursor = new RecordCursor(bytes);
  while (cursor.next()) {
    const text = (start: number, length: number): string | null =>
      length < 0 ? null : cursor.buffer.toString('utf8', start, start + length);
    seen.push({
      offset: cursor.offset,
      key: text(cursor.keyStart, cursor.keyLength),
      value: text(cursor.valueStart, cursor.valueLength),
      timestamp: cursor.timestamp,
    });
  }
  return seen;
}

/** Base offsets of the batches in a fetch's answer. */
export function batchesIn(bytes: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < bytes.length; at += batchLength(bytes, at)) offsets.push(batchBaseOffset(bytes, at));
  return offsets;
}

/** Everything from an offset on, fetch by fetch, as a consumer would. */
export async function readAll(log: PartitionLog, from = log.logStartOffset, maxBytes = 64 * 1024): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = [];
  let offset = from;
  while (offset < log.highWatermark) {
    const result = await fetch(log, offset, { maxBytes });
    if (result.errorCode !== 0 || result.records.length === 0)
      throw new Error(`fetch at ${offset}: error ${result.errorCode}, nothing read`);
    for (const record of recordsIn(result.records)) if (record.offset >= offset) seen.push(record);
    offset = endOf(result.records);
  }
  return seen;
}

/** The offset after the last batch. */
export function endOf(bytes: Buffer): number {
  let end = -1;
  for (let at = 0; at < bytes.length; at += batchLength(bytes, at)) end = batchBaseOffset(bytes, at) + bytes.readInt32BE(at + 23) + 1;
  return end;
}
