import { readInt16, readInt32, readInt64 } from '../primitives/int64.ts';
import { malformed } from './frame-error.ts';

/** Reads a frame from front to back; never past `end`. */
export class WireReader {
  readonly buffer: Buffer;
  at: number;
  end: number;

  constructor(buffer: Uint8Array, at = 0, end = buffer.length) {
    this.buffer = Buffer.isBuffer(buffer) ? buffer : Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.at = at;
    this.end = end;
    if (!(at >= 0 && at <= end && end <= buffer.length)) throw malformed(`a frame from ${at} to ${end} in ${buffer.length} bytes`);
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Claims `bytes` bytes and returns where they start. */
  take(bytes: number): number {
    const start = this.at;
    if (bytes > this.end - start) throw malformed(`needs ${bytes} bytes at byte ${start}, ${this.end - start} are left`);
    this.at = start + bytes;
    return start;
  }

  int8(): number {
    return (this.buffer[this.take(1)]! << 24) >> 24;
  }

  bool(): boolean {
    return this.buffer[this.take(1)]! !== 0;
  }

  int16(): number {
    return readInt16(this.buffer, this.take(2));
  }

  uint16(): number {
    return readInt16(this.buffer, this.take(2)) & 0xffff;
  }

  int32(): number {
    return readInt32(this.buffer, this.take(4));
  }

  uint32(): number {
    return readInt32(this.buffer, this.take(4)) >>> 0;
  }

  int64(): number {
    return readInt64(this.buffer, this.take(8));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1)]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed(`a varint before byte ${this.at} does not end`);
  }

  /** Length of an array, string or byte field in flexible versions; -1 = null. */
  compactLength(): number {
    return this.unsignedVarint() - 1;
  }

  utf8(length: number): string {
    const start = this.take(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  /** A view, not a copy. */
  slice(length: number): Buffer {
    const start = this.take(length);
    return this.buffer.subarray(start, start + length);
  }

  /** Passes over the tagged fields of a struct that knows none of them. */
  skipTags(): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      this.unsignedVarint();
      this.take(this.unsignedVarint());
    }
  }
}
