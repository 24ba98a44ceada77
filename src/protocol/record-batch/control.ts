import { readInt16, writeInt16, writeInt32 } from '../primitives/int64.ts';
import { RecordBatchBuilder } from './builder.ts';
import { BATCH_HEADER_BYTES, batchRecordCount } from './header.ts';

/** What a control batch says; the numbers are Kafka's `ControlRecordType`. */
export type ControlType = 'abort' | 'commit' | 'other';

export interface EndTransactionMarker {
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly commit: boolean;
  readonly coordinatorEpoch: number;
  /** Default -1. */
  readonly leaderEpoch?: number;
}

/** The batch that ends a transaction in one partition (Kafka: `MemoryRecords.withEndTransactionMarker`). */
export function buildEndTransactionMarker(marker: EndTransactionMarker): Buffer {
  const key = Buffer.alloc(4); // version 0, then the type
  writeInt16(key, 2, marker.commit ? 1 : 0);
  const value = Buffer.alloc(6); // version 0, then the coordinator's epoch
  writeInt32(value, 2, marker.coordinatorEpoch);
  const builder = new RecordBatchBuilder(256);
  builder.appendAt(marker.offset, marker.timestamp, key, value);
  return builder.build({
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    leaderEpoch: marker.leaderEpoch ?? -1,
    transactional: true,
    control: true,
  });
}

/** The type of the control batch at `position`, which must be complete in `buffer`. */
export function readControlType(buffer: Uint8Array, position: number): ControlType {
  if (batchRecordCount(buffer, position) < 1) return 'other';
  // Length, attributes, timestamp delta 0, offset delta 0 and key length are one byte each in the one record of a marker.
  const key = position + BATCH_HEADER_BYTES + 5;
  if (buffer[key - 1] !== 8) return 'other';
  const type = readInt16(buffer, key + 2);
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other';
}
