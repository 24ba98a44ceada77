import { createRequire } from 'node:module';

/** CRC-32C as Kafka's record batches use it: over bytes, continuing from an earlier result. */
type Crc32c = (bytes: Uint8Array, initial?: number) => number;

const POLYNOMIAL_REVERSED = 0x82f63b78;

/** The table-driven form, for platforms without the native package. About 400 MB/s where native does 10 GB/s. */
export function createPortableCrc32c(): Crc32c {
  const table = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL_REVERSED : value >>> 1;
    table[index] = value >>> 0;
  }
  return (bytes, initial = 0) => {
    let crc = ~initial;
    for (let index = 0; index < bytes.length; index++) {
      crc = (crc >>> 8) ^ table[(crc ^ bytes[index]!) & 0xff]!;
    }
    return ~crc >>> 0;
  };
}

function loadNative(): Crc32c | undefined {
  try {
    const native: { crc32c: Crc32c } = createRequire(import.meta.url)('@node-rs/crc32');
    return native.crc32c;
  } catch {
    // No prebuilt binary for this platform: slower, but right.
    return undefined;
  }
}

/** CRC-32C (Castagnoli) of `bytes`, as an unsigned number. `initial` is the result for the bytes before them. */
export const crc32c: Crc32c = loadNative() ?? createPortableCrc32c();
