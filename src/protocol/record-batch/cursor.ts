import { MillraceError, isMillraceError } from '../../errors.ts';
import { decompress } from '../compression/index.ts';
import { unzigzag, unzigzagLong } from '../primitives/varint.ts';
import {
  BATCH_HEADER_BYTES,
  MAGIC_V2,
  batchBaseOffset,
  batchBaseTimestamp,
  batchCompression,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchRecordCount,
  isControlBatch,
  isLogAppendTimeBatch,
} from './header.ts';
import type { Headers } from './types.ts';

const EMPTY = Buffer.alloc(0);

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
  private recordEnd = 0;

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

  /** Goes to the next data record; false when there is none. */
  next(): boolean {
    while (this.recordsLeft === 0) {
      if (!this.enterBatch()) return false;
    }
    this.recordsLeft--;
    const length = this.readVarint();
    const end = this.position + length;
    if (length < 0 || end > this.recordsEnd) throw this.corrupt(`record length ${length} runs past the batch`);
    this.position++; // attributes, unused in v2
    const timestampDelta = this.readVarlong();
    this.offset = this.baseOffset + this.readVarint();
    this.timestamp = this.fixedTimestamp ? this.baseTimestamp : this.baseTimestamp + timestampDelta;

    const keyLength = this.readVarint();
    this.keyLength = keyLength;
    this.keyStart = this.position;
    if (keyLength > 0) this.position += keyLength;
    else if (keyLength < -1) throw this.corrupt(`key length ${keyLength}`);
    if (this.position > end) throw this.corrupt(`key length ${keyLength} runs past the record`);

    const valueLength = this.readVarint();
    this.valueLength = valueLength;
    this.valueStart = this.position;
    if (valueLength > 0) this.position += valueLength;
    else if (valueLength < -1) throw this.corrupt(`value length ${valueLength}`);
    if (this.position > end) throw this.corrupt(`value length ${valueLength} runs past the record`);

    this.headerCount = this.readVarint();
    this.headersStart = this.position;
    this.recordEnd = end;
    if (this.headerCount === 0) {
      if (this.position !== end) throw this.corrupt(`record ends at ${end} but its fields at ${this.position}`);
    } else if (this.headerCount < 0 || this.headerCount * 2 > end - this.position) {
      // A header takes two bytes at least.
      throw this.corrupt(`header count ${this.headerCount}`);
    }
    this.position = end;
    if (this.recordsLeft === 0 && end !== this.recordsEnd) {
      throw this.corrupt(`${this.recordsEnd - end} bytes are left after the last record`);
    }
    return true;
  }

  /** The current record's headers, decoded now. Values are views of {@link buffer}. */
  headers(): Headers {
    const headers: [string, Uint8Array | null][] = [];
    const after = this.position;
    this.position = this.headersStart;
    for (let index = 0; index < this.headerCount; index++) {
      const key = this.readHeaderField();
      if (key === null) throw this.corrupt(`header ${index} has a null key`);
      headers.push([key.toString(), this.readHeaderField()]);
    }
    if (this.position !== this.recordEnd) throw this.corrupt('bytes are left after the last header');
    this.position = after;
    return headers;
  }

  private readHeaderField(): Buffer | null {
    const length = this.readVarint();
    const start = this.position;
    if (length < -1 || start + length > this.recordEnd) throw this.corrupt(`header field of ${length} bytes`);
    if (length === -1) return null;
    this.position = start + length;
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

  private readVarint(): number {
    const buffer = this.buffer;
    let byte = this.byteAt(this.position++);
    if (byte < 0x80) return unzigzag(byte);
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      if (this.position >= this.recordsEnd) break;
      byte = buffer[this.position++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return unzigzag(value >>> 0);
    }
    throw this.corrupt('a varint does not end');
  }

  private readVarlong(): number {
    const buffer = this.buffer;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.recordsEnd) break;
      const byte = buffer[this.position++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return shift < 28 ? unzigzag(low) : unzigzagLong(high >>> 0, low >>> 0);
    }
    throw this.corrupt('a varlong does not end');
  }

  private byteAt(position: number): number {
    if (position >= this.recordsEnd) throw this.corrupt('the batch ends inside a record');
    return this.buffer[position]!;
  }

  private corrupt(what: string): MillraceError {
    const record = batchRecordCount(this.source, this.batchStart) - this.recordsLeft - 1;
    const detail = `${what}, in record ${record} at byte ${this.position} of ${this.buffer === this.source ? 'the input' : 'the unpacked records'}`;
    return corruptBatch(this.batchStart, detail, { record, baseOffset: this.baseOffset });
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
