/**
 * What to give out of a partition's part of a fetch answer, decided batch by batch from their headers: records are not
 * looked at. (Kafka: `CompletedFetch.nextFetchedRecord`.)
 */
import { MillraceError } from '../../errors.ts';
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchLastOffset,
  batchLeaderEpoch,
  batchLength,
  batchMagic,
  batchProducerId,
  batchRecordCount,
  isControlBatch,
  isTransactionalBatch,
  MAGIC_V2,
  readControlType,
  validateBatchCrc,
} from '../../protocol/index.ts';
import type { Slice } from './fetched-records.ts';

export interface FilterRequest {
  readonly topic: string;
  readonly partition: number;
  /** As they came; the last batch may be cut off. */
  readonly records: Buffer;
  /** The offset that was asked for. */
  readonly offset: number;
  readonly checkCrcs: boolean;
  /** For read_committed; null: everything counts. */
  readonly abortedTransactions: readonly { readonly producerId: number; readonly firstOffset: number }[] | null;
}

export interface Filtered {
  /** Runs of batches to give out; empty when there is nothing but markers, aborted records and records before the offset. */
  readonly slices: readonly Slice[];
  /** Where reading goes on. */
  readonly nextOffset: number;
  /** Epoch of the leader that wrote the last batch; -1 when there was no batch. */
  readonly leaderEpoch: number;
}

/** Throws CORRUPT_RECORD naming topic, partition and offset; nothing is skipped silently. */
export function filterBatches(request: FilterRequest): Filtered {
  const { records, offset } = request;
  const aborted = request.abortedTransactions === null ? undefined : new AbortedProducers(request.abortedTransactions);
  const slices: Slice[] = [];
  let open: Slice | undefined;
  let nextOffset = offset;
  let leaderEpoch = -1;
  let at = 0;
  while (at + BATCH_HEADER_BYTES <= records.length) {
    const length = batchLength(records, at);
    checkHeader(request, at, length, nextOffset);
    if (at + length > records.length) break; // cut off: the next fetch begins with it
    if (request.checkCrcs && !validateBatchCrc(records, at)) throw corrupt(request, nextOffset, 'its CRC does not match its bytes');
    const lastOffset = batchLastOffset(records, at);
    const count = batchRecordCount(records, at);
    const isControl = isControlBatch(records, at);
    const dropped = lastOffset < offset || (aborted?.drops(records, at, lastOffset, isControl) ?? false);
    if (dropped) {
      open = undefined;
    } else if (!isControl && count > 0) {
      const baseOffset = batchBaseOffset(records, at);
      const startsBelow = baseOffset < offset;
      open = startsBelow ? undefined : open;
      if (open === undefined) {
        open = { start: at, end: at + length, firstOffset: Math.max(baseOffset, offset), nextOffset, recordCount: 0, startsBelow };
        slices.push(open);
      }
      open.end = at + length;
      open.recordCount += count;
      // A batch that has to be looked into stands alone.
      if (startsBelow) open = undefined;
    }
    nextOffset = Math.max(nextOffset, lastOffset + 1);
    const last = slices.at(-1);
    if (last !== undefined) last.nextOffset = nextOffset;
    leaderEpoch = batchLeaderEpoch(records, at);
    at += length;
  }
  if (at === 0 && records.length > 0) throw corrupt(request, nextOffset, `its first batch is not complete in ${records.length} bytes`);
  return { slices, nextOffset, leaderEpoch };
}

/** Whose open transactions were aborted, as the reading goes on. */
class AbortedProducers {
  /** By rising first offset. */
  readonly #waiting: readonly { readonly producerId: number; readonly firstOffset: number }[];
  readonly #active = new Set<number>();
  #next = 0;

  constructor(transactions: readonly { readonly producerId: number; readonly firstOffset: number }[]) {
    this.#waiting = transactions.length > 1 ? transactions.toSorted((a, b) => a.firstOffset - b.firstOffset) : transactions;
  }

  drops(records: Buffer, at: number, lastOffset: number, isControl: boolean): boolean {
    if (this.#active.size === 0 && this.#next === this.#waiting.length) return false;
    while (this.#next < this.#waiting.length && this.#waiting[this.#next]!.firstOffset <= lastOffset) {
      this.#active.add(this.#waiting[this.#next++]!.producerId);
    }
    const producerId = batchProducerId(records, at);
    if (!isControl) return isTransactionalBatch(records, at) && this.#active.has(producerId);
    if (readControlType(records, at) === 'abort') this.#active.delete(producerId);
    return false;
  }
}

function checkHeader(request: FilterRequest, at: number, length: number, offset: number): void {
  if (length < BATCH_HEADER_BYTES) throw corrupt(request, offset, `a batch claims to be ${length} bytes long`);
  const magic = batchMagic(request.records, at);
  if (magic === MAGIC_V2) return;
  throw new MillraceError(
    'UNSUPPORTED_VERSION',
    `${request.topic}-${request.partition} at offset ${offset} has records in format ${magic}; only format 2 (Kafka 0.11 and newer) can be read. Let the broker rewrite or delete them.`,
    { context: { topic: request.topic, partition: request.partition, offset } },
  );
}

function corrupt({ topic, partition }: FilterRequest, offset: number, what: string): MillraceError {
  return new MillraceError(
    'CORRUPT_RECORD',
    `${topic}-${partition} is damaged at offset ${offset}: ${what}. Seek past it to go on without it, or repair the log on the broker.`,
    { context: { topic, partition, offset } },
  );
}
