import {
  ATTRIBUTE_DELETE_HORIZON,
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchCompression,
  batchDeleteHorizon,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  COMPRESSION_NAMES,
  isControlBatch,
  isLogAppendTimeBatch,
  isTransactionalBatch,
  RecordBatchBuilder,
  RecordCursor,
  updateBatchCrc,
  writeBatchHeader,
} from '../../../protocol/index.ts';
import type { KeyOffsets } from './key-offsets.ts';

export interface Verdict {
  /** None of the records is wanted: aborted, or a marker of nothing. */
  readonly discard: boolean;
  /** The marker's transaction has no data left: it may go once its horizon has passed. */
  readonly emptyMarker: boolean;
  /** Keep the header even when no record is left, so that a sequence or an end offset is not lost. */
  readonly keepHeader: boolean;
}

/** Decides about the records of a batch and writes it anew where something changes. Kafka: `MemoryRecords.filterTo`. */
export class BatchFilter {
  private readonly keys: KeyOffsets;
  private readonly nowMs: number;
  private readonly deleteRetentionMs: number;
  private readonly cursor = new RecordCursor();
  private readonly builder = new RecordBatchBuilder();

  constructor(keys: KeyOffsets, nowMs: number, deleteRetentionMs: number) {
    this.keys = keys;
    this.nowMs = nowMs;
    this.deleteRetentionMs = deleteRetentionMs;
  }

  /** What to write in the batch's place: the batch itself, a smaller one, or undefined for nothing. */
  apply(batch: Buffer, verdict: Verdict): Buffer | undefined {
    const horizonMs = batchDeleteHorizon(batch, 0);
    if (isControlBatch(batch, 0)) return this.applyToMarker(batch, verdict, horizonMs);
    if (verdict.discard) return verdict.keepHeader ? emptied(batch) : undefined;
    let kept = 0;
    let hasTombstone = false;
    this.cursor.reset(batch);
    while (this.cursor.next()) {
      if (!this.isWanted(horizonMs)) continue;
      kept++;
      hasTombstone ||= this.cursor.valueLength < 0;
    }
    if (kept === 0) return verdict.keepHeader ? emptied(batch) : undefined;
    const setsHorizon = hasTombstone && horizonMs < 0;
    if (kept === batchRecordCount(batch, 0) && !setsHorizon) return batch;
    return this.rewrite(batch, horizonMs, setsHorizon ? this.nowMs + this.deleteRetentionMs : horizonMs);
  }

  private applyToMarker(batch: Buffer, verdict: Verdict, horizonMs: number): Buffer | undefined {
    if (batchRecordCount(batch, 0) === 0) return verdict.keepHeader ? batch : undefined;
    if (!verdict.emptyMarker) return batch;
    if (horizonMs < 0) return this.markerWithHorizon(batch);
    if (this.nowMs < horizonMs) return batch;
    return verdict.keepHeader ? emptied(batch) : undefined;
  }

  /** The cursor's record: is it the last of its key, and not a tombstone whose time has come? */
  private isWanted(horizonMs: number): boolean {
    const { cursor, keys } = this;
    if (cursor.offset >= keys.endOffset) return true;
    if (cursor.keyLength < 0) return false;
    const key = cursor.buffer.toString('latin1', cursor.keyStart, cursor.keyStart + cursor.keyLength);
    if (cursor.offset < keys.get(key)) return false;
    return cursor.valueLength >= 0 || horizonMs < 0 || this.nowMs < horizonMs;
  }

  private rewrite(batch: Buffer, oldHorizonMs: number, newHorizonMs: number): Buffer {
    const { cursor, builder } = this;
    this.begin(batch, newHorizonMs);
    cursor.reset(batch);
    while (cursor.next()) {
      if (!this.isWanted(oldHorizonMs)) continue;
      const { buffer, keyStart, keyLength, valueStart, valueLength } = cursor;
      const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
      const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
      builder.appendAt(cursor.offset, cursor.timestamp, key, value, cursor.headerCount === 0 ? undefined : cursor.headers());
    }
    return this.build(batch, false);
  }

  private markerWithHorizon(batch: Buffer): Buffer {
    this.begin(batch, this.nowMs + this.deleteRetentionMs);
    // Not rewritten yet, so its deltas are 0: length, attributes, two deltas and key length are one byte each.
    const key = BATCH_HEADER_BYTES + 5;
    this.builder.appendAt(
      batchBaseOffset(batch, 0),
      batchMaxTimestamp(batch, 0),
      batch.subarray(key, key + 4),
      batch.subarray(key + 5, key + 11),
    );
    return this.build(batch, true);
  }

  private begin(batch: Buffer, horizonMs: number): void {
    this.builder.reset();
    this.builder.setBaseOffset(batchBaseOffset(batch, 0));
    if (horizonMs >= 0) this.builder.setDeleteHorizon(horizonMs);
  }

  private build(batch: Buffer, control: boolean): Buffer {
    return this.builder.build({
      control,
      lastOffset: batchLastOffset(batch, 0),
      leaderEpoch: batchLeaderEpoch(batch, 0),
      producerId: batchProducerId(batch, 0),
      producerEpoch: batchProducerEpoch(batch, 0),
      baseSequence: batchBaseSequence(batch, 0),
      transactional: isTransactionalBatch(batch, 0),
      logAppendTime: isLogAppendTimeBatch(batch, 0),
      compression: COMPRESSION_NAMES[batchCompression(batch, 0)]!,
    });
  }
}

/** The batch without its records. Kafka: `DefaultRecordBatch.writeEmptyHeader`. */
function emptied(batch: Buffer): Buffer {
  const header = Buffer.alloc(BATCH_HEADER_BYTES);
  writeBatchHeader(header, 0, {
    lengthInBytes: BATCH_HEADER_BYTES,
    baseOffset: batchBaseOffset(batch, 0),
    leaderEpoch: batchLeaderEpoch(batch, 0),
    attributes: batchAttributes(batch, 0) & ~ATTRIBUTE_DELETE_HORIZON & ~7,
    lastOffsetDelta: batchLastOffsetDelta(batch, 0),
    baseTimestamp: -1,
    maxTimestamp: batchMaxTimestamp(batch, 0),
    producerId: batchProducerId(batch, 0),
    producerEpoch: batchProducerEpoch(batch, 0),
    baseSequence: batchBaseSequence(batch, 0),
    recordCount: 0,
  });
  updateBatchCrc(header, 0);
  return header;
}
