/**
 * Reads and writes the fields of coordinator records (Kafka's `CoordinatorRecord` keys and values): a version as int16,
 * then the fields of that version. A handful of formats that never change, so they are written out by hand.
 */

import { MillraceError } from '../../errors.ts';
import { readInt64, sizeOfUnsignedVarint, writeInt64, writeUnsignedVarint } from '../../protocol/index.ts';

/** Longest string or byte array of the classic (not compact) encodings. */
export const MAX_STRING_BYTES = 0x7fff;

export class RecordWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(version: number, initialBytes = 128) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
    this.int16(version);
  }

  /** A copy of what was written. */
  finish(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at));
  }

  int8(value: number): this {
    this.#room(1);
    this.#at = this.#buffer.writeInt8(value, this.#at);
    return this;
  }

  int16(value: number): this {
    this.#room(2);
    this.#at = this.#buffer.writeInt16BE(value, this.#at);
    return this;
  }

  int32(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
    return this;
  }

  int64(value: number): this {
    this.#room(8);
    this.#at = writeInt64(this.#buffer, this.#at, value);
    return this;
  }

  string(value: string): this {
    const length = Buffer.byteLength(value);
    if (length > MAX_STRING_BYTES) throw new MillraceError('RECORD_TOO_LARGE', `A string of ${length} bytes is too long for a coordinator record; the limit is ${MAX_STRING_BYTES}.`);
    return this.int16(length).#text(value, length);
  }

  nullableString(value: string | null): this {
    return value === null ? this.int16(-1) : this.string(value);
  }

  bytes(value: Uint8Array): this {
    this.int32(value.length);
    this.#room(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  uvarint(value: number): this {
    this.#room(sizeOfUnsignedVarint(value));
    this.#at = writeUnsignedVarint(this.#buffer, this.#at, value);
    return this;
  }

  compactString(value: string): this {
    const length = Buffer.byteLength(value);
    return this.uvarint(length + 1).#text(value, length);
  }

  #text(value: string, length: number): this {
    this.#room(length);
    this.#at += this.#buffer.write(value, this.#at, 'utf8');
    return this;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

export class RecordReader {
  /** Of the record's format. */
  readonly version: number;
  readonly #buffer: Buffer;
  #at = 0;

  /** Throws a MillraceError with CORRUPT_RECORD, like every read past the end. */
  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.version = this.int16();
  }

  int8(): number {
    return this.#buffer.readInt8(this.#take(1));
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  int64(): number {
    return readInt64(this.#buffer, this.#take(8));
  }

  string(): string {
    return this.nullableString() ?? '';
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#text(length);
  }

  bytes(): Buffer {
    const length = Math.max(this.int32(), 0);
    const start = this.#take(length);
    return this.#buffer.subarray(start, start + length);
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#buffer[this.#take(1)]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw corrupt('a varint longer than five bytes');
  }

  compactString(): string {
    const length = this.uvarint();
    return length === 0 ? '' : this.#text(length - 1);
  }

  /** Bytes a tagged field takes, as read from its size. */
  skip(bytes: number): void {
    this.#take(bytes);
  }

  #text(length: number): string {
    const start = this.#take(length);
    return this.#buffer.toString('utf8', start, start + length);
  }

  #take(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#buffer.length) throw corrupt(`a field past its ${this.#buffer.length} bytes`);
    this.#at += bytes;
    return start;
  }
}

function corrupt(what: string): MillraceError {
  return new MillraceError('CORRUPT_RECORD', `A coordinator record has ${what}.`, { fatal: true });
}
