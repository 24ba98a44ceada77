import type { AbortedTransaction, PartitionLogApi, ReadResult } from '../seams.ts';
import { FENCED_LEADER_EPOCH, KAFKA_STORAGE_ERROR, NONE, OFFSET_OUT_OF_RANGE, UNKNOWN_LEADER_EPOCH } from './error-codes.ts';
import type { PartitionLog } from './partition-log.ts';
import { noRecords, type RecordBytes } from './record-bytes.ts';
import { abortedTransactionsIn, readFromSegments, retryWhenRetired } from './segment-reader.ts';

export type ReadRequest = Parameters<PartitionLogApi['read']>[0];

/** A fetch: from memory when the newest batches are asked for, else from the file. Never rejects: see `errorCode`. */
export async function readLog(log: PartitionLog, request: ReadRequest): Promise<ReadResult> {
  const epochError = checkEpoch(request.currentLeaderEpoch, log.leaderEpoch);
  if (epochError !== NONE) return resultOf(log, request, epochError, noRecords(request.fetchOffset), []);
  const diverging = divergence(log, request);
  if (diverging !== undefined) {
    if (diverging.endOffset < 0) return resultOf(log, request, OFFSET_OUT_OF_RANGE, noRecords(request.fetchOffset), []);
    return { ...resultOf(log, request, NONE, noRecords(request.fetchOffset), []), divergingEpoch: diverging };
  }
  try {
    return await retryWhenRetired(() => readOnce(log, request));
  } catch (cause) {
    const message = `${log.name}: reading at offset ${request.fetchOffset} failed: ${cause instanceof Error ? cause.message : cause}`;
    log.resources.onEvent({ level: 'error', message, cause });
    return resultOf(log, request, KAFKA_STORAGE_ERROR, noRecords(request.fetchOffset), []);
  }
}

async function readOnce(log: PartitionLog, request: ReadRequest): Promise<ReadResult> {
  const { fetchOffset, readCommitted, minOneMessage } = request;
  // Nothing may be opened again behind a deletion or a stop.
  if (log.isClosed) return resultOf(log, request, KAFKA_STORAGE_ERROR, noRecords(request.fetchOffset), []);
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset)
    return resultOf(log, request, OFFSET_OUT_OF_RANGE, noRecords(fetchOffset), []);
  const upperOffset = readCommitted ? log.lastStableOffset : log.highWatermark;
  if (fetchOffset >= upperOffset) {
    log.tail.wanted();
    return resultOf(log, request, NONE, noRecords(fetchOffset), []);
  }
  const maxBytes = Math.min(request.maxBytes, log.resources.maxReadBytes);
  // What is appended while the file is read is not in the result, so its ends must not be either.
  const ends: Ends = { highWatermark: log.highWatermark, lastStableOffset: log.lastStableOffset };
  let read: RecordBytes;
  if (fetchOffset >= log.tail.baseOffset) read = log.tail.read(fetchOffset, upperOffset, maxBytes, minOneMessage);
  else {
    read = await readFromSegments(log, fetchOffset, upperOffset, maxBytes, minOneMessage);
    if (fetchOffset >= log.segments.active.baseOffset && read.records.length < maxBytes / 2) log.tail.wanted(); // It has caught up.
  }
  const aborted = readCommitted ? await abortedIn(log, fetchOffset, read) : [];
  return resultOf(log, request, NONE, read, aborted, ends);
}

async function abortedIn(log: PartitionLog, fetchOffset: number, { records, nextOffset }: RecordBytes): Promise<AbortedTransaction[]> {
  if (records.length === 0 || !log.segments.hasAbortedTransactions) return [];
  return abortedTransactionsIn(log.segments, fetchOffset, nextOffset);
}

type Ends = Pick<ReadResult, 'highWatermark' | 'lastStableOffset'>;

function resultOf(
  log: PartitionLog,
  request: ReadRequest,
  errorCode: number,
  { records, nextOffset, release }: RecordBytes,
  aborted: readonly AbortedTransaction[],
  { highWatermark, lastStableOffset }: Ends = log,
): ReadResult {
  return {
    errorCode,
    records,
    nextOffset,
    release,
    highWatermark,
    lastStableOffset,
    logStartOffset: log.logStartOffset,
    abortedTransactions: request.readCommitted ? aborted : null,
  };
}

/** KIP-320: a reader with an older epoch must refresh its metadata; one with a newer epoch knows more than we do. */
function checkEpoch(asked: number, current: number): number {
  if (asked < 0 || asked === current) return NONE;
  return asked < current ? FENCED_LEADER_EPOCH : UNKNOWN_LEADER_EPOCH;
}

/** Where the reader's copy of the log and ours part; an end offset of -1 when that is not known. */
function divergence(log: PartitionLog, request: ReadRequest): { epoch: number; endOffset: number } | undefined {
  if (request.lastFetchedEpoch < 0) return undefined;
  const end = log.endOffsetForEpoch(request.lastFetchedEpoch);
  const diverges = end.endOffset < 0 || end.epoch < request.lastFetchedEpoch || end.endOffset < request.fetchOffset;
  return diverges ? end : undefined;
}
