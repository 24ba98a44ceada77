/**
 * Kafka's variable-length integers: 7 bits a byte, low bits first, the high bit says that more follow. Records use the
 * zigzag form (small negatives stay short); flexible protocol messages use the unsigned form.
 *
 * Writers return the position after what they wrote and need up to 5 (varint) or 10 (varlong) free bytes.
 */

const TWO_32 = 0x1_0000_0000;

/** Most bytes that a 32-bit varint takes. */
export const MAX_VARINT_BYTES = 5;
/** Most bytes that a 64-bit varint takes. */
export const MAX_VARLONG_BYTES = 10;

/** `value` is taken as 32 bits without sign. */
export function writeUnsignedVarint(buffer: Uint8Array, at: number, value: number): number {
  while ((value & ~0x7f) !== 0) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  return at;
}

/** Bytes that {@link writeUnsignedVarint} takes for `value`. */
export function sizeOfUnsignedVarint(value: number): number {
  const bits = 32 - Math.clz32(value | 1);
  return Math.ceil(bits / 7);
}

/** Zigzag form of a signed 32-bit integer. */
export function writeVarint(buffer: Uint8Array, at: number, value: number): number {
  return writeUnsignedVarint(buffer, at, (value << 1) ^ (value >> 31));
}

/** Bytes that {@link writeVarint} takes for `value`. */
export function sizeOfVarint(value: number): number {
  return sizeOfUnsignedVarint((value << 1) ^ (value >> 31));
}

/** Zigzag form of a signed 64-bit integer, given as a number. */
export function writeVarlong(buffer: Uint8Array, at: number, value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return writeVarint(buffer, at, value);
  const high = Math.floor(value / TWO_32);
  const low = (value - high * TWO_32) | 0;
  const sign = high >> 31;
  let zigzagLow = ((low << 1) ^ sign) >>> 0;
  let zigzagHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
  while (zigzagHigh !== 0 || zigzagLow > 0x7f) {
    buffer[at++] = (zigzagLow & 0x7f) | 0x80;
    zigzagLow = ((zigzagLow >>> 7) | (zigzagHigh << 25)) >>> 0;
    zigzagHigh >>>= 7;
  }
  buffer[at++] = zigzagLow;
  return at;
}

/** Undoes the zigzag of an unsigned 32-bit value. */
export function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

/** Undoes the zigzag of a 64-bit value given as two unsigned halves. */
export function unzigzagLong(high: number, low: number): number {
  const sign = -(low & 1);
  const plainLow = (((low >>> 1) | (high << 31)) ^ sign) >>> 0;
  const plainHigh = (high >>> 1) ^ sign;
  return plainHigh * TWO_32 + plainLow;
}
