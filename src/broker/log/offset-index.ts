import { readInt32, writeInt32 } from '../../protocol/index.ts';
import { type IndexCache, IndexFile } from './index-file.ts';
import type { OpenFiles } from './open-files.ts';

/** Relative offset (int32) and position in the log file (int32). */
const ENTRY_BYTES = 8;

/** `.index`: which byte of the segment to start looking for an offset from. Kafka's `OffsetIndex`. */
export class OffsetIndex extends IndexFile {
  private readonly baseOffset: number;

  constructor(files: OpenFiles, cache: IndexCache, path: string, baseOffset: number, maxBytes: number, bytesOnDisk: number) {
    super(files, cache, path, ENTRY_BYTES, maxBytes, bytesOnDisk);
    this.baseOffset = baseOffset;
  }

  /** `lastOffset` is the last offset of the batch that starts at `position`. Both only grow. */
  append(lastOffset: number, position: number): void {
    const at = this.grow();
    writeInt32(this.target, at, lastOffset - this.baseOffset);
    writeInt32(this.target, at + 4, position);
  }
}

/** A position at or before the batch that holds the offset `relative` to the base: that of the greatest entry not past it. */
export function positionOf(entries: Buffer, relative: number): number {
  let low = 0;
  let high = entries.length / ENTRY_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (readInt32(entries, middle * ENTRY_BYTES) <= relative) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : readInt32(entries, (low - 1) * ENTRY_BYTES + 4);
}

/** False when entries do not rise or point past the log's end: the index must be rebuilt. */
export function isOffsetIndexSane(entries: Buffer, logBytes: number): boolean {
  let offset = -1;
  let position = -1;
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    if (readInt32(entries, at) <= offset || readInt32(entries, at + 4) <= position) return false;
    offset = readInt32(entries, at);
    position = readInt32(entries, at + 4);
  }
  return position < logBytes;
}
