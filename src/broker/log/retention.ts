import { DELETED_SUFFIX } from './file-names.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Segment } from './segment.ts';

/**
 * Deletes whole segments from the oldest on: those below the log's start, and with `cleanup.policy=delete` those past
 * `retention.ms` and `retention.bytes`. The start of the log moves up to what is left. Kafka: `UnifiedLog.deleteOldSegments`.
 */
export function applyRetention(log: PartitionLog): void {
  deleteWhile(log, (_segment, next) => next !== undefined && next.baseOffset <= log.logStartOffset);
  if (!log.config.delete) return;
  const { retentionMs, retentionBytes } = log.config;
  const nowMs = log.resources.clock.nowMs();
  if (retentionMs >= 0) deleteWhile(log, (segment) => nowMs - timestampOf(segment) > retentionMs);
  if (retentionBytes >= 0) {
    let excess = log.sizeInBytes - retentionBytes;
    deleteWhile(log, (segment) => {
      if (excess < segment.size) return false;
      excess -= segment.size;
      return true;
    });
  }
}

/** Age of a segment whose records have no timestamps: that of its file, as far as this process knows. */
function timestampOf(segment: Segment): number {
  return segment.largestTimestampMs >= 0 ? segment.largestTimestampMs : segment.createdAtMs;
}

function deleteWhile(log: PartitionLog, isDue: (segment: Segment, next: Segment | undefined) => boolean): void {
  const { segments } = log;
  let count = 0;
  while (count < segments.count) {
    const segment = segments.at(count)!;
    const next = segments.at(count + 1);
    const end = next?.baseOffset ?? log.logEndOffset;
    // Nothing that is not yet on the disk, and no empty last segment.
    if (end > log.highWatermark || (next === undefined && segment.size === 0) || !isDue(segment, next)) break;
    count++;
  }
  if (count === 0) return;
  if (count === segments.count) {
    log.roll();
    // The name of the new segment is all that will tell where the log goes on: it must be there before the others go.
    if (log.resources.flushPolicy !== 'none') log.resources.files.fs.syncDirectoryNow(log.directory);
  }
  log.raiseStartOffset(segments.at(count)!.baseOffset);
  for (const segment of segments.removeFirst(count)) {
    log.doomed.removeLater(segment.renameFiles(log.resources.files.fs, DELETED_SUFFIX), log.config.fileDeleteDelayMs);
  }
  log.unsynced.namesChanged();
  log.snapshots.removeBefore(log.logStartOffset);
}
