import { isMillraceError, MillraceError } from '../../errors.ts';
import { decompress } from '../compression/index.ts';
import { unzigzag, unzigzagLong } from '../primitives/varint.ts';
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchBaseTimestamp,
  batchCompression,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchRecordCount,
  isControlBatch,
  isLogAppendTimeBatch,
  MAGIC_V2,
} from './header.ts';
import type { Headers } from './types.ts';

const EMPTY = Buffer.alloc(0);
/** Length, attributes, two deltas, two lengths and the header count, a byte each. */
const SHORTEST_RECORD_BYTES = 7;

/**
 * Walks the data records of one or more v2 batches that lie back to back. Nothing is allocated per record: the fields
 * describe the current record until the next call of `next`. Control batches are passed over, compressed ones unpacked.
 *
 * CRCs are not checked here (see `validateBatchCrc`). Damaged bytes end in a MillraceError with CORRUPT_RECORD that
 * names the position; nothing outside a batch is read as part of it.
 */
export class RecordCursor {
  /** Holds the current record. Another one than what was given to `reset` while a compressed batch is walked. */
  buffer: Buffer = EMPTY;
  offset = -1;
  /** Milliseconds since the epoch; -1 = none. */
  timestamp = -1;
  keyStart = 0;
  /** -1 = null. */
  keyLength = -1;
  valueStart = 0;
  /** -1 = null. */
  valueLength = -1;
  headerCount = 0;
  /** Where the length of the key stands: from here to `end` all is the same in whatever batch and place the record is. */
  fieldsStart = 0;
  /** Where the record ends. */
  end = 0;
  /** Where the current record's batch starts in what was given to `reset`; for the header accessors. */
  batchStart = 0;

  private source: Buffer = EMPTY;
  private nextBatch = 0;
  private position = 0;
  private recordsEnd = 0;
  private recordsLeft = 0;
  private baseOffset = 0;
  private baseTimestamp = 0;
  private fixedTimestamp = false;
  private headersStart = 0;
  private varint = 0;
  private varlong = 0;

  constructor(bytes?: Uint8Array) {
    if (bytes !== undefined) this.reset(bytes);
  }

  /** Starts over with other bytes, which must not change while they are walked. */
  reset(bytes: Uint8Array): void {
    this.source = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.buffer = this.source;
    this.nextBatch = 0;
    this.position = 0;
    this.recordsEnd = 0;
    this.recordsLeft = 0;
  }

  /**
   * Goes to the next data record; false when there is none.
   *
   * Lengths and deltas are varints, nearly all of one byte; that case is written out, as a call for each costs four
   * times as much. A byte read past the record is noticed by the next comparison with its end.
   */
  next(): boolean {
    while (this.recordsLeft === 0) {
      if (!this.enterBatch()) return false;
    }
    this.recordsLeft--;
    const buffer = this.buffer;
    let at = this.position;
    if (this.recordsEnd - at < SHORTEST_RECORD_BYTES) throw this.corrupt('the batch ends inside a record', at);

    let byte = buffer[at]!;
    let length: number;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      at = this.readVarint(at);
      length = this.varint;
    }
    const end = at + length;
    if (length < SHORTEST_RECORD_BYTES - 1 || end > this.recordsEnd) throw this.corrupt(`record length ${length}`, at);
    at++; // attributes, unused in v2

    let delta: number;
    byte = buffer[at]!;
    if (byte < 0x80) {
      delta = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      at = this.readVarlong(at);
      delta = this.varlong;
    }
    this.timestamp = this.fixedTimestamp ? this.baseTimestamp : this.baseTimestamp + delta;

