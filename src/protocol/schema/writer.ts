import { writeInt16, writeInt32, writeInt64 } from '../primitives/int64.ts';
import { MAX_VARINT_BYTES, sizeOfUnsignedVarint, writeUnsignedVarint } from '../primitives/varint.ts';
import { malformed } from './frame-error.ts';

/** Byte fields from here on are passed on by reference where the caller takes parts. */
const REFERENCE_FROM_BYTES = 2048;
/** No message grows past this; Kafka's `socket.request.max.bytes` is 100 MiB. */
const MAX_MESSAGE_BYTES = 1024 * 1024 * 1024;

/** Writes a frame into a growing buffer. Big `records` are not copied but become parts of their own, for `writev`. */
export class WireWriter {
  private buffer: Buffer;
  private at = 0;
  private partStart = 0;
  private readonly parts: Buffer[] = [];
  private partsBytes = 0;

  constructor(initialBytes = 512) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** Bytes written so far, parts included. */
  get size(): number {
    return this.partsBytes + this.at - this.partStart;
  }

  private room(bytes: number): number {
    const start = this.at;
    const needed = start + bytes;
    if (needed > this.buffer.length) {
      if (needed > MAX_MESSAGE_BYTES) throw malformed(`the message grows past ${MAX_MESSAGE_BYTES} bytes`);
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, start);
      this.buffer = grown;
    }
    this.at = needed;
    return start;
  }

  int8(value: number): void {
    const at = this.room(1);
    this.buffer[at] = value;
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int16(value: number): void {
    const at = this.room(2);
    writeInt16(this.buffer, at, value);
  }

  int32(value: number): void {
    const at = this.room(4);
    writeInt32(this.buffer, at, value);
  }

  int64(value: number): void {
    const at = this.room(8);
    writeInt64(this.buffer, at, value);
  }

  float64(value: number): void {
    const at = this.room(8);
    this.buffer.writeDoubleBE(value, at);
  }

  unsignedVarint(value: number): void {
    const at = this.room(MAX_VARINT_BYTES);
    this.at = writeUnsignedVarint(this.buffer, at, value);
  }

  raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Text of `byteLength` bytes in UTF-8. */
  utf8(text: string, byteLength: number): void {
    const at = this.room(byteLength);
    this.buffer.write(text, at, byteLength, 'utf8');
  }

  /** As `raw`, but big ones by reference: the caller must not change them before they are sent. */
  reference(bytes: Uint8Array): void {
    if (bytes.length < REFERENCE_FROM_BYTES) {
      this.raw(bytes);
      return;
    }
    this.closePart();
    this.parts.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.partsBytes += bytes.length;
  }

  /** Writes what `write` writes, with its size as a varint before it. Nothing in it may be a reference. */
  sized(write: () => void): void {
    const sizeAt = this.room(1);
    const start = this.at;
    write();
    const size = this.at - start;
    const width = sizeOfUnsignedVarint(size);
    if (width > 1) {
      this.room(width - 1);
      this.buffer.copyWithin(sizeAt + width, start, start + size);
    }
    writeUnsignedVarint(this.buffer, sizeAt, size);
  }

  private closePart(): void {
    if (this.at === this.partStart) return;
    this.parts.push(this.buffer.subarray(this.partStart, this.at));
    this.partsBytes += this.at - this.partStart;
    this.partStart = this.at;
  }

  /** Everything in order. The writer must not be used afterwards. */
  finish(): Buffer[] {
    this.closePart();
    return this.parts;
  }
}
