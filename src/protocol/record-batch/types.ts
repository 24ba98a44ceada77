import type { CompressionName } from '../compression/index.ts';

/** Record headers in their order; a key may occur more than once. */
export type Headers = readonly (readonly [key: string, value: Uint8Array | null])[];

/** What a serde looks like from here: {@link RecordBatchBuilder.appendWith} needs no more of it. */
export interface FieldWriter<T> {
  serialize(value: T, topic: string): Uint8Array;
  /** Writes at `offset` where `room` bytes are free; the bytes written, or -1 when they do not fit. */
  writeInto?(value: T, target: Buffer, offset: number, room: number): number;
}

/**
 * How finished batches are to look to whoever sends them. What costs time is done where records are written: there are
 * many shards, and only one thread that sends.
 */
export interface BatchFormat {
  readonly compression: CompressionName;
  /** Codec-specific; undefined: the codec's own default. */
  readonly compressionLevel: number | undefined;
  /** Each batch comes with the CRC-32C of its records, so that the sender needs to look at the header only. */
  readonly recordsCrc: boolean;
  /** They may lie in memory that threads share and that is used again once they are committed. Default false. */
  readonly shared?: boolean;
}

/** Gives memory for a finished batch of so many bytes. */
export type BatchMemory = (length: number) => Buffer;

/** Batches as they are written: nothing compressed, no CRC. */
export const PLAIN_BATCHES: BatchFormat = { compression: 'none', compressionLevel: undefined, recordsCrc: false };
