import { batchProducerEpoch, batchProducerId, isControlBatch, RecordCursor } from '../../../protocol/index.ts';
import { BatchScanner, recordsMaxTimestamp } from '../batch-scanner.ts';
import { CLEANED_SUFFIX } from '../file-names.ts';
import type { PartitionLog } from '../partition-log.ts';
import { Segment } from '../segment.ts';
import { BatchFilter, type Verdict } from './batch-filter.ts';
import { CleanedTransactions } from './cleaned-transactions.ts';
import { KeyOffsets } from './key-offsets.ts';
import { type CompactionPlan, groupSegments, planCompaction } from './plan.ts';
import { swapSegments } from './segment-swap.ts';

/**
 * One round of compaction: of every key in the cleaned part the last record stays. Two passes as in Kafka's `Cleaner`:
 * collect the last offsets of the dirty part's keys, then write all segments below anew without what these outdate.
 */
export async function compactLog(log: PartitionLog): Promise<void> {
  const plan = planCompaction(log);
  if (plan === undefined) return;
  const keys = await collectKeys(log, plan);
  const segments = plan.segments.filter((segment) => segment.baseOffset < keys.endOffset);
  const round = new CleaningRound(log, keys, await CleanedTransactions.of(log.segments.all, keys.endOffset));
  for (const group of groupSegments(segments, plan.firstUncleanableOffset, log.config.segmentBytes, log.config.segmentIndexBytes)) {
    if (log.isClosed) return;
    await round.clean(group);
  }
  log.cleanedUpTo = keys.endOffset;
}

async function collectKeys(log: PartitionLog, plan: CompactionPlan): Promise<KeyOffsets> {
  const keys = new KeyOffsets(log.resources.compactionMemoryBytes);
  keys.endOffset = plan.firstDirtyOffset;
  const dirty = plan.segments.filter(
    (_, index) => (plan.segments[index + 1]?.baseOffset ?? plan.firstUncleanableOffset) > plan.firstDirtyOffset,
  );
  const fromFirstDirty = log.segments.all.filter(({ baseOffset }) => baseOffset >= (dirty[0]?.baseOffset ?? 0));
  const transactions = await CleanedTransactions.of(fromFirstDirty, plan.firstUncleanableOffset);
  const cursor = new RecordCursor();
  for (const segment of dirty) {
    const scanner = new BatchScanner(segment.file, 0, segment.size);
    while (scanner.next() || (await scanner.fill())) {
      if (isControlBatch(scanner.buffer, scanner.at)) transactions.passMarker(scanner.buffer, scanner.at, scanner.lastOffset);
      else if (!transactions.passData(scanner.buffer, scanner.at, scanner.lastOffset)) {
        // A round takes in one batch at least, else it would never get past a batch that fills the memory alone.
        if (keys.isFull) return keys;
        addKeys(keys, cursor, scanner.batch, plan.firstDirtyOffset);
      }
      keys.endOffset = Math.max(keys.endOffset, scanner.lastOffset + 1);
    }
  }
  keys.endOffset = plan.firstUncleanableOffset;
  return keys;
}

function addKeys(keys: KeyOffsets, cursor: RecordCursor, batch: Buffer, fromOffset: number): void {
  cursor.reset(batch);
  while (cursor.next()) {
    if (cursor.keyLength < 0 || cursor.offset < fromOffset) continue;
    keys.set(cursor.buffer.toString('latin1', cursor.keyStart, cursor.keyStart + cursor.keyLength), cursor.offset);
  }
}

/** Writes groups of segments anew, in log order. */
class CleaningRound {
  private readonly log: PartitionLog;
  private readonly filter: BatchFilter;
  private readonly transactions: CleanedTransactions;

  constructor(log: PartitionLog, keys: KeyOffsets, transactions: CleanedTransactions) {
    this.log = log;
    this.transactions = transactions;
    this.filter = new BatchFilter(keys, log.resources.clock.nowMs(), log.config.deleteRetentionMs);
  }

  async clean(group: readonly Segment[]): Promise<void> {
    const { log } = this;
    const base = group[0]!.baseOffset;
    const end = log.segments.at(log.segments.floorIndex(group[group.length - 1]!.baseOffset) + 1)!.baseOffset;
    const cleaned = new Segment(log.resources, log.directory, base, log.config, CLEANED_SUFFIX);
    // A round that failed may have left something under these names.
    cleaned.resetForRecovery();
    cleaned.file.truncate(0);
    try {
      for (const segment of group) await this.cleanInto(segment, cleaned, end);
    } catch (error) {
      cleaned.deleteFiles(log.resources.files.fs, '');
      throw error;
    }
    await swapSegments(log, group, cleaned);
  }

  /** `groupEnd` is the offset after the group. */
  private async cleanInto(segment: Segment, cleaned: Segment, groupEnd: number): Promise<void> {
    const scanner = new BatchScanner(segment.file, 0, segment.size);
    while (scanner.next() || (await scanner.fill())) {
      const { buffer, at, lastOffset } = scanner;
      const isLast = lastOffset + 1 === groupEnd;
      const verdict = this.judge(buffer, at, lastOffset, isLast, cleaned);
      const kept = this.filter.apply(scanner.batch, verdict);
      if (kept !== undefined) cleaned.append(kept, 0, kept.length, lastOffset, recordsMaxTimestamp(kept, 0));
    }
  }

  private judge(buffer: Buffer, at: number, lastOffset: number, isLast: boolean, cleaned: Segment): Verdict {
    const keepHeader = isLast || this.isLastOfProducer(buffer, at, lastOffset);
    if (!isControlBatch(buffer, at)) {
      return { discard: this.transactions.passData(buffer, at, lastOffset), emptyMarker: false, keepHeader };
    }
    const { discardable, aborted } = this.transactions.passMarker(buffer, at, lastOffset);
    if (aborted !== undefined) cleaned.transactionIndex.append(aborted);
    return { discard: false, emptyMarker: discardable, keepHeader };
  }

  /** The batch tells, after a restart without snapshot, what sequence or epoch an active producer is at. */
  private isLastOfProducer(buffer: Buffer, at: number, lastOffset: number): boolean {
    const producer = this.log.producers.producers.get(batchProducerId(buffer, at));
    if (producer === undefined) return false;
    const last = producer.batches[producer.batches.length - 1];
    if (last !== undefined) return last.lastOffset === lastOffset;
    return isControlBatch(buffer, at) && batchProducerEpoch(buffer, at) === producer.epoch;
  }
}
