import { readInt16, readInt32, writeInt16, writeInt32 } from '../primitives/int64.ts';
import { RecordBatchBuilder } from './builder.ts';
import { BATCH_HEADER_BYTES, batchRecordCount } from './header.ts';

/** 4 in zigzag: version and type. */
const CONTROL_KEY_LENGTH = 8;

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
  const key = controlKeyAt(buffer, position);
  if (key < 0) return 'other';
  const type = readInt16(buffer, key + 2);
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other';
}

/** The coordinator epoch in the marker at `position`, which must be complete in `buffer`; -1 when it is no marker. */
export function readCoordinatorEpoch(buffer: Uint8Array, position: number): number {
  const key = controlKeyAt(buffer, position);
  // The key's 4 bytes, the value's length and the value's version lie before it.
  return key < 0 || key + 11 > buffer.length ? -1 : readInt32(buffer, key + 7);
}

/**
 * Where the 4 bytes of the key of the one record in a control batch start; -1 when there is no such record. The fields
 * before it are varints: compaction gives markers a timestamp delta of several bytes.
 */
function controlKeyAt(buffer: Uint8Array, position: number): number {
  if (batchRecordCount(buffer, position) < 1) return -1;
  let at = afterVarint(buffer, position + BATCH_HEADER_BYTES) + 1; // length, attributes
  at = afterVarint(buffer, afterVarint(buffer, at)); // timestamp delta, offset delta
  return buffer[at] === CONTROL_KEY_LENGTH && at + 5 <= buffer.length ? at + 1 : -1;
}

function afterVarint(buffer: Uint8Array, at: number): number {
  while (at < buffer.length && buffer[at]! >= 0x80) at++;
  return at + 1;
}
