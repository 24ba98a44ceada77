import { CLEANED_SUFFIX, DELETED_SUFFIX, SWAP_SUFFIX } from '../file-names.ts';
import type { PartitionLog } from '../partition-log.ts';
import { Segment } from '../segment.ts';

/**
 * Puts a cleaned segment in the place of those it was made from. Its files are named `.cleaned`; they are synced, then
 * renamed so that a crash at any point can be finished or undone by `interrupted-cleaning.ts`.
 */
export async function swapSegments(log: PartitionLog, old: readonly Segment[], cleaned: Segment): Promise<void> {
  const { fs } = log.resources.files;
  cleaned.seal();
  cleaned.transactionIndex.write();
  await Promise.all([...cleaned.filesToSync(), cleaned.transactionIndex.file].map((file) => file.sync()));
  cleaned.retire();
  // Last the log: its new name says that all are there.
  const indexesFirst = cleaned.paths().reverse();
  const finalPaths = indexesFirst.map((path) => path.slice(0, -CLEANED_SUFFIX.length));
  for (const [index, path] of indexesFirst.entries()) fs.rename(path, finalPaths[index]! + SWAP_SUFFIX);
  await fs.syncDirectory(log.directory);

  for (const segment of old) log.doomed.removeLater(segment.renameFiles(fs, DELETED_SUFFIX), log.config.fileDeleteDelayMs);
  for (const path of finalPaths) fs.rename(path + SWAP_SUFFIX, path);
  const replacement = new Segment(log.resources, log.directory, cleaned.baseOffset, log.config);
  replacement.size = cleaned.size;
  replacement.largestTimestampMs = cleaned.largestTimestampMs;
  replacement.offsetOfLargestTimestamp = cleaned.offsetOfLargestTimestamp;
  replacement.firstTimestampMs = cleaned.firstTimestampMs;
  log.segments.replace(old, replacement);
  log.snapshots.keepOnly(log.segments.all.map((segment) => segment.baseOffset));
  log.unsynced.namesChanged();
}
