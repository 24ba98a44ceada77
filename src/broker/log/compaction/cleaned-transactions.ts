import { batchProducerId, isTransactionalBatch, readControlType } from '../../../protocol/index.ts';
import type { Segment } from '../segment.ts';
import { type AbortedTransactionEntry, decodeTransactionIndex } from '../transaction-index.ts';

interface OpenAborted {
  readonly entry: AbortedTransactionEntry;
  /** A batch of it is still in the log. */
  seen: boolean;
}

/**
 * Follows transactions while batches pass in log order: which data was aborted, and which markers have no data left
 * before them. Kafka: `CleanedTransactionMetadata`.
 */
export class CleanedTransactions {
  private readonly aborted: AbortedTransactionEntry[];
  private nextAborted = 0;
  private readonly openAborted = new Map<number, OpenAborted>();
  private readonly openCommitted = new Set<number>();

  constructor(aborted: AbortedTransactionEntry[]) {
    this.aborted = aborted.sort((left, right) => left.firstOffset - right.firstOffset);
  }

  /**
   * For a walk over `[first of segments, endOffset)`. `segments` go on to the end of the log: an abort's index entry lies
   * with its marker, which may be behind the part that is cleaned. Kafka: `UnifiedLog.collectAbortedTransactions`.
   */
  static async of(segments: readonly Segment[], endOffset: number): Promise<CleanedTransactions> {
    const aborted: AbortedTransactionEntry[] = [];
    for (const segment of segments) {
      if (segment.transactionIndex.entryCount > 0) aborted.push(...decodeTransactionIndex(await segment.transactionIndex.load()));
    }
    return new CleanedTransactions(aborted.filter(({ firstOffset }) => firstOffset < endOffset));
  }

  /** True when the batch belongs to an aborted transaction. */
  passData(buffer: Buffer, at: number, lastOffset: number): boolean {
    this.advance(lastOffset);
    if (!isTransactionalBatch(buffer, at)) return false;
    const producerId = batchProducerId(buffer, at);
    const aborted = this.openAborted.get(producerId);
    if (aborted !== undefined) {
      aborted.seen = true;
      return true;
    }
    this.openCommitted.add(producerId);
    return false;
  }

  /**
   * Whether a marker still marks something. `aborted` is the index entry of a transaction that must stay known, because
   * some of its data is still there.
   */
  passMarker(
    buffer: Buffer,
    at: number,
    lastOffset: number,
  ): { readonly discardable: boolean; readonly aborted?: AbortedTransactionEntry } {
    this.advance(lastOffset);
    const producerId = batchProducerId(buffer, at);
    const type = readControlType(buffer, at);
    if (type === 'abort') {
      const open = this.openAborted.get(producerId);
      this.openAborted.delete(producerId);
      return open?.seen === true ? { discardable: false, aborted: open.entry } : { discardable: true };
    }
    if (type === 'commit') return { discardable: !this.openCommitted.delete(producerId) };
    // An emptied marker was discarded before; unknown kinds of control records stay.
    return { discardable: buffer.readInt32BE(at + 57) === 0 };
  }

  private advance(offset: number): void {
    for (;;) {
      const next = this.aborted[this.nextAborted];
      if (next === undefined || next.firstOffset > offset) return;
      this.openAborted.set(next.producerId, { entry: next, seen: false });
      this.nextAborted++;
    }
  }
}
