import { BATCH_HEADER_BYTES, batchBaseOffset, batchLastOffset, batchLength } from '../../protocol/index.ts';
import type { AbortedTransaction } from '../seams.ts';
import { positionOf } from './offset-index.ts';
import { FileRetiredError } from './open-files.ts';
import type { Segment } from './segment.ts';
import type { SegmentList } from './segment-list.ts';
import { decodeTransactionIndex } from './transaction-index.ts';

/** Read beyond what was asked: the batch wanted starts somewhere within an index interval. */
const LEAD_BYTES = 8192;
/** A read begins anew when a segment is replaced under it; that often in a row is a fault. */
const MAX_ATTEMPTS = 10;
const EMPTY = Buffer.alloc(0);

/** Runs `attempt` again when the segment it used was replaced or deleted meanwhile. */
export async function retryWhenRetired<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof FileRetiredError) || count >= MAX_ATTEMPTS) throw error;
    }
  }
}

/**
 * Whole batches from the one that holds `fetchOffset`, or the next one where compaction left a gap; below `upperOffset`,
 * from one segment, at most `maxBytes` but for the first batch when `minOneMessage`.
 */
export async function readFromSegments(
  segments: SegmentList,
  fetchOffset: number,
  upperOffset: number,
  maxBytes: number,
  minOneMessage: boolean,
): Promise<Buffer> {
  let index = Math.max(segments.floorIndex(fetchOffset), 0);
  for (let segment = segments.at(index); segment !== undefined; segment = segments.at(++index)) {
    if (segment.baseOffset >= upperOffset) break;
    const read = await readFromSegment(segment, fetchOffset, upperOffset, maxBytes, minOneMessage);
    if (read !== undefined) return read;
  }
  return EMPTY;
}

/** Undefined when all batches of the segment lie before `fetchOffset`. */
async function readFromSegment(
  segment: Segment,
  fetchOffset: number,
  upperOffset: number,
  maxBytes: number,
  minOneMessage: boolean,
): Promise<Buffer | undefined> {
  const end = segment.size;
  const entries = segment.offsetIndex.entries ?? (await segment.offsetIndex.load());
  let position = positionOf(entries, fetchOffset - segment.baseOffset);
  // Each round reads further on, so this ends with the file.
  while (position + BATCH_HEADER_BYTES <= end) {
    const window = Buffer.allocUnsafeSlow(Math.min(end - position, Math.max(maxBytes, BATCH_HEADER_BYTES) + LEAD_BYTES));
    const bytes = await segment.file.read(window, position);
    const start = findBatch(window, bytes, fetchOffset);
    if (start + BATCH_HEADER_BYTES <= bytes) {
      const found = cutBatches(window.subarray(start, bytes), upperOffset, maxBytes, minOneMessage);
      return found ?? (await readOneBatch(segment, position + start, batchLength(window, start)));
    }
    if (bytes === 0) break;
    position += start;
  }
  return undefined;
}

/** Where in the window the first batch with `offset` or later starts, or where the next batch after the window's last does. */
function findBatch(window: Buffer, bytes: number, offset: number): number {
  let at = 0;
  while (at + BATCH_HEADER_BYTES <= bytes && batchLastOffset(window, at) < offset) at += batchLength(window, at);
  return at;
}

/** Undefined when the first batch is wanted but not whole in the window. */
function cutBatches(window: Buffer, upperOffset: number, maxBytes: number, minOneMessage: boolean): Buffer | undefined {
  let end = 0;
  while (end + BATCH_HEADER_BYTES <= window.length && batchBaseOffset(window, end) < upperOffset) {
    const next = end + batchLength(window, end);
    if (next > maxBytes && !(minOneMessage && end === 0)) break;
    if (next > window.length) {
      if (end === 0) return undefined;
      break;
    }
    end = next;
  }
  return window.subarray(0, end);
}

async function readOneBatch(segment: Segment, position: number, length: number): Promise<Buffer> {
  const batch = Buffer.allocUnsafeSlow(length);
  const bytes = await segment.file.read(batch, position);
  return bytes === length ? batch : EMPTY;
}

/** The aborted transactions with records in `[fetchOffset, upperOffset)`; Kafka: `LogSegment.collectAbortedTxns`. */
export async function abortedTransactionsIn(
  segments: SegmentList,
  fetchOffset: number,
  upperOffset: number,
): Promise<AbortedTransaction[]> {
  const aborted: AbortedTransaction[] = [];
  for (const segment of segments.all.slice(Math.max(segments.floorIndex(fetchOffset), 0))) {
    if (segment.transactionIndex.entryCount === 0) continue;
    for (const entry of decodeTransactionIndex(await segment.transactionIndex.load())) {
      if (entry.lastOffset >= fetchOffset && entry.firstOffset < upperOffset) {
        aborted.push({ producerId: entry.producerId, firstOffset: entry.firstOffset });
      }
      if (entry.lastStableOffset >= upperOffset) return aborted;
    }
  }
  return aborted;
}
