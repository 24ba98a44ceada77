import { BATCH_HEADER_BYTES, batchLastOffset, batchLength } from '../../protocol/index.ts';
import type { AbortedTransaction, PartitionLogApi, ReadResult } from '../seams.ts';
import { FENCED_LEADER_EPOCH, KAFKA_STORAGE_ERROR, NONE, OFFSET_OUT_OF_RANGE, UNKNOWN_LEADER_EPOCH } from './error-codes.ts';
import type { PartitionLog } from './partition-log.ts';
import { abortedTransactionsIn, readFromSegments, retryWhenRetired } from './segment-reader.ts';

export type ReadRequest = Parameters<PartitionLogApi['read']>[0];

const EMPTY = Buffer.alloc(0);

/** A fetch: from memory when the newest batches are asked for, else from the file. Never rejects: see `errorCode`. */
export async function readLog(log: PartitionLog, request: ReadRequest): Promise<ReadResult> {
  const epochError = checkEpoch(request.currentLeaderEpoch, log.leaderEpoch);
  if (epochError !== NONE) return resultOf(log, request, epochError, EMPTY, []);
  const diverging = divergence(log, request);
  if (diverging !== undefined) {
    if (diverging.endOffset < 0) return resultOf(log, request, OFFSET_OUT_OF_RANGE, EMPTY, []);
    return { ...resultOf(log, request, NONE, EMPTY, []), divergingEpoch: diverging };
  }
  try {
    return await retryWhenRetired(() => readOnce(log, request));
  } catch (cause) {
    const message = `${log.name}: reading at offset ${request.fetchOffset} failed: ${cause instanceof Error ? cause.message : cause}`;
    log.resources.onEvent({ level: 'error', message, cause });
    return resultOf(log, request, KAFKA_STORAGE_ERROR, EMPTY, []);
  }
}

async function readOnce(log: PartitionLog, request: ReadRequest): Promise<ReadResult> {
  const { fetchOffset, readCommitted, minOneMessage } = request;
  // Nothing may be opened again behind a deletion or a stop.
  if (log.isClosed) return resultOf(log, request, KAFKA_STORAGE_ERROR, EMPTY, []);
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) return resultOf(log, request, OFFSET_OUT_OF_RANGE, EMPTY, []);
  const upperOffset = readCommitted ? log.lastStableOffset : log.highWatermark;
  if (fetchOffset >= upperOffset) {
    log.tail.wanted();
    return resultOf(log, request, NONE, EMPTY, []);
  }
  const maxBytes = Math.min(request.maxBytes, log.resources.maxReadBytes);
  let records: Buffer;
  if (fetchOffset >= log.tail.baseOffset) records = log.tail.read(fetchOffset, upperOffset, maxBytes, minOneMessage);
  else {
    records = await readFromSegments(log.segments, fetchOffset, upperOffset, maxBytes, minOneMessage);
    if (fetchOffset >= log.segments.active.baseOffset && records.length < maxBytes / 2) log.tail.wanted(); // It has caught up.
  }
  const aborted = readCommitted ? await abortedIn(log, fetchOffset, records) : [];
  return resultOf(log, request, NONE, records, aborted);
}

async function abortedIn(log: PartitionLog, fetchOffset: number, records: Buffer): Promise<AbortedTransaction[]> {
  if (records.length === 0 || !log.segments.hasAbortedTransactions) return [];
  let last = 0;
  for (let at = 0; at + BATCH_HEADER_BYTES <= records.length; at += batchLength(records, at)) last = at;
  return abortedTransactionsIn(log.segments, fetchOffset, batchLastOffset(records, last) + 1);
}

function resultOf(
  log: PartitionLog,
  request: ReadRequest,
  errorCode: number,
  records: Buffer,
  aborted: readonly AbortedTransaction[],
): ReadResult {
  return {
    errorCode,
    records,
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
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
