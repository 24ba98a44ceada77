import { generator } from '../generator.ts';
import type { Workload } from '../workloads.ts';
import { workloads } from '../workloads.ts';
import type { ScalePoint } from './axes.ts';

const START_MS = 1_700_000_000_000;
const RECORDS_PER_MS = 10;
const SEED = 42;
const KEY_DIGITS = 7;
const AMOUNT_DIGITS = 6;
/**
 * Near the golden ratio of 10⁹ and coprime to 10: steps of it visit each of 10ⁿ keys once before any comes again, and
 * neighbours in time are no neighbours in order. Its product with a key stays below 2⁵³.
 */
const STRIDE = 618_033_989;
/** What the topologies of the workloads that can be scaled read. */
const TOPIC = 'events-uniform';

/** `key-0000000`: as many bytes for any number of keys. */
export const KEY_BYTES = 'key-'.length + KEY_DIGITS;

/** Key number of record `index`: each of `keys` comes once in a round, for a power of 10. */
export function keyOf(index: number, keys: number): number {
  return ((index % keys) * STRIDE) % keys;
}

/** A workload of the benchmark, with an input of the given size. Throws for one that reads other topics. */
export function scaledWorkload(name: string, { keys, valueBytes, partitions, records }: ScalePoint): Workload {
  const workload = workloads(records).find((one) => one.name === name);
  if (workload === undefined || workload.inputs.length !== 1 || workload.input !== TOPIC) {
    throw new Error(`Workload ${name} cannot be scaled: it must read ${TOPIC} and nothing else, e.g. count-uniform, pass-through.`);
  }
  const random = generator(SEED);
  const key = Buffer.alloc(KEY_BYTES, 'key-');
  const value = Buffer.alloc(valueBytes, 'abcdefghijklmnopqrstuvwxyz');
  return {
    ...workload,
    inputs: [
      {
        name: TOPIC,
        partitions,
        count: records,
        // The writer copies both.
        append: (writer, index) => {
          key.write(String(keyOf(index, keys)).padStart(KEY_DIGITS, '0'), 'key-'.length, 'latin1');
          value.write(amountOf(random), 0, 'latin1');
          writer.append(writer.partitionOf(key), START_MS + Math.floor(index / RECORDS_PER_MS), key, value);
        },
      },
    ],
  };
}

function amountOf(random: () => number): string {
  return `${String(Math.floor(random() * 10 ** AMOUNT_DIGITS)).padStart(AMOUNT_DIGITS, '0')},`;
}
