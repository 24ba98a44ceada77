import { batchLength, batchRecordCount, RecordBatchBuilder, RecordCursor, setBatchBaseOffset } from '../../src/protocol/index.ts';

/** A transaction as the log sees it; it may span partitions. */
export interface LogTransaction {
  state: 'open' | 'committed' | 'aborted';
}

interface Entry {
  readonly firstOffset: number;
  readonly nextOffset: number;
  /** Undefined for transaction markers. */
  readonly bytes: Buffer | undefined;
  readonly recordCount: number;
  readonly transaction: LogTransaction | undefined;
}

export interface ReadResult {
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly recordCount: number;
  /** A copy. */
  readonly bytes: Uint8Array;
}

/** One partition: batches as they were produced, transaction markers, a last stable offset. */
export class FakeLog {
  readonly #entries: Entry[] = [];
  startOffset = 0;

  get endOffset(): number {
    return this.#entries.at(-1)?.nextOffset ?? 0;
  }

  /** First offset of the earliest open transaction, else the end: how far read_committed reads. */
  get stableOffset(): number {
    return this.#entries.find((entry) => entry.transaction?.state === 'open')?.firstOffset ?? this.endOffset;
  }

  append(bytes: Uint8Array, transaction?: LogTransaction): void {
    for (let at = 0; at < bytes.byteLength; ) {
      const source = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.byteLength - at);
      const length = batchLength(source, 0);
      const firstOffset = this.endOffset;
      const batch = Buffer.from(source.subarray(0, length));
      const recordCount = batchRecordCount(batch, 0);
      setBatchBaseOffset(batch, 0, firstOffset);
      this.#entries.push({ firstOffset, nextOffset: firstOffset + recordCount, bytes: batch, recordCount, transaction });
      at += length;
    }
  }

  /** The end of a transaction takes an offset of its own. */
  appendMarker(): void {
    const firstOffset = this.endOffset;
    this.#entries.push({ firstOffset, nextOffset: firstOffset + 1, bytes: undefined, recordCount: 0, transaction: undefined });
  }

  deleteBefore(offset: number): void {
    this.startOffset = Math.max(this.startOffset, Math.min(offset, this.endOffset));
  }

  /** The next committed batch at or after `offset`; undefined when there is none below the stable offset. */
  read(offset: number): ReadResult | undefined {
    const stable = this.stableOffset;
    const from = Math.max(offset, this.startOffset);
    for (let index = this.#indexOf(from); index < this.#entries.length; index++) {
      const entry = this.#entries[index]!;
      if (entry.firstOffset >= stable) return undefined;
      if (entry.bytes === undefined || entry.transaction?.state === 'aborted') continue;
      return entry.firstOffset >= from
        ? { ...entry, bytes: new Uint8Array(entry.bytes) }
        : { firstOffset: from, nextOffset: entry.nextOffset, recordCount: entry.nextOffset - from, bytes: tail(entry.bytes, from) };
    }
    return undefined;
  }

  /** Every committed record, in order. */
  forEach(visit: (record: { offset: number; timestamp: number; key: Buffer | null; value: Buffer | null }) => void): void {
    for (const { bytes, transaction } of this.#entries) {
      if (bytes === undefined || (transaction !== undefined && transaction.state !== 'committed')) continue;
      const cursor = new RecordCursor(bytes);
      while (cursor.next()) {
        const { buffer, offset, timestamp, keyStart, keyLength, valueStart, valueLength } = cursor;
        const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
        const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
        visit({ offset, timestamp, key, value });
      }
    }
  }

  /** Index of the entry that holds `offset`, or of the first one after it. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.nextOffset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The records of a batch from an offset on, at their offsets. */
function tail(bytes: Buffer, fromOffset: number): Uint8Array {
  const builder = new RecordBatchBuilder(bytes.byteLength);
  const cursor = new RecordCursor(bytes);
  while (cursor.next()) {
    if (cursor.offset < fromOffset) continue;
    const { buffer, keyStart, keyLength, valueStart, valueLength } = cursor;
    const key = keyLength < 0 ? null : buffer.subarray(keyStart, keyStart + keyLength);
    const value = valueLength < 0 ? null : buffer.subarray(valueStart, valueStart + valueLength);
    builder.appendAt(cursor.offset, cursor.timestamp, key, value, cursor.headerCount === 0 ? undefined : cursor.headers());
  }
  return builder.build({ crc: false });
}
