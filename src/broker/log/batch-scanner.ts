import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchRecordCount,
  MAGIC_V2,
  validateBatchCrc,
} from '../../protocol/index.ts';
import type { PooledFile } from './open-files.ts';

/** No batch is larger: a request is not either. A length beyond it is damage. */
const MAX_BATCH_BYTES = 256 * 2 ** 20;

/**
 * Walks the batches of a file through a window that moves over it. A batch is whole in the window when it is current.
 *
 *     while (scanner.next() || (await scanner.fill())) use(scanner.buffer, scanner.at)
 *
 * Stops at the end or at bytes that are no batch; {@link position} tells where.
 */
export class BatchScanner {
  /** The window. The current batch starts at {@link at}. */
  buffer: Buffer;
  at = 0;
  /** Bytes of the current batch. */
  length = 0;
  private readonly file: PooledFile;
  private readonly end: number;
  private windowStart: number;
  private windowBytes = 0;
  private nextAt = 0;

  /** Scans `[position, end)` of the file. */
  constructor(file: PooledFile, position: number, end: number, windowBytes = 1024 * 1024) {
    this.file = file;
    this.end = end;
    this.windowStart = position;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(Math.min(windowBytes, end - position), BATCH_HEADER_BYTES));
  }

  /** Where the current batch starts in the file. */
  get batchPosition(): number {
    return this.windowStart + this.at;
  }

  /** Where the next batch starts in the file; once the walk has stopped: the end of what could be read as batches. */
  get position(): number {
    return this.windowStart + this.nextAt;
  }

  get baseOffset(): number {
    return batchBaseOffset(this.buffer, this.at);
  }

  get lastOffset(): number {
    return batchLastOffset(this.buffer, this.at);
  }

  /** The current batch's bytes; valid until the next `fill`. */
  get batch(): Buffer {
    return this.buffer.subarray(this.at, this.at + this.length);
  }

  get crcMatches(): boolean {
    return validateBatchCrc(this.buffer.subarray(0, this.at + this.length), this.at);
  }

  /** Goes to the next batch if it is in the window. */
  next(): boolean {
    const length = this.frameAt(this.nextAt);
    if (length <= 0 || this.nextAt + length > this.windowBytes) return false;
    this.at = this.nextAt;
    this.length = length;
    this.nextAt += length;
    return true;
  }

  /** Moves the window and goes to the next batch; false at the end of the batches. */
  async fill(): Promise<boolean> {
    return this.prepare() && this.filled(await this.file.read(this.slack(), this.windowStart + this.windowBytes));
  }

  /** As {@link fill}, blocking. */
  fillNow(): boolean {
    return this.prepare() && this.filled(this.file.readNow(this.slack(), this.windowStart + this.windowBytes));
  }

  /** Makes room behind what is left of the window; false when no batch can follow. */
  private prepare(): boolean {
    const left = this.windowBytes - this.nextAt;
    const remaining = this.end - this.windowStart - this.nextAt;
    const frame = this.frameAt(this.nextAt);
    if (remaining < BATCH_HEADER_BYTES || frame === 0) return false;
    const needed = frame > 0 ? frame : BATCH_HEADER_BYTES;
    if (needed > remaining) return false;
    const kept = this.buffer.subarray(this.nextAt, this.windowBytes);
    // A new buffer only when a batch is larger than the window; callers must not keep slices over a fill.
    const target = needed > this.buffer.length ? Buffer.allocUnsafeSlow(needed) : this.buffer;
    target.set(kept, 0);
    this.buffer = target;
    this.windowStart += this.nextAt;
    this.nextAt = 0;
    this.windowBytes = left;
    return true;
  }

  private slack(): Buffer {
    const room = Math.min(this.buffer.length, this.end - this.windowStart) - this.windowBytes;
    return this.buffer.subarray(this.windowBytes, this.windowBytes + Math.max(room, 0));
  }

  private filled(bytes: number): boolean {
    this.windowBytes += bytes;
    if (this.next()) return true;
    // The header has come, but the batch is larger than the window: once more with a larger one.
    return bytes > 0 && this.frameAt(this.nextAt) > this.buffer.length && this.fillLarger();
  }

  private fillLarger(): boolean {
    if (!this.prepare()) return false;
    this.windowBytes += this.file.readNow(this.slack(), this.windowStart + this.windowBytes);
    return this.next();
  }

  /** Length of the batch at a place in the window; -1 when its header is not there, 0 when it is none. */
  private frameAt(at: number): number {
    if (at + BATCH_HEADER_BYTES > this.windowBytes) return -1;
    const length = batchLength(this.buffer, at);
    if (length < BATCH_HEADER_BYTES || length > MAX_BATCH_BYTES || batchMagic(this.buffer, at) !== MAGIC_V2) return 0;
    return batchBaseOffset(this.buffer, at) < 0 || batchLastOffsetDelta(this.buffer, at) < 0 ? 0 : length;
  }
}

/** Largest timestamp of the records in the batch at `at`; -1 when compaction has left none. */
export function recordsMaxTimestamp(buffer: Buffer, at: number): number {
  return batchRecordCount(buffer, at) === 0 ? -1 : batchMaxTimestamp(buffer, at);
}
