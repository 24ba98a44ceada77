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

const portable = createPortableCrc32c();

/** CRC-32C (Castagnoli) of `bytes`, as an unsigned number. `initial` is the result for the bytes before them. */
export const crc32c: Crc32c = loadNative() ?? portable;

/** The same for a few dozen bytes, where a loop is over before a call into native code has begun. */
export const crc32cOfShort: Crc32c = portable;

/** The product of two polynomials modulo the CRC's, lowest power in the highest bit. (zlib: `multmodp`.) */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bits = a; bits !== 0; bits <<= 1) {
    if (bits < 0) product ^= b;
    b = b & 1 ? (b >>> 1) ^ POLYNOMIAL_REVERSED : b >>> 1;
  }
  return product;
}

/** x to the power of 8 × byte × 256^place, for each byte of a length and its place: what so many bytes multiply a CRC by. */
function createPowers(): readonly Int32Array[] {
  let step = 1 << 23; // x to the power of 8: one byte
  return Array.from({ length: 4 }, () => {
    const powers = new Int32Array(256);
    powers[0] = 1 << 31; // 1
    for (let byte = 1; byte < 256; byte++) powers[byte] = multiply(powers[byte - 1]!, step);
    step = multiply(powers[255]!, step);
    return powers;
  });
}

let powersOfLength: readonly Int32Array[] | undefined;

/**
 * The CRC-32C of two pieces of bytes, one after the other, from the CRC of each: without a look at the bytes, in some
 * 0.1 µs. `secondLength` is the second piece's, in bytes.
 */
export function combineCrc32c(first: number, second: number, secondLength: number): number {
  powersOfLength ??= createPowers();
  let shifted = first | 0;
  for (let place = 0, rest = secondLength; rest > 0; place++, rest >>>= 8) {
    if ((rest & 0xff) !== 0) shifted = multiply(shifted, powersOfLength[place]![rest & 0xff]!);
  }
  return (shifted ^ second) >>> 0;
}
