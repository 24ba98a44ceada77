import { RecordBatchBuilder, setBatchBaseOffset, setBatchMaxTimestamp, writeInt64 } from '../../src/protocol/index.ts';

/** Where a v2 batch header has its base timestamp. */
const BASE_TIMESTAMP_AT = 27;
const RECORDS_PER_BATCH = 2_500;

export interface Batch {
  readonly bytes: Buffer;
  readonly recordCount: number;
  readonly nextOffset: number;
}

export interface FlowRecord {
  /** Milliseconds since the epoch; must not fall. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
}

interface LoopBatch {
  readonly bytes: Buffer;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Some records in one batch, from offset 0. */
export function batchOf(records: Iterable<FlowRecord>): Batch {
  const builder = new RecordBatchBuilder();
  for (const { timestampMs, key, value } of records) builder.append(timestampMs, key, value);
  return { bytes: builder.build(), recordCount: builder.recordCount, nextOffset: builder.recordCount };
}

/**
 * Records without end: the same few batches over and over, their headers rewritten so that offsets and timestamps rise.
 * So making them costs next to nothing beside what is measured.
 */
export class RecordLoop {
  private readonly batches: LoopBatch[] = [];
  private readonly spanMs: number;
  private served = 0;

  /** @param count of different records, a multiple of 2,500; `recordAt` gives each. */
  constructor(count: number, recordAt: (index: number) => FlowRecord) {
    for (let first = 0; first < count; first += RECORDS_PER_BATCH) {
      const records = Array.from({ length: RECORDS_PER_BATCH }, (_, index) => recordAt(first + index));
      this.batches.push({ bytes: batchOf(records).bytes, firstMs: records[0]!.timestampMs, lastMs: records.at(-1)!.timestampMs });
    }
    this.spanMs = this.batches.at(-1)!.lastMs - this.batches[0]!.firstMs + 1;
  }

  /** Valid until the same batch comes round again. */
  next(): Batch {
    const { bytes, firstMs, lastMs } = this.batches[this.served % this.batches.length]!;
    const offset = this.served * RECORDS_PER_BATCH;
    const laterMs = Math.floor(this.served / this.batches.length) * this.spanMs;
    this.served++;
    setBatchBaseOffset(bytes, 0, offset);
    writeInt64(bytes, BASE_TIMESTAMP_AT, firstMs + laterMs);
    setBatchMaxTimestamp(bytes, 0, lastMs + laterMs);
    return { bytes, recordCount: RECORDS_PER_BATCH, nextOffset: offset + RECORDS_PER_BATCH };
  }
}
