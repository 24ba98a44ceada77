import { MillraceError } from '../../errors.ts';
import { BATCH_HEADER_BYTES, batchBaseOffset, batchLastOffset, batchLength, batchMagic, MAGIC_V2 } from '../../protocol/index.ts';
import type { BufferPool } from '../buffer-pool.ts';
import type { AbortedTransaction } from '../seams.ts';
import type { LogResources } from './log-resources.ts';
import { positionOf } from './offset-index.ts';
import { FileRetiredError } from './open-files.ts';
import { noRecords, type RecordBytes } from './record-bytes.ts';
import type { Segment } from './segment.ts';
import type { SegmentList } from './segment-list.ts';
import { decodeTransactionIndex } from './transaction-index.ts';

/** Read beyond what was asked: the batch wanted starts somewhere within an index interval. */
const LEAD_BYTES = 8192;
/** A read begins anew when a segment is replaced under it; that often in a row is a fault. */
const MAX_ATTEMPTS = 10;

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
  { segments, resources }: ReadableLog,
  fetchOffset: number,
  upperOffset: number,
  maxBytes: number,
  minOneMessage: boolean,
): Promise<RecordBytes> {
  let index = Math.max(segments.floorIndex(fetchOffset), 0);
  for (let segment = segments.at(index); segment !== undefined; segment = segments.at(++index)) {
    if (segment.baseOffset >= upperOffset) break;
    const read = await readFromSegment(segment, resources.readBuffers, { fetchOffset, upperOffset, maxBytes, minOneMessage });
    if (read !== undefined) return read;
  }
  return noRecords(fetchOffset);
}

/** What reading needs of a log. */
export interface ReadableLog {
  readonly segments: SegmentList;
  readonly resources: Pick<LogResources, 'readBuffers'>;
}

interface Wanted {
  readonly fetchOffset: number;
  readonly upperOffset: number;
  readonly maxBytes: number;
  readonly minOneMessage: boolean;
}

/** Undefined when all batches of the segment lie before the offset. */
async function readFromSegment(segment: Segment, buffers: BufferPool, wanted: Wanted): Promise<RecordBytes | undefined> {
  const end = segment.size;
  const known = segment.readPositions.take(wanted.fetchOffset);
  const lead = known >= 0 ? 0 : LEAD_BYTES;
  const indexed = known >= 0 ? -1 : await indexedPosition(segment, wanted.fetchOffset);
  let position = known >= 0 ? known : indexed;
  // Each round reads further on, so this ends with the file.
  while (position + BATCH_HEADER_BYTES <= end) {
    const window = await readWindow(
      segment,
      buffers,
      position,
      Math.min(end - position, Math.max(wanted.maxBytes, BATCH_HEADER_BYTES) + lead),
    );
    if (position > 0 && position === indexed && !isBatchOf(segment, window.bytes, wanted.fetchOffset)) {
      // A damaged index: the batches tell where they are themselves.
      window.release();
      position = 0;
      continue;
    }
    const start = findBatch(segment, window, wanted.fetchOffset);
    if (start + BATCH_HEADER_BYTES <= window.bytes.length) return cutBatches(segment, buffers, window, start, wanted);
    window.release();
    if (window.bytes.length === 0) break;
    position += start;
  }
  return undefined;
}

async function indexedPosition(segment: Segment, offset: number): Promise<number> {
  const entries = segment.offsetIndex.entries ?? (await segment.offsetIndex.load());
  const position = positionOf(entries, offset - segment.baseOffset);
  return position >= 0 && position < segment.size ? position : 0;
}

/** Whether what an index entry points to begins with a batch that the entry can be about. */
function isBatchOf(segment: Segment, bytes: Buffer, fetchOffset: number): boolean {
  if (bytes.length < BATCH_HEADER_BYTES || batchMagic(bytes, 0) !== MAGIC_V2 || batchLength(bytes, 0) < BATCH_HEADER_BYTES) return false;
  const offset = batchBaseOffset(bytes, 0);
  return offset >= segment.baseOffset && offset <= fetchOffset;
}

/** A stretch of a segment's file. */
interface Window {
  readonly position: number;
  readonly bytes: Buffer;
  readonly release: () => void;
}

async function readWindow(segment: Segment, buffers: BufferPool, position: number, length: number): Promise<Window> {
  const buffer = buffers.take(length);
  const release = (): void => buffers.giveBack(buffer);
  try {
    const bytes = await segment.file.read(buffer.subarray(0, length), position);
    return { position, bytes: buffer.subarray(0, bytes), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Where the first batch with `offset` or later starts, or where the next batch after the window's last does. */
function findBatch(segment: Segment, window: Window, offset: number): number {
  const { bytes } = window;
  let at = 0;
  while (at + BATCH_HEADER_BYTES <= bytes.length && batchLastOffset(bytes, at) < offset) {
    const length = batchLength(bytes, at);
    if (!fits(segment, window.position + at, length)) throw damagedBatch(segment, window, at);
    at += length;
  }
  return at;
}

/** Damage must neither lead back, so that reading never ends, nor have more read than there is. */
function fits(segment: Segment, position: number, length: number): boolean {
  return length >= BATCH_HEADER_BYTES && position + length <= segment.size;
}

function damagedBatch(segment: Segment, { position, release }: Window, at: number): MillraceError {
  release();
  return new MillraceError(
    'CORRUPT_RECORD',
    `byte ${position + at} of the segment with base offset ${segment.baseOffset} begins no batch`,
    {
      context: { baseOffset: segment.baseOffset, position: position + at },
    },
  );
}

/** What of the window from `start` on is wanted. A first batch that is not whole in the window is read by itself. */
async function cutBatches(segment: Segment, buffers: BufferPool, window: Window, start: number, wanted: Wanted): Promise<RecordBytes> {
  const { bytes, release } = window;
  const limit = start + wanted.maxBytes;
  let end = start;
  let nextOffset = wanted.fetchOffset;
  while (end + BATCH_HEADER_BYTES <= bytes.length && batchBaseOffset(bytes, end) < wanted.upperOffset) {
    const isFirst = end === start;
    const next = end + batchLength(bytes, end);
    if (!fits(segment, window.position + end, next - end)) {
      if (isFirst) throw damagedBatch(segment, window, end);
      break;
    }
    if (next > limit && !(wanted.minOneMessage && isFirst)) break;
    if (next > bytes.length) {
      if (!isFirst) break;
      const length = next - end;
      release();
      return readOneBatch(segment, buffers, window.position + start, length, wanted.fetchOffset);
    }
    nextOffset = batchLastOffset(bytes, end) + 1;
    end = next;
  }
  if (end === start) {
    release();
    return noRecords(wanted.fetchOffset);
  }
  segment.readPositions.remember(nextOffset, window.position + end);
  return { records: bytes.subarray(start, end), nextOffset, release };
}

async function readOneBatch(
  segment: Segment,
  buffers: BufferPool,
  position: number,
  length: number,
  fetchOffset: number,
): Promise<RecordBytes> {
  const { bytes, release } = await readWindow(segment, buffers, position, length);
  if (bytes.length < length) {
    release();
    return noRecords(fetchOffset);
  }
  const nextOffset = batchLastOffset(bytes, 0) + 1;
  segment.readPositions.remember(nextOffset, position + length);
  return { records: bytes, nextOffset, release };
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
