import { createRequire } from 'node:module';
import { MillraceError } from '../../errors.ts';

/** One compression codec. Both directions are synchronous: a shard compresses on its own thread. */
export interface CompressionCodec {
  /** `level` means what it means to the codec; those without levels ignore it. */
  compress(bytes: Uint8Array, level?: number): Uint8Array;
  /** Makes at most `maxBytes`. Throws anything for damaged input; the caller makes a MillraceError of it. */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
}

const require = createRequire(import.meta.url);

/**
 * Loads a codec's package when it is first used, so that a platform without its prebuilt binary can do everything else.
 * Throws UNSUPPORTED_COMPRESSION.
 */
export function loadPackage<T>(name: string, codec: string): T {
  try {
    return require(name) as T;
  } catch (cause) {
    throw new MillraceError(
      'UNSUPPORTED_COMPRESSION',
      `Package ${name}, needed for ${codec} compression, does not load on this platform: ${process.platform} ${process.arch}.`,
      { cause },
    );
  }
}

/** The full path of a module of a package. */
export function resolvePackage(name: string): string {
  return require.resolve(name);
}

/** Refuses output past the limit before it is made. */
export function checkOutput(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new RangeError(`it unpacks to up to ${bytes} bytes, the limit is ${maxBytes}`);
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
