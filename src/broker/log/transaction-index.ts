import { readInt64, writeInt16, writeInt64 } from '../../protocol/index.ts';
import { type IndexCache, IndexFile } from './index-file.ts';
import type { OpenFiles } from './open-files.ts';

/** Version (int16), producer id, first offset, last offset, last stable offset (int64 each). */
const ENTRY_BYTES = 34;
/** A segment has as many aborted transactions as fit; Kafka sets no limit either. */
const MAX_BYTES = 2 ** 30;

export interface AbortedTransactionEntry {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Offset of the marker. */
  readonly lastOffset: number;
  /** The last stable offset once this transaction was over. */
  readonly lastStableOffset: number;
}

/** `.txnindex`: the aborted transactions whose marker is in the segment. Kafka's `TransactionIndex`. */
export class TransactionIndex extends IndexFile {
  constructor(files: OpenFiles, cache: IndexCache, path: string, bytesOnDisk: number) {
    super(files, cache, path, ENTRY_BYTES, MAX_BYTES, bytesOnDisk);
  }

  append(entry: AbortedTransactionEntry): void {
    const at = this.grow();
    const target = this.target;
    writeInt16(target, at, 0);
    writeInt64(target, at + 2, entry.producerId);
    writeInt64(target, at + 10, entry.firstOffset);
    writeInt64(target, at + 18, entry.lastOffset);
    writeInt64(target, at + 26, entry.lastStableOffset);
  }
}

/** All entries, in the order of their markers. */
export function decodeTransactionIndex(entries: Buffer): AbortedTransactionEntry[] {
  const decoded: AbortedTransactionEntry[] = [];
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    decoded.push({
      producerId: readInt64(entries, at + 2),
      firstOffset: readInt64(entries, at + 10),
      lastOffset: readInt64(entries, at + 18),
      lastStableOffset: readInt64(entries, at + 26),
    });
  }
  return decoded;
}
