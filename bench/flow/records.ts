import { RecordBatchBuilder, setBatchBaseOffset } from '../../src/protocol/index.ts';

const AIRPORTS = 300;
const BATCHES = 20;
const RECORDS_PER_BATCH = 2_500;
const SECOND_MS = 1_000;
const START_MS = Date.UTC(2001, 0, 1);
/** Where a v2 batch header has its base and maximum timestamps, int64 each. */
const BASE_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;

export interface Batch {
  readonly bytes: Buffer;
  readonly recordCount: number;
  readonly nextOffset: number;
}

/** Three capital letters, as IATA codes are. */
function airport(index: number): string {
  return String.fromCharCode(65 + (index % 26), 65 + (Math.floor(index / 26) % 26), 65 + ((index * 7) % 26));
}

/** One row per airport, at the time at which the flights begin. */
export function airportRows(): Batch {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < AIRPORTS; index++) {
    const row = { name: `Airport ${airport(index)}`, city: `City of ${airport(index)}`, state: 'NN' };
    builder.append(START_MS, Buffer.from(airport(index)), Buffer.from(JSON.stringify(row)));
  }
  return { bytes: builder.build(), recordCount: AIRPORTS, nextOffset: AIRPORTS };
}

/**
 * Flights without end: the same few batches over and over, their headers rewritten so that offsets and timestamps rise.
 * So making them costs next to nothing beside what is measured.
 */
export class FlightStream {
  private readonly batches: Buffer[] = [];
  private served = 0;

  constructor() {
    const builder = new RecordBatchBuilder();
    let index = 0;
    for (let batch = 0; batch < BATCHES; batch++) {
      for (let record = 0; record < RECORDS_PER_BATCH; record++, index++) {
        const origin = airport((index * 31) % AIRPORTS);
        const destination = airport((index * 17 + 5) % AIRPORTS);
        const date = new Date(START_MS + index * SECOND_MS).toISOString();
        const flight = { date, delay: (index % 90) - 15, distance: 50 + ((index * 37) % 2_500), origin, destination };
        builder.append(record * SECOND_MS, Buffer.from(origin), Buffer.from(JSON.stringify(flight)));
      }
      this.batches.push(builder.build());
      builder.reset();
    }
  }

  /** Valid until the same batch comes round again. */
  next(): Batch {
    const bytes = this.batches[this.served % BATCHES] as Buffer;
    const offset = this.served * RECORDS_PER_BATCH;
    const baseMs = START_MS + offset * SECOND_MS;
    this.served++;
    setBatchBaseOffset(bytes, 0, offset);
    bytes.writeBigInt64BE(BigInt(baseMs), BASE_TIMESTAMP_AT);
    bytes.writeBigInt64BE(BigInt(baseMs + (RECORDS_PER_BATCH - 1) * SECOND_MS), MAX_TIMESTAMP_AT);
    return { bytes, recordCount: RECORDS_PER_BATCH, nextOffset: offset + RECORDS_PER_BATCH };
  }
}
