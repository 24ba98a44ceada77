/**
 * Kafka's compression codecs by their number in a batch's attributes. Synchronous: a shard compresses on its own thread.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { MillraceError } from '../../errors.ts';

/** The codecs' names as in `compression.type`, at their number. */
export const COMPRESSION_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CompressionName = (typeof COMPRESSION_NAMES)[number];

/** Most bytes that the records of one batch may unpack to, unless the caller says otherwise. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

/** The number of a codec. */
export function compressionId(name: CompressionName): number {
  const id = COMPRESSION_NAMES.indexOf(name);
  if (id < 0) throw unsupported(name);
  return id;
}

/** Compresses with codec number `id`; `level` means what it means to that codec. */
export function compress(id: number, bytes: Uint8Array, level?: number): Uint8Array {
  if (id === 0) return bytes;
  if (id === 1) return gzipSync(bytes, level === undefined ? {} : { level });
  throw unsupported(id);
}

/**
 * Undoes codec number `id`. Never makes more than `maxBytes`: damaged or hostile input ends in a MillraceError with
 * CORRUPT_RECORD, an unknown codec in UNSUPPORTED_COMPRESSION.
 */
export function decompress(id: number, bytes: Uint8Array, maxBytes = MAX_DECOMPRESSED_BYTES): Buffer {
  if (id === 0) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (id === 1) return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw new MillraceError('CORRUPT_RECORD', `Records compressed with ${COMPRESSION_NAMES[id]} do not unpack.`, { cause });
  }
  throw unsupported(id);
}

function unsupported(codec: number | string): MillraceError {
  return new MillraceError('UNSUPPORTED_COMPRESSION', `There is no compression codec ${codec}; known are ${COMPRESSION_NAMES.join(', ')}.`);
}