    byte = buffer[at]!;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      at = this.readVarint(at);
      length = this.varint;
    }
    this.offset = this.baseOffset + length;
    this.fieldsStart = at;

    byte = buffer[at]!;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      at = this.readVarint(at);
      length = this.varint;
    }
    this.keyLength = length;
    this.keyStart = at;
    if (length > 0) at += length;
    if (length < -1 || at >= end) throw this.corrupt(`key length ${length}`, at);

    byte = buffer[at]!;
    if (byte < 0x80) {
      length = (byte >>> 1) ^ -(byte & 1);
      at++;
    } else {
      at = this.readVarint(at);
      length = this.varint;
    }
    this.valueLength = length;
    this.valueStart = at;
    if (length > 0) at += length;
    if (length < -1 || at >= end) throw this.corrupt(`value length ${length}`, at);

    this.finishRecord(at, end);
    return true;
  }

  /** Reads the header count and passes over the headers. */
  private finishRecord(at: number, end: number): void {
    const byte = this.buffer[at]!;
    if (byte === 0) {
      this.headerCount = 0;
      if (at + 1 !== end) throw this.corrupt(`the record ends at ${end} but its fields at ${at + 1}`, at);
    } else {
      at = this.readVarint(at);
      this.headerCount = this.varint;
      this.headersStart = at;
      // A header takes two bytes at least.
      if (this.varint < 0 || this.varint * 2 > end - at) throw this.corrupt(`header count ${this.varint}`, at);
    }
    this.end = end;
    this.position = end;
    if (this.recordsLeft === 0 && end !== this.recordsEnd) {
      throw this.corrupt(`${this.recordsEnd - end} bytes are left after the last record`, end);
    }
  }

  /** The current record's headers, decoded now. Values are views of {@link buffer}. */
  headers(): Headers {
    const headers: [string, Uint8Array | null][] = [];
    if (this.headerCount === 0) return headers;
    let at = this.headersStart;
    for (let index = 0; index < this.headerCount; index++) {
      at = this.readVarint(at);
      const key = this.headerField(at, this.varint);
      if (key === null) throw this.corrupt(`header ${index} has a null key`, at);
      at = this.readVarint(at + key.length);
      const value = this.headerField(at, this.varint);
      if (value !== null) at += value.length;
      headers.push([key.toString(), value]);
    }
    if (at !== this.end) throw this.corrupt('the record does not end with its last header', at);
    return headers;
  }

  private headerField(start: number, length: number): Buffer | null {
    if (length === -1) return null;
    if (length < -1 || start + length > this.end) throw this.corrupt(`header field of ${length} bytes`, start);
    return this.buffer.subarray(start, start + length);
  }

  /** Makes the next data batch the current one; false at the end. */
  private enterBatch(): boolean {
    const source = this.source;
    for (;;) {
      const start = this.nextBatch;
      if (start === source.length) return false;
      this.checkFrame(start);
      const length = batchLength(source, start);
      this.batchStart = start;
      this.nextBatch = start + length;
      if (isControlBatch(source, start)) continue;
      this.openRecords(start, start + length);
      return true;
    }
  }

  private checkFrame(start: number): void {
    const left = this.source.length - start;
    if (left < BATCH_HEADER_BYTES) {
      throw corruptBatch(start, `${left} bytes are too few for a batch header`);
    }
    const magic = batchMagic(this.source, start);
    if (magic !== MAGIC_V2) throw corruptBatch(start, `record format ${magic}, only ${MAGIC_V2} is supported`);
    const length = batchLength(this.source, start);
    if (length < BATCH_HEADER_BYTES || length > left) {
      throw corruptBatch(start, `batch length ${length} with ${left} bytes left`);
    }
  }

  private openRecords(start: number, end: number): void {
    const source = this.source;
    const codec = batchCompression(source, start);
    if (codec === 0) {
      this.buffer = source;
      this.position = start + BATCH_HEADER_BYTES;
      this.recordsEnd = end;
    } else {
      this.buffer = unpack(codec, source.subarray(start + BATCH_HEADER_BYTES, end), start);
      this.position = 0;
      this.recordsEnd = this.buffer.length;
    }
    this.recordsLeft = batchRecordCount(source, start);
    this.baseOffset = batchBaseOffset(source, start);
    this.fixedTimestamp = isLogAppendTimeBatch(source, start);
    this.baseTimestamp = this.fixedTimestamp ? batchMaxTimestamp(source, start) : batchBaseTimestamp(source, start);
    if (this.recordsLeft < 0 || (this.recordsLeft === 0 && this.position !== this.recordsEnd)) {
      throw corruptBatch(start, `record count ${this.recordsLeft} for ${this.recordsEnd - this.position} bytes of records`);
    }
  }

  /** Leaves the value in `varint` and returns the position after it. */
  private readVarint(at: number): number {
    const buffer = this.buffer;
    let value = 0;
    for (let shift = 0; shift < 35 && at < this.recordsEnd; shift += 7) {
      const byte = buffer[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.varint = unzigzag(value);
        return at;
      }
    }
    throw this.corrupt('a varint does not end', at);
  }

  /** Leaves the value in `varlong` and returns the position after it. */
  private readVarlong(at: number): number {
    const buffer = this.buffer;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70 && at < this.recordsEnd; shift += 7) {
      const byte = buffer[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.varlong = shift < 28 ? unzigzag(low) : unzigzagLong(high >>> 0, low >>> 0);
        return at;
      }
    }
    throw this.corrupt('a varlong does not end', at);
  }

  private corrupt(what: string, at: number): MillraceError {
    const record = batchRecordCount(this.source, this.batchStart) - this.recordsLeft - 1;
    const where = this.buffer === this.source ? 'the input' : 'the unpacked records';
    return corruptBatch(this.batchStart, `${what}, in record ${record} near byte ${at} of ${where}`, {
      record,
      baseOffset: this.baseOffset,
    });
  }
}

function unpack(codec: number, records: Buffer, position: number): Buffer {
  try {
    return decompress(codec, records);
  } catch (cause) {
    if (!isMillraceError(cause) || cause.code !== 'CORRUPT_RECORD') throw cause;
    throw corruptBatch(position, cause.message, {}, cause);
  }
}

function corruptBatch(position: number, what: string, context: Record<string, number> = {}, cause?: unknown): MillraceError {
  return new MillraceError('CORRUPT_RECORD', `Damaged record batch at byte ${position}: ${what}.`, {
    context: { position, ...context },
    cause,
  });
}
