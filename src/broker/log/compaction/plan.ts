import type { PartitionLog } from '../partition-log.ts';
import type { Segment } from '../segment.ts';

/** What one round of compaction works on. */
export interface CompactionPlan {
  /** Keys are collected from here on. */
  readonly firstDirtyOffset: number;
  /** Nothing from here on is touched. */
  readonly firstUncleanableOffset: number;
  /** All segments below it, clean and dirty. */
  readonly segments: readonly Segment[];
}

/**
 * Decides whether compacting is worth it: enough of the log is dirty, or something has been dirty for longer than
 * `max.compaction.lag.ms`. Kafka: `LogCleanerManager.grabFilthiestCompactedLog`.
 */
export function planCompaction(log: PartitionLog): CompactionPlan | undefined {
  const nowMs = log.resources.clock.nowMs();
  const firstDirtyOffset = Math.max(log.cleanedUpTo, log.logStartOffset);
  const limit = Math.min(log.lastStableOffset, log.segments.active.baseOffset);
  const segments: Segment[] = [];
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let oldestDirtyMs = Infinity;
  let firstUncleanableOffset = log.segments.first.baseOffset;
  for (let index = 0; index < log.segments.count - 1; index++) {
    const segment = log.segments.at(index)!;
    const end = log.segments.at(index + 1)!.baseOffset;
    if (end > limit || isTooYoung(segment, nowMs, log.config.minCompactionLagMs)) break;
    segments.push(segment);
    firstUncleanableOffset = end;
    if (end <= firstDirtyOffset) cleanBytes += segment.size;
    else {
      dirtyBytes += segment.size;
      oldestDirtyMs = Math.min(oldestDirtyMs, segment.firstTimestampMs >= 0 ? segment.firstTimestampMs : segment.largestTimestampMs);
    }
  }
  if (dirtyBytes === 0) return undefined;
  const isOverdue = nowMs - oldestDirtyMs > log.config.maxCompactionLagMs;
  if (!isOverdue && dirtyBytes / (cleanBytes + dirtyBytes) <= log.config.minCleanableDirtyRatio) return undefined;
  return { firstDirtyOffset, firstUncleanableOffset, segments };
}

function isTooYoung(segment: Segment, nowMs: number, minLagMs: number): boolean {
  return minLagMs > 0 && segment.largestTimestampMs > nowMs - minLagMs;
}

/** Neighbours that fit one segment together, so that cleaning does not leave ever smaller files. Kafka: `groupSegmentsBySize`. */
export function groupSegments(segments: readonly Segment[], endOffset: number, maxBytes: number, maxIndexBytes: number): Segment[][] {
  const groups: Segment[][] = [];
  let group: Segment[] = [];
  let bytes = 0;
  let indexBytes = 0;
  segments.forEach((segment, index) => {
    const end = segments[index + 1]?.baseOffset ?? endOffset;
    const segmentIndexBytes = Math.max(segment.offsetIndex.sizeInBytes, segment.timeIndex.sizeInBytes);
    const first = group[0] ?? segment;
    const fits =
      bytes + segment.size <= maxBytes && indexBytes + segmentIndexBytes <= maxIndexBytes && end - first.baseOffset <= 0x7fffffff;
    if (!fits && group.length > 0) {
      groups.push(group);
      group = [];
      bytes = 0;
      indexBytes = 0;
    }
    group.push(segment);
    bytes += segment.size;
    indexBytes += segmentIndexBytes;
  });
  if (group.length > 0) groups.push(group);
  return groups;
}
