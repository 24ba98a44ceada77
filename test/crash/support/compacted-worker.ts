import { Produce, RecordBatchBuilder } from '../../../src/protocol/index.ts';
import { ConnectionLost, type PatientClient } from './patient-client.ts';
import type { Random } from './random.ts';
import type { ReadRecord } from './read-partition.ts';

const KEYS = 40;

/** Writes ever newer values of a few keys to a compacted topic: whatever is cleaned away, the newest of each key stays. */
export class CompactedWorker {
  readonly topic: string;
  readonly #client: PatientClient;
  readonly #random: Random;
  readonly #builder = new RecordBatchBuilder();
  readonly #sent = new Map<string, number>();
  readonly #acknowledged = new Map<string, number>();
  #number = 0;

  constructor(topic: string, client: PatientClient, random: Random) {
    this.topic = topic;
    this.#client = client;
    this.#random = random;
  }

  async step(): Promise<void> {
    this.#builder.reset();
    const written = new Map<string, number>();
    for (let count = 1 + this.#random(10); count > 0; count--) {
      const key = `key-${this.#random(KEYS)}`;
      const number = ++this.#number;
      written.set(key, number);
      this.#sent.set(key, number);
      this.#builder.append(Date.now(), Buffer.from(key), Buffer.from(`${number}|${'z'.repeat(this.#random(300))}`));
    }
    try {
      const response = await this.#client.send(Produce, 9, {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: this.topic, partitionData: [{ index: 0, records: Buffer.from(this.#builder.build()) }] }],
      });
      const { errorCode } = response.responses[0]!.partitionResponses[0]!;
      if (errorCode !== 0) throw new Error(`Produce to ${this.topic} got error ${errorCode}`);
      for (const [key, number] of written) this.#acknowledged.set(key, number);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  /** Throws unless the newest acknowledged value of each key is there, or a newer one that was sent, and all are in order. */
  check(records: readonly ReadRecord[]): void {
    const newest = new Map<string, number>();
    let last = 0;
    for (const { key, value, offset } of records) {
      const number = Number(value.split('|')[0]);
      if (number <= last) throw new Error(`${this.topic} at ${offset}: value ${number} after ${last}.`);
      last = number;
      newest.set(key, number);
    }
    for (const [key, acknowledged] of this.#acknowledged) {
      const found = newest.get(key) ?? -1;
      if (found < acknowledged || found > this.#sent.get(key)!) {
        throw new Error(`${this.topic}: the newest value of ${key} is ${found}; ${acknowledged} was acknowledged.`);
      }
    }
  }
}
