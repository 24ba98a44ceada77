import { ErrorCode } from '../../protocol/index.ts';
import type { PartitionLog } from '../log/index.ts';
import type { ReadResult } from '../seams.ts';
import type { FetchedPartition, FetchPartition } from './fetch-partition.ts';

const NO_RECORDS = Buffer.alloc(0);

/** How a fetch reads. */
export interface ReadPlan {
  readonly readCommitted: boolean;
  /** Bytes of all partitions together; only the first batch may be larger. */
  readonly maxBytes: number;
  /** Sets the error code of a partition, or its topic and log. */
  readonly find: (partition: FetchedPartition) => void;
}

/** The budget of one response. */
interface Budget {
  /** Bytes that may still be read. */
  left: number;
  /** Something was read, so the next batch need not be returned when it is too large. */
  any: boolean;
}

/**
 * Reads the stale partitions within what the others leave of the budget. All at the same time where the limit of all
 * together cannot be reached, as each read waits for a thread of libuv's pool; else one after the other, in their order.
 */
export async function readPartitions(
  partitions: readonly FetchedPartition[],
  stale: readonly FetchedPartition[],
  plan: ReadPlan,
): Promise<void> {
  for (const partition of stale) {
    releaseRecords(partition);
    partition.result = undefined;
  }
  const used = sizeOf(partitions);
  const budget: Budget = { left: plan.maxBytes - used, any: used > 0 };
  const waiting = stale.filter((partition) => !isAnswered(partition, plan));
  if (waiting.length > 1 && fitTogether(waiting, budget)) {
    const any = budget.any;
    await Promise.all(waiting.map((partition) => readOne(partition, plan.readCommitted, budget, false)));
    // With nothing read so far, the first batch there is counts, however large it is.
    if (any || budget.any) return;
  }
  for (const partition of waiting) await readOne(partition, plan.readCommitted, budget, !budget.any);
}

/** No limit but those of the partitions themselves can be reached. */
function fitTogether(partitions: readonly FetchedPartition[], budget: Budget): boolean {
  let bytes = 0;
  for (const { asked } of partitions) bytes += Math.max(asked.maxBytes, 0);
  return bytes <= budget.left;
}

/** Whether there is nothing to read, because of an error or because the reader is at the end. */
function isAnswered(partition: FetchedPartition, { find, readCommitted }: ReadPlan): boolean {
  find(partition);
  const { log, asked } = partition;
  if (log === undefined) return true;
  partition.appendedBytes = log.appendedBytes;
  if (!hasNothing(asked, log, readCommitted)) return false;
  log.tail.wanted();
  partition.result = emptyResult(asked, log, readCommitted);
  return true;
}

async function readOne(partition: FetchedPartition, readCommitted: boolean, budget: Budget, minOneMessage: boolean): Promise<void> {
  const { asked, log } = partition;
  if (log === undefined) return;
  const result = await log.read({
    fetchOffset: asked.fetchOffset,
    maxBytes: Math.max(Math.min(asked.maxBytes, budget.left), 0),
    minOneMessage,
    readCommitted,
    currentLeaderEpoch: asked.currentLeaderEpoch,
    lastFetchedEpoch: asked.lastFetchedEpoch,
  });
  partition.result = result;
  partition.errorCode = result.errorCode;
  budget.left -= result.records.length;
  if (result.records.length > 0) budget.any = true;
}

/** The reader is at the end and there is nothing else to tell it: most partitions of most fetches. */
function hasNothing(asked: FetchPartition, log: PartitionLog, readCommitted: boolean): boolean {
  const end = readCommitted ? log.lastStableOffset : log.highWatermark;
  const epochKnown = asked.currentLeaderEpoch < 0 || asked.currentLeaderEpoch === log.leaderEpoch;
  return asked.fetchOffset === end && epochKnown && asked.lastFetchedEpoch < 0 && !log.isClosed;
}

function emptyResult(asked: FetchPartition, log: PartitionLog, readCommitted: boolean): ReadResult {
  return {
    errorCode: ErrorCode.NONE,
    records: NO_RECORDS,
    nextOffset: asked.fetchOffset,
    release: undefined,
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.logStartOffset,
    abortedTransactions: readCommitted ? [] : null,
  };
}

/** Lets the memory of a partition's records be used again. */
export function releaseRecords({ result }: FetchedPartition): void {
  result?.release?.();
}

/** Bytes of records read so far. */
export function sizeOf(partitions: readonly FetchedPartition[]): number {
  let bytes = 0;
  for (const { result } of partitions) if (result !== undefined) bytes += result.records.length;
  return bytes;
}

/** Enough was read, or waiting would bring no more, or there is something that the client must learn at once. */
export function isComplete(partitions: readonly FetchedPartition[], minBytes: number, readCommitted: boolean): boolean {
  if (partitions.length === 0) return true;
  let bytes = 0;
  for (const { errorCode, result } of partitions) {
    if (errorCode !== ErrorCode.NONE || result === undefined || result.divergingEpoch !== undefined) return true;
    bytes += result.records.length;
    // There is more already: what was read is limited by the request, or by where a file ends.
    if (result.nextOffset < (readCommitted ? result.lastStableOffset : result.highWatermark)) return true;
  }
  return bytes >= minBytes;
}
