/**
 * `.snapshot`: the producers of a partition as of the offset in the file's name, in Kafka's format version 1
 * (`ProducerStateManager`): version int16, CRC-32C uint32 of what follows, then an array of entries.
 *
 * Kafka keeps only the last batch of each producer there, so that after a restart retries of the batches before it are
 * refused. Here an extension behind the array, which Kafka does not read, has the other remembered batches.
 */
import { crc32c, readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from '../../protocol/index.ts';
import type { ProducerState, RememberedBatch } from './producer-states.ts';

const VERSION = 1;
const CRC_AT = 2;
const COUNT_AT = 6;
const HEADER_BYTES = 10;
const ENTRY_BYTES = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;
/** `MRWB` */
const EXTENSION_MAGIC = 0x4d525742;
/** Index of the producer (int32), then as in an entry: sequence, offset, delta, timestamp. */
const EXTENSION_ENTRY_BYTES = 4 + 4 + 8 + 4 + 8;

export function encodeProducerSnapshot(producers: ReadonlyMap<number, ProducerState>): Buffer {
  let earlierBatches = 0;
  for (const state of producers.values()) earlierBatches += Math.max(state.batches.length - 1, 0);
  const extensionAt = HEADER_BYTES + producers.size * ENTRY_BYTES;
  const snapshot = Buffer.alloc(extensionAt + 8 + earlierBatches * EXTENSION_ENTRY_BYTES);
  writeInt16(snapshot, 0, VERSION);
  writeInt32(snapshot, COUNT_AT, producers.size);
  let extension = writeInt32(snapshot, writeInt32(snapshot, extensionAt, EXTENSION_MAGIC), earlierBatches);
  let index = 0;
  for (const state of producers.values()) {
    writeEntry(snapshot, HEADER_BYTES + index * ENTRY_BYTES, state);
    for (const batch of state.batches.slice(0, -1)) extension = writeEarlierBatch(snapshot, extension, index, batch);
    index++;
  }
  writeInt32(snapshot, CRC_AT, crc32c(snapshot.subarray(COUNT_AT)));
  return snapshot;
}

/** Undefined when the bytes are not a whole, undamaged snapshot. `seenMs` is when the producers count as last heard of. */
export function decodeProducerSnapshot(snapshot: Buffer, seenMs: number): ProducerState[] | undefined {
  if (snapshot.length < HEADER_BYTES || readInt16(snapshot, 0) !== VERSION) return undefined;
  if (crc32c(snapshot.subarray(COUNT_AT)) !== readInt32(snapshot, CRC_AT) >>> 0) return undefined;
  const count = readInt32(snapshot, COUNT_AT);
  const extensionAt = HEADER_BYTES + count * ENTRY_BYTES;
  if (count < 0 || extensionAt > snapshot.length) return undefined;
  const earlier = readEarlierBatches(snapshot, extensionAt, count);
  const states: ProducerState[] = [];
  for (let index = 0; index < count; index++) {
    states.push(readEntry(snapshot, HEADER_BYTES + index * ENTRY_BYTES, earlier.get(index) ?? [], seenMs));
  }
  return states;
}

function writeEntry(snapshot: Buffer, at: number, state: ProducerState): void {
  const last = state.batches[state.batches.length - 1];
  at = writeInt64(snapshot, at, state.producerId);
  at = writeInt16(snapshot, at, state.epoch);
  at = writeInt32(snapshot, at, last?.lastSequence ?? -1);
  at = writeInt64(snapshot, at, last?.lastOffset ?? -1);
  at = writeInt32(snapshot, at, last?.offsetDelta ?? 0);
  at = writeInt64(snapshot, at, state.lastTimestampMs);
  at = writeInt32(snapshot, at, state.coordinatorEpoch);
  writeInt64(snapshot, at, state.transactionStart);
}

function readEntry(snapshot: Buffer, at: number, earlier: RememberedBatch[], seenMs: number): ProducerState {
  const lastOffset = readInt64(snapshot, at + 14);
  const lastTimestampMs = readInt64(snapshot, at + 26);
  const batches = earlier;
  if (lastOffset >= 0) {
    batches.push({
      lastSequence: readInt32(snapshot, at + 10),
      lastOffset,
      offsetDelta: readInt32(snapshot, at + 22),
      timestampMs: lastTimestampMs,
    });
  }
  return {
    producerId: readInt64(snapshot, at),
    epoch: readInt16(snapshot, at + 8),
    batches,
    coordinatorEpoch: readInt32(snapshot, at + 34),
    lastTimestampMs,
    lastSeenMs: seenMs,
    transactionStart: readInt64(snapshot, at + 38),
  };
}

function writeEarlierBatch(snapshot: Buffer, at: number, index: number, batch: RememberedBatch): number {
  at = writeInt32(snapshot, at, index);
  at = writeInt32(snapshot, at, batch.lastSequence);
  at = writeInt64(snapshot, at, batch.lastOffset);
  at = writeInt32(snapshot, at, batch.offsetDelta);
  return writeInt64(snapshot, at, batch.timestampMs);
}

function readEarlierBatches(snapshot: Buffer, at: number, producers: number): Map<number, RememberedBatch[]> {
  const earlier = new Map<number, RememberedBatch[]>();
  if (snapshot.length < at + 8 || readInt32(snapshot, at) !== EXTENSION_MAGIC) return earlier;
  const count = Math.min(readInt32(snapshot, at + 4), Math.floor((snapshot.length - at - 8) / EXTENSION_ENTRY_BYTES));
  for (let entry = 0; entry < count; entry++) {
    const from = at + 8 + entry * EXTENSION_ENTRY_BYTES;
    const index = readInt32(snapshot, from);
    if (index < 0 || index >= producers) continue;
    const batches = earlier.get(index) ?? [];
    batches.push({
      lastSequence: readInt32(snapshot, from + 4),
      lastOffset: readInt64(snapshot, from + 8),
      offsetDelta: readInt32(snapshot, from + 16),
      timestampMs: readInt64(snapshot, from + 20),
    });
    earlier.set(index, batches);
  }
  return earlier;
}
