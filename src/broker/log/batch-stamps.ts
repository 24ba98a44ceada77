import {
  ATTRIBUTE_LOG_APPEND_TIME,
  batchAttributes,
  batchBaseSequence,
  batchLastOffsetDelta,
  batchProducerEpoch,
  isTransactionalBatch,
  setBatchAttributes,
  setBatchMaxTimestamp,
  updateBatchCrc,
} from '../../protocol/index.ts';
import type { DataBatch } from './producer-states.ts';
import { sequencePlus } from './sequences.ts';

/** What idempotence and transactions need of a batch. */
export function describeProducer(batch: Buffer, producerId: number): DataBatch {
  const firstSequence = batchBaseSequence(batch, 0);
  return {
    producerId,
    epoch: batchProducerEpoch(batch, 0),
    firstSequence,
    lastSequence: firstSequence < 0 ? -1 : sequencePlus(firstSequence, batchLastOffsetDelta(batch, 0)),
    transactional: isTransactionalBatch(batch, 0),
  };
}

/** Gives all records of the batch the broker's time, and the batch the CRC that goes with it. */
export function stampAppendTime(batch: Buffer, position: number, timestampMs: number): void {
  setBatchAttributes(batch, position, batchAttributes(batch, position) | ATTRIBUTE_LOG_APPEND_TIME);
  setBatchMaxTimestamp(batch, position, timestampMs);
  updateBatchCrc(batch, position);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
