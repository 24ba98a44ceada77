import { BATCH_HEADER_BYTES, batchLastOffset, batchLength } from '../../protocol/index.ts';
import { CLEANED_SUFFIX, DELETED_SUFFIX, LOG_SUFFIX, parseOffsetName, SWAP_SUFFIX } from './file-names.ts';
import type { LogFileSystem } from './file-system.ts';

/** Suffixes of all files of a segment. */
const SEGMENT_SUFFIXES = ['.log', '.index', '.timeindex', '.txnindex'];

/**
 * What a crash during a cleaning leaves behind. The steps of a cleaning (`compaction/segment-swap.ts`) are: write
 * `.cleaned` files; rename the indexes, then the log, to `.swap`; delete the old segments; rename the indexes, then the
 * log, to their final names. All four files are always written. So a `.log.swap` says that everything new is complete, and without it nothing is.
 */
export function finishInterruptedCleaning(fs: LogFileSystem, directory: string): void {
  for (const name of fs.list(directory)) {
    if (name.endsWith(CLEANED_SUFFIX) || name.endsWith(DELETED_SUFFIX) || name.endsWith('.tmp')) fs.remove(`${directory}/${name}`);
  }
  const names = fs.list(directory);
  const complete: number[] = [];
  for (const name of names) {
    const base = parseOffsetName(name, LOG_SUFFIX + SWAP_SUFFIX);
    if (base !== undefined) complete.push(base);
  }
  for (const name of names) {
    if (name.endsWith(SWAP_SUFFIX) && !complete.includes(Number(name.slice(0, 20)))) fs.remove(`${directory}/${name}`);
  }
  for (const base of complete) finishSwap(fs, directory, base);
}

function finishSwap(fs: LogFileSystem, directory: string, base: number): void {
  const name = fs.list(directory).find((candidate) => parseOffsetName(candidate, LOG_SUFFIX + SWAP_SUFFIX) === base)!;
  const digits = name.slice(0, 20);
  const end = lastOffsetOf(fs, `${directory}/${name}`);
  for (const old of fs.list(directory)) {
    const oldBase = parseOffsetName(old, LOG_SUFFIX);
    if (oldBase === undefined || oldBase < base || oldBase > Math.max(end, base)) continue;
    for (const suffix of SEGMENT_SUFFIXES) {
      // The indexes of the new segment may have their final names already.
      if (oldBase === base && suffix !== LOG_SUFFIX && !fs.exists(`${directory}/${digits}${suffix}${SWAP_SUFFIX}`)) continue;
      fs.remove(`${directory}/${old.slice(0, 20)}${suffix}`);
    }
  }
  for (const suffix of [...SEGMENT_SUFFIXES].reverse()) {
    const from = `${directory}/${digits}${suffix}${SWAP_SUFFIX}`;
    if (fs.exists(from)) fs.rename(from, `${directory}/${digits}${suffix}`);
  }
}

/** Last offset in a log file that is known to be whole; -1 when it is empty. */
function lastOffsetOf(fs: LogFileSystem, path: string): number {
  const header = Buffer.alloc(BATCH_HEADER_BYTES);
  const fd = fs.open(path, 'read');
  let last = -1;
  try {
    const end = fs.size(fd);
    for (let at = 0; at < end; at += Math.max(batchLength(header, 0), BATCH_HEADER_BYTES)) {
      if (fs.read(fd, header, 0, header.length, at) < header.length) break;
      last = batchLastOffset(header, 0);
    }
  } finally {
    fs.close(fd);
  }
  return last;
}
