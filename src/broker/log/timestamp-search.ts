import { BATCH_HEADER_BYTES, batchLeaderEpoch, batchMaxTimestamp, isControlBatch, RecordCursor } from '../../protocol/index.ts';
import { BatchScanner } from './batch-scanner.ts';
import { positionOf } from './offset-index.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Segment } from './segment.ts';
import { retryWhenRetired } from './segment-reader.ts';
import { relativeOffsetBefore } from './time-index.ts';

export interface FoundOffset {
  readonly offset: number;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

/** One index interval and a batch, mostly. */
const WINDOW_BYTES = 64 * 1024;

/** The first record with a timestamp of at least `timestampMs`. Only the batch that has it is decoded. */
export function findTimestamp(log: PartitionLog, timestampMs: number): Promise<FoundOffset | undefined> {
  return retryWhenRetired(async () => {
    for (const segment of [...log.segments.all]) {
      if (segment.largestTimestampMs < timestampMs) continue;
      const found = await searchSegment(segment, timestampMs, log.logStartOffset);
      if (found !== undefined) return found;
    }
    return undefined;
  });
}

/** The first record that has the largest timestamp of all. */
export function findMaxTimestamp(log: PartitionLog): Promise<FoundOffset | undefined> {
  return retryWhenRetired(async () => {
    let newest: Segment | undefined;
    for (const segment of log.segments.all) {
      if (segment.largestTimestampMs > (newest?.largestTimestampMs ?? -1)) newest = segment;
    }
    if (newest === undefined) return undefined;
    return searchSegment(newest, newest.largestTimestampMs, log.logStartOffset);
  });
}

async function searchSegment(segment: Segment, timestampMs: number, startOffset: number): Promise<FoundOffset | undefined> {
  const times = segment.timeIndex.entries ?? (await segment.timeIndex.load());
  const relative = Math.max(relativeOffsetBefore(times, timestampMs), startOffset - segment.baseOffset);
  const positions = segment.offsetIndex.entries ?? (await segment.offsetIndex.load());
  const scanner = new BatchScanner(segment.file, positionOf(positions, relative), segment.size, WINDOW_BYTES);
  while (scanner.next() || (await scanner.fill())) {
    if (scanner.lastOffset < startOffset || batchMaxTimestamp(scanner.buffer, scanner.at) < timestampMs) continue;
    const found = searchBatch(scanner, timestampMs, startOffset);
    if (found !== undefined) return found;
  }
  return undefined;
}

function searchBatch(scanner: BatchScanner, timestampMs: number, startOffset: number): FoundOffset | undefined {
  const { buffer, at } = scanner;
  const leaderEpoch = batchLeaderEpoch(buffer, at);
  if (isControlBatch(buffer, at)) {
    const isMarker = scanner.length > BATCH_HEADER_BYTES && scanner.baseOffset >= startOffset;
    return isMarker ? { offset: scanner.baseOffset, timestampMs: batchMaxTimestamp(buffer, at), leaderEpoch } : undefined;
  }
  const cursor = new RecordCursor(scanner.batch);
  while (cursor.next()) {
    if (cursor.timestamp >= timestampMs && cursor.offset >= startOffset) {
      return { offset: cursor.offset, timestampMs: cursor.timestamp, leaderEpoch };
    }
  }
  return undefined;
}
