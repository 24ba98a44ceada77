import { type Headers, RecordBatchBuilder } from '../../protocol/index.ts';
import type { FetchedBatch } from '../transport.ts';
import type { NativeHeader, NativeMessage } from './native.ts';

/** A batch is closed at this size, so that one poll of large records does not make one huge buffer. */
const MAX_PACKED_BYTES = 1024 * 1024;
const MAX_OFFSET_DELTA = 0x7fffffff;
const INITIAL_BYTES = 64 * 1024;

/** The batch being built of one partition; kept between polls for its memory. */
class PartitionPacker {
  readonly topic: string;
  readonly partition: number;
  readonly builder = new RecordBatchBuilder(INITIAL_BYTES);
  firstOffset = -1;
  lastOffset = -1;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }
}

/**
 * Turns the binding's message objects into record batches, at once: each key and value holds memory outside the heap
 * until it is collected. This runs once per record on the one main thread, so it allocates nothing per record.
 */
export class Packer {
  readonly #topics = new Map<string, (PartitionPacker | undefined)[]>();

  /** One batch per partition, in order of appearance; more where one would grow too large. */
  pack(messages: readonly NativeMessage[]): FetchedBatch[] {
    const batches: FetchedBatch[] = [];
    const open: PartitionPacker[] = [];
    let current: PartitionPacker | undefined;
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index] as NativeMessage;
      if (current === undefined || current.partition !== message.partition || current.topic !== message.topic) {
        current = this.#of(message.topic, message.partition);
      }
      const { offset } = message;
      if (current.firstOffset < 0) {
        open.push(current);
        current.firstOffset = offset;
      } else if (mustClose(current, offset)) {
        batches.push(close(current));
        current.firstOffset = offset;
      }
      current.lastOffset = offset;
      current.builder.appendAt(
        offset,
        message.timestamp,
        message.key,
        message.value,
        message.headers === undefined ? undefined : headersOf(message.headers),
      );
    }
    for (const packer of open) {
      batches.push(close(packer));
      packer.firstOffset = -1;
    }
    return batches;
  }

  /** Gives back the memory of partitions that are not read any more. */
  forget(): void {
    this.#topics.clear();
  }

  #of(topic: string, partition: number): PartitionPacker {
    let partitions = this.#topics.get(topic);
    if (partitions === undefined) {
      partitions = [];
      this.#topics.set(topic, partitions);
    }
    const known = partitions[partition];
    if (known !== undefined) return known;
    const packer = new PartitionPacker(topic, partition);
    partitions[partition] = packer;
    return packer;
  }
}

/** Offsets fall when the partition was sought back, and a batch holds 2^31 offsets. */
function mustClose(packer: PartitionPacker, offset: number): boolean {
  return offset <= packer.lastOffset || packer.builder.sizeInBytes > MAX_PACKED_BYTES || offset - packer.firstOffset > MAX_OFFSET_DELTA;
}

function close(packer: PartitionPacker): FetchedBatch {
  const { builder, topic, partition, firstOffset, lastOffset } = packer;
  const recordCount = builder.recordCount;
  const bytes = builder.build({ crc: false });
  builder.reset();
  return { topic, partition, firstOffset, nextOffset: lastOffset + 1, recordCount, bytes };
}

/** The binding gives an array of objects with one property each; duplicates are kept. A null value arrives as empty. */
function headersOf(native: readonly NativeHeader[]): Headers {
  const headers: [string, Uint8Array | null][] = [];
  for (const header of native) for (const name of Object.keys(header)) headers.push([name, header[name] ?? null]);
  return headers;
}
