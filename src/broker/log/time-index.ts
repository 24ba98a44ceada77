import { readInt32, readInt64, writeInt32, writeInt64 } from '../../protocol/index.ts';
import { type IndexCache, IndexFile } from './index-file.ts';
import type { OpenFiles } from './open-files.ts';

/** Timestamp (int64) and relative offset (int32). */
const ENTRY_BYTES = 12;

/**
 * `.timeindex`: "up to this offset no record is younger than this timestamp". Timestamps rise strictly, so a record that
 * comes late adds no entry. Kafka's `TimeIndex`.
 */
export class TimeIndex extends IndexFile {
  private readonly baseOffset: number;
  private lastTimestampMs = -1;

  constructor(files: OpenFiles, cache: IndexCache, path: string, baseOffset: number, maxBytes: number, bytesOnDisk: number) {
    super(files, cache, path, ENTRY_BYTES, maxBytes, bytesOnDisk);
    this.baseOffset = baseOffset;
  }

  /** `offset` is the last one of the batch with the largest timestamp so far. The entry that closes a segment may overfill. */
  appendIfLater(timestampMs: number, offset: number, closing: boolean): void {
    if (timestampMs <= this.lastTimestampMs || (this.isFull && !closing)) return;
    const at = this.grow();
    writeInt64(this.target, at, timestampMs);
    writeInt32(this.target, at + 8, offset - this.baseOffset);
    this.lastTimestampMs = timestampMs;
  }

  /** The largest timestamp of the segment and the batch it is in; undefined when the index is empty. Blocking. */
  lastNow(): { readonly timestampMs: number; readonly offset: number } | undefined {
    const entry = this.lastEntryNow();
    if (entry === undefined) return undefined;
    this.lastTimestampMs = readInt64(entry, 0);
    return { timestampMs: this.lastTimestampMs, offset: readInt32(entry, 8) + this.baseOffset };
  }

  override reset(): void {
    super.reset();
    this.lastTimestampMs = -1;
  }
}

/** The relative offset of the greatest entry whose timestamp is below `timestampMs`; 0 when there is none. */
export function relativeOffsetBefore(entries: Buffer, timestampMs: number): number {
  let low = 0;
  let high = entries.length / ENTRY_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (readInt64(entries, middle * ENTRY_BYTES) < timestampMs) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : readInt32(entries, (low - 1) * ENTRY_BYTES + 8);
}
