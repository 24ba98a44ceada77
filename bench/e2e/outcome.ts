import type { JobKafka } from '../../src/cli/job-kafka.ts';
import { crc32c, murmur2 } from '../../src/protocol/index.ts';
import type { Workload } from './workloads.ts';

/** What a subject wrote, in a form that does not depend on order or partitions. Equal outcomes mean equal outputs. */
export interface Outcome {
  /** Records in the topic, or keys. */
  readonly count: number;
  readonly digest: string;
}

/** Reads the output topics, committed records only. */
export async function readOutcome(kafka: JobKafka, topics: readonly string[], workload: Workload): Promise<Outcome> {
  const digest = new Digest();
  for (const topic of topics) {
    if (workload.outcome === 'every') await addEveryRecord(digest, kafka, topic, workload);
    else await addLastValues(digest, kafka, topic, workload);
  }
  return digest.outcome;
}

/** Sums of two hashes of key and value: order does not matter, and a missing or doubled record shows in the count. */
async function addEveryRecord(digest: Digest, kafka: JobKafka, topic: string, { canonical = same }: Workload): Promise<void> {
  await kafka.readAll(topic, ({ key, value }) => digest.add(key ?? NO_BYTES, canonical(value ?? NO_BYTES)));
}

/** A key whose last value is null has been deleted. */
async function addLastValues(digest: Digest, kafka: JobKafka, topic: string, { canonical = same }: Workload): Promise<void> {
  const last = new Map<string, Uint8Array>();
  await kafka.readAll(topic, ({ key, value }) => {
    const name = Buffer.from(key ?? NO_BYTES).toString('latin1');
    if (value === null) last.delete(name);
    else last.set(name, Buffer.from(value));
  });
  for (const [key, value] of last) digest.add(Buffer.from(key, 'latin1'), canonical(value));
}

const same = (value: Uint8Array): Uint8Array => value;
const NO_BYTES = new Uint8Array(0);

/** Of records in any order. */
export class Digest {
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
