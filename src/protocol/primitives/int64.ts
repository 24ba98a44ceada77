/**
 * 64-bit integers as JavaScript numbers. Offsets, timestamps and producer ids stay below 2^53 in practice, so no BigInt
 * is made per field. Larger magnitudes lose their low bits on reading; on writing, anything at or past ±2^63 saturates.
 */

const TWO_32 = 0x1_0000_0000;
const TWO_63 = 0x8000_0000_0000_0000;

/** What Kafka's `Long.MAX_VALUE` becomes as a number; writing it gives `Long.MAX_VALUE` again. */
export const INT64_MAX = TWO_63;

/** The caller guarantees that 8 bytes are there. */
export function readInt64(buffer: Uint8Array, at: number): number {
  const high = (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
  const low = ((buffer[at + 4]! << 24) | (buffer[at + 5]! << 16) | (buffer[at + 6]! << 8) | buffer[at + 7]!) >>> 0;
  return high * TWO_32 + low;
}

/** Fractions are cut off towards minus infinity, NaN becomes 0. Returns the position after the 8 bytes. */
export function writeInt64(buffer: Uint8Array, at: number, value: number): number {
  let high: number;
  let low: number;
  if (value >= TWO_63) {
    high = 0x7fffffff;
    low = -1;
  } else if (value <= -TWO_63) {
    high = 0x80000000 | 0;
    low = 0;
  } else {
    high = Math.floor(value / TWO_32);
    low = (value - high * TWO_32) | 0;
  }
  writeInt32(buffer, at, high);
  return writeInt32(buffer, at + 4, low);
}

/** The caller guarantees that 4 bytes are there. */
export function readInt32(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
}

/** Returns the position after the 4 bytes. */
export function writeInt32(buffer: Uint8Array, at: number, value: number): number {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
  return at + 4;
}

/** The caller guarantees that 2 bytes are there. */
export function readInt16(buffer: Uint8Array, at: number): number {
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16)) >> 16;
}

/** Returns the position after the 2 bytes. */
export function writeInt16(buffer: Uint8Array, at: number, value: number): number {
  buffer[at] = value >>> 8;
  buffer[at + 1] = value;
  return at + 2;
}
