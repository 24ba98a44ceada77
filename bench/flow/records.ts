import { generator, uniformKeys, zipfKeys } from '../e2e/generator.ts';
import { textLines } from '../e2e/text.ts';
import { type FlowRecord, RecordLoop } from './record-loop.ts';

const START_MS = Date.UTC(2001, 0, 1);
const SECOND_MS = 1_000;
const LOOP_RECORDS = 100_000;
const SEED = 42;

// As the end-to-end benchmark has them: 10,000 keys, values of 100 bytes, ten records a millisecond.
const KEYS = 10_000;
const VALUE_BYTES = 100;
const AMOUNT_DIGITS = 6;
const RECORDS_PER_MS = 10;
const keyBytes = Array.from({ length: KEYS }, (_, key) => Buffer.from(`key-${String(key).padStart(5, '0')}`));

function events(keys: (random: () => number) => number): RecordLoop {
  const random = generator(SEED);
  return new RecordLoop(LOOP_RECORDS, (index) => {
    const value = Buffer.alloc(VALUE_BYTES, 'abcdefghijklmnopqrstuvwxyz');
    value.write(`${String(Math.floor(random() * 10 ** AMOUNT_DIGITS)).padStart(AMOUNT_DIGITS, '0')},`, 0, 'latin1');
    return { timestampMs: START_MS + Math.floor(index / RECORDS_PER_MS), key: keyBytes[keys(random)]!, value };
  });
}

/** Each key as often as any other. */
export const uniformEvents = (): RecordLoop => events(uniformKeys(KEYS));
/** Key k in proportion to 1 / (k + 1). */
export const zipfEvents = (): RecordLoop => events(zipfKeys(KEYS, 1));

/** Lines of a novel, without keys. */
export function novelLines(): RecordLoop {
  const lines = textLines();
  return new RecordLoop(LOOP_RECORDS / 10, (index) => ({ timestampMs: START_MS + index, key: null, value: lines[index % lines.length]! }));
}

/** One row per key of the events. */
export function customerRows(): FlowRecord[] {
  return keyBytes.map((key, index) => ({
    timestampMs: START_MS - 1,
    key,
    value: Buffer.from(`customer ${index} of region ${index % 17}`),
  }));
}

const AIRPORTS = 300;

/** Three capital letters, as IATA codes are. */
function airport(index: number): string {
  return String.fromCharCode(65 + (index % 26), 65 + (Math.floor(index / 26) % 26), 65 + ((index * 7) % 26));
}

/** One row per airport, at the time at which the flights begin. */
export function airportRows(): FlowRecord[] {
  return Array.from({ length: AIRPORTS }, (_, index) => {
    const row = { name: `Airport ${airport(index)}`, city: `City of ${airport(index)}`, state: 'NN' };
    return { timestampMs: START_MS, key: Buffer.from(airport(index)), value: Buffer.from(JSON.stringify(row)) };
  });
}

/** JSON flights under their origin, a second of event time apart. */
export function flights(): RecordLoop {
  return new RecordLoop(LOOP_RECORDS / 2, (index) => {
    const origin = airport((index * 31) % AIRPORTS);
    const destination = airport((index * 17 + 5) % AIRPORTS);
    const timestampMs = START_MS + index * SECOND_MS;
    const date = new Date(timestampMs).toISOString();
    const flight = { date, delay: (index % 90) - 15, distance: 50 + ((index * 37) % 2_500), origin, destination };
    return { timestampMs, key: Buffer.from(origin), value: Buffer.from(JSON.stringify(flight)) };
  });
}
