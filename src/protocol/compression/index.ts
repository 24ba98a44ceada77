/** Kafka's compression codecs by their number in a batch's attributes. */
import { isMillraceError, MillraceError } from '../../errors.ts';
import { asBuffer, type CompressionCodec } from './codec.ts';
import { gzip } from './gzip.ts';
import { lz4 } from './lz4.ts';
import { snappy } from './snappy.ts';
import { zstd } from './zstd.ts';

/** The codecs' names as in `compression.type`, at their number. */
export const COMPRESSION_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CompressionName = (typeof COMPRESSION_NAMES)[number];

/** At their number, less one. */
const CODECS: readonly CompressionCodec[] = [gzip, snappy, lz4, zstd];

/** Most bytes that the records of one batch may unpack to, unless the caller says otherwise. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

/** The number of a codec. Throws UNSUPPORTED_COMPRESSION. */
export function compressionId(name: CompressionName): number {
  const id = COMPRESSION_NAMES.indexOf(name);
  if (id < 0) throw unknownCodec(name);
  return id;
}

/** Compresses with codec number `id` (0 gives the same bytes). Throws UNSUPPORTED_COMPRESSION for an unknown codec. */
export function compress(id: number, bytes: Uint8Array, level?: number): Uint8Array {
  return id === 0 ? bytes : codecOf(id).compress(bytes, level);
}

/**
 * Undoes codec number `id`. Never makes more than `maxBytes`: damaged or hostile input ends in a MillraceError with
 * CORRUPT_RECORD, an unknown codec in UNSUPPORTED_COMPRESSION.
 */
export function decompress(id: number, bytes: Uint8Array, maxBytes = MAX_DECOMPRESSED_BYTES): Buffer {
  if (id === 0) return asBuffer(bytes);
  const codec = codecOf(id);
  try {
    return asBuffer(codec.decompress(bytes, maxBytes));
  } catch (cause) {
    if (isMillraceError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('CORRUPT_RECORD', `${bytes.length} bytes of ${COMPRESSION_NAMES[id]} do not unpack: ${reason}`, { cause });
  }
}

function codecOf(id: number): CompressionCodec {
  const codec = CODECS[id - 1];
  if (codec === undefined) throw unknownCodec(id);
  return codec;
}

function unknownCodec(codec: number | string): MillraceError {
  return new MillraceError('UNSUPPORTED_COMPRESSION', `There is no compression codec ${codec}; known are ${COMPRESSION_NAMES.join(', ')}.`);
}
