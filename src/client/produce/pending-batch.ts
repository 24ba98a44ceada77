import { MillraceError } from '../../errors.ts';
import {
  ATTRIBUTE_TRANSACTIONAL,
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchLastOffsetDelta,
  batchLength,
  setBatchAttributes,
  setBatchProducer,
  updateBatchCrc,
  updateBatchCrcFrom,
} from '../../protocol/index.ts';

/** Told once per batch: its offset (-1 with acks 0), or why it was not written. */
export type Delivered = (error: MillraceError | undefined, baseOffset: number) => void;

/** Who a batch is from. */
export interface ProducerIdentity {
  readonly id: number;
  readonly epoch: number;
}

export const NOBODY: ProducerIdentity = { id: -1, epoch: -1 };

const MAX_SEQUENCE = 0x7fffffff;

/** The sequence number `count` records on; after 2^31-1 comes 0. (Kafka: `DefaultRecordBatch.incrementSequence`.) */
export function sequenceAfter(sequence: number, count: number): number {
  return sequence > MAX_SEQUENCE - count ? count - (MAX_SEQUENCE - sequence) - 1 : sequence + count;
}

/** One record batch on its way. */
export class PendingBatch {
  readonly bytes: Buffer;
  /** What the sequence number grows by: deltas, not records, count, though a producer's batches have no gaps. */
  readonly sequenceCount: number;
  /** On the clock of `performance.now`. */
  readonly deadlineMs: number;
  readonly delivered: Delivered;
  /** CRC-32C of the records; undefined where nobody has computed it. */
  readonly #recordsCrc: number | undefined;
  /** -1: not decided. Once it is, repetitions keep it, since the broker may have the batch already. */
  sequence = -1;
  inFlight = false;

  constructor(bytes: Buffer, deadlineMs: number, delivered: Delivered, recordsCrc?: number) {
    this.bytes = bytes;
    this.sequenceCount = batchLastOffsetDelta(bytes, 0) + 1;
    this.deadlineMs = deadlineMs;
    this.delivered = delivered;
    this.#recordsCrc = recordsCrc;
  }

  /** Writes who it is from into the batch, and its CRC. */
  stamp({ id, epoch }: ProducerIdentity, sequence: number, transactional: boolean): void {
    this.sequence = sequence;
    setBatchProducer(this.bytes, 0, id, epoch, id < 0 ? -1 : sequence);
    const attributes = batchAttributes(this.bytes, 0);
    setBatchAttributes(this.bytes, 0, transactional ? attributes | ATTRIBUTE_TRANSACTIONAL : attributes & ~ATTRIBUTE_TRANSACTIONAL);
    if (this.#recordsCrc === undefined) updateBatchCrc(this.bytes, 0);
    else updateBatchCrcFrom(this.bytes, 0, this.#recordsCrc);
  }
}

/** The batches that lie back to back in `bytes`, as views. Throws INVALID_STATE for anything else than whole batches. */
export function splitBatches(topic: string, partition: number, bytes: Uint8Array): Buffer[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batches: Buffer[] = [];
  for (let at = 0; at < buffer.length; ) {
    const length = buffer.length - at < BATCH_HEADER_BYTES ? 0 : batchLength(buffer, at);
    if (length < BATCH_HEADER_BYTES || at + length > buffer.length) {
      throw new MillraceError(
        'INVALID_STATE',
        `What was to be produced to ${topic}-${partition} is no record batch at byte ${at} of ${buffer.length}.`,
        {
          context: { topic, partition },
        },
      );
    }
    batches.push(buffer.subarray(at, at + length));
    at += length;
  }
  return batches;
}
