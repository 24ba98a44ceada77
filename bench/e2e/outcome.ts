import type { JobKafka } from '../../src/cli/job-kafka.ts';
import { crc32c, murmur2 } from '../../src/protocol/index.ts';
import type { Workload } from './workloads.ts';

/** What a subject wrote, in a form that does not depend on order or partitions. Equal outcomes mean equal outputs. */
export interface Outcome {
  /** Records in the topic, or keys. */
  readonly count: number;
  readonly digest: string;
}

/** Reads an output topic, committed records only. */
export async function readOutcome(kafka: JobKafka, topic: string, { outcome }: Workload): Promise<Outcome> {
  return outcome === 'every' ? ofEveryRecord(kafka, topic) : ofLastValues(kafka, topic);
}

/** Sums of two hashes of key and value: order does not matter, and a missing or doubled record shows in the count. */
async function ofEveryRecord(kafka: JobKafka, topic: string): Promise<Outcome> {
  const digest = new Digest();
  await kafka.readAll(topic, ({ key, value }) => digest.add(key ?? NO_BYTES, value ?? NO_BYTES));
  return digest.outcome;
}

async function ofLastValues(kafka: JobKafka, topic: string): Promise<Outcome> {
  const last = new Map<string, Uint8Array>();
  await kafka.readAll(topic, ({ key, value }) => {
    last.set(Buffer.from(key ?? NO_BYTES).toString('latin1'), Buffer.from(value ?? NO_BYTES));
  });
  const digest = new Digest();
  for (const [key, value] of last) digest.add(Buffer.from(key, 'latin1'), value);
  return digest.outcome;
}

const NO_BYTES = new Uint8Array(0);

class Digest {
  #count = 0;
  #first = 0;
  #second = 0;

  add(key: Uint8Array, value: Uint8Array): void {
    this.#count++;
    this.#first = (this.#first + Math.imul(murmur2(key) | 1, murmur2(value) | 1)) | 0;
    this.#second = (this.#second + Math.imul(crc32c(key) | 1, crc32c(value) | 1)) | 0;
  }

  get outcome(): Outcome {
    const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return { count: this.#count, digest: `${hex(this.#first)}${hex(this.#second)}` };
  }
}
