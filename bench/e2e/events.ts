import { generator, uniformKeys, zipfKeys } from './generator.ts';
import type { InputTopic } from './workloads.ts';

/** What the events of a topic are like. */
export interface EventShape {
  /** Different keys. Default 10,000. */
  readonly keys?: number;
  /** Bytes of a value, at least 10. Default 100. */
  readonly valueBytes?: number;
  /** Default 4. */
  readonly partitions?: number;
  /** Zipf's exponent; undefined: all keys are equally likely. */
  readonly skew?: number;
  readonly seed?: number;
  /** Of event time. Default 10: as many records of each of 10,000 keys fall into a window of 10 seconds. */
  readonly recordsPerMs?: number;
}

export const KEYS = 10_000;
export const PARTITIONS = 4;
export const START_MS = 1_700_000_000_000;
export const SEED = 42;
const VALUE_BYTES = 100;
const AMOUNT_DIGITS = 6;
const KEY_DIGITS = 5;
const RECORDS_PER_MS = 10;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

export const eventTimeMs = (index: number, recordsPerMs = RECORDS_PER_MS): number => START_MS + Math.floor(index / recordsPerMs);

/** `key-00042` */
export function keyOf(key: number): Buffer {
  return Buffer.from(`key-${String(key).padStart(KEY_DIGITS, '0')}`);
}

/** A topic of events; the same records for the same shape and seed. */
export function eventTopic(name: string, count: number, shape: EventShape = {}): InputTopic {
  const next = eventSource(shape);
  return {
    name,
    partitions: shape.partitions ?? PARTITIONS,
    count,
    append: (writer, index) => {
      const { key, value } = next();
      writer.append(writer.partitionOf(key), eventTimeMs(index, shape.recordsPerMs), key, value);
    },
  };
}

/** Keys and values without end. A value is an amount of six digits, a comma, and letters. */
export function eventSource({
  keys = KEYS,
  valueBytes = VALUE_BYTES,
  skew,
  seed = SEED,
}: EventShape): () => { key: Buffer; value: Buffer } {
  const random = generator(seed);
  const draw = skew === undefined ? uniformKeys(keys) : zipfKeys(keys, skew);
  const keyBytes = Array.from({ length: keys }, (_, key) => keyOf(key));
  return () => ({ key: keyBytes[draw(random)]!, value: amountValue(random, valueBytes) });
}

function amountValue(random: () => number, bytes: number): Buffer {
  const value = Buffer.alloc(bytes, LETTERS);
  value.write(`${String(Math.floor(random() * 10 ** AMOUNT_DIGITS)).padStart(AMOUNT_DIGITS, '0')},`, 0, 'latin1');
  return value;
}
