import { InitProducerId, Produce, RecordBatchBuilder } from '../../../src/protocol/index.ts';
import { ConnectionLost, type PatientClient, whileLater } from './patient-client.ts';
import type { Random } from './random.ts';
import type { ReadRecord } from './read-partition.ts';

/** Kafka's clients have at most five batches under way, and brokers remember as many. */
const MAX_UNDER_WAY = 5;
const MAX_SEQUENCE = 0x7fffffff;

interface SentBatch {
  readonly sequence: number;
  readonly records: number;
  readonly bytes: Buffer;
}

interface Lane {
  sequence: number;
  readonly underWay: SentBatch[];
  /** Numbers below have been acknowledged. */
  acknowledged: number;
  readonly offsets: number[];
}

export interface ProducerIdLog {
  /** Throws when an id was handed out before. */
  note(producerId: number): void;
}

/**
 * An idempotent producer as Kafka's: acks=all, several batches under way, everything unanswered repeated with its
 * sequence after a reconnect. It knows what was acknowledged at which offset.
 */
export class IdempotentWorker {
  readonly topic: string;
  readonly partitions: number;
  readonly #client: PatientClient;
  readonly #random: Random;
  readonly #name: string;
  readonly #ids: ProducerIdLog;
  readonly #builder = new RecordBatchBuilder();
  #producerId = -1;
  /** By producer name and partition: what a check goes through. */
  readonly #lanes = new Map<string, Lane>();

  constructor(name: string, topic: string, partitions: number, client: PatientClient, random: Random, ids: ProducerIdLog) {
    this.topic = topic;
    this.partitions = partitions;
    this.#name = name;
    this.#client = client;
    this.#random = random;
    this.#ids = ids;
  }

  get acknowledged(): number {
    let sum = 0;
    for (const lane of this.#lanes.values()) sum += lane.acknowledged;
    return sum;
  }

  /** A few batches to one partition, until all of them are acknowledged. Now and then a new producer id first. */
  async step(): Promise<void> {
    if (this.#producerId < 0 || this.#random(100) === 0) await this.#renew();
    const partition = this.#random(this.partitions);
    const lane = this.#lane(partition);
    const batches = 1 + this.#random(MAX_UNDER_WAY);
    for (let count = 0; count < batches; count++) this.#build(partition, lane, 1 + this.#random(8));
    while (lane.underWay.length > 0) {
      try {
        // All at once, answered in order.
        await Promise.all(lane.underWay.map((batch) => this.#sendBatch(partition, lane, batch)));
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  /** Throws unless each producer's records are there without gap or repetition up to what was acknowledged, and where it was. */
  check(partition: number, records: readonly ReadRecord[]): void {
    const found = new Map<string, number>();
    for (const { offset, value } of records) {
      const [producer = '', number = ''] = value.split('|');
      if (!producer.startsWith(`${this.#name}.`)) continue;
      const expected = found.get(producer) ?? 0;
      if (Number(number) !== expected) {
        throw new Error(`${this.topic}-${partition} at ${offset}: record ${number} of ${producer} where ${expected} should be.`);
      }
      const acknowledgedAt = this.#lanes.get(`${producer}/${partition}`)?.offsets[expected];
      if (acknowledgedAt !== undefined && acknowledgedAt !== offset) {
        throw new Error(
          `${this.topic}-${partition}: record ${number} of ${producer} was acknowledged at ${acknowledgedAt} but is at ${offset}.`,
        );
      }
      found.set(producer, expected + 1);
    }
    for (const [key, lane] of this.#lanes) {
      const [producer = '', ofPartition = ''] = key.split('/');
      if (Number(ofPartition) === partition && (found.get(producer) ?? 0) < lane.acknowledged) {
        throw new Error(
          `${this.topic}-${partition}: ${lane.acknowledged} records of ${producer} were acknowledged, ${found.get(producer) ?? 0} are there.`,
        );
      }
    }
  }

  async #renew(): Promise<void> {
    const ask = () => this.#client.insist(InitProducerId, 2, { transactionalId: null, transactionTimeoutMs: 60_000 });
    const response = await whileLater(ask, ({ errorCode }) => errorCode);
    if (response.errorCode !== 0) throw new Error(`InitProducerId got error ${response.errorCode}`);
    this.#ids.note(response.producerId);
    this.#producerId = response.producerId;
  }

  #lane(partition: number): Lane {
    const key = `${this.#name}.${this.#producerId}/${partition}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { sequence: 0, underWay: [], acknowledged: 0, offsets: [] };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #build(partition: number, lane: Lane, records: number): void {
    const producer = `${this.#name}.${this.#producerId}`;
    this.#builder.reset();
    for (let index = 0; index < records; index++) {
      const value = `${producer}|${lane.sequence + index}|${'x'.repeat(this.#random(200))}`;
      this.#builder.append(Date.now(), Buffer.from(`p${partition}`), Buffer.from(value));
    }
    const bytes = Buffer.from(this.#builder.build({ producerId: this.#producerId, producerEpoch: 0, baseSequence: lane.sequence }));
    lane.underWay.push({ sequence: lane.sequence, records, bytes });
    lane.sequence += records;
    if (lane.sequence > MAX_SEQUENCE) throw new Error('the test ran longer than it was made for');
  }

  async #sendBatch(partition: number, lane: Lane, batch: SentBatch): Promise<void> {
    const response = await this.#client.send(Produce, 9, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: this.topic, partitionData: [{ index: partition, records: batch.bytes }] }],
    });
    const { errorCode, baseOffset, errorMessage } = response.responses[0]!.partitionResponses[0]!;
    if (errorCode !== 0) {
      throw new Error(
        `Produce to ${this.topic}-${partition}, sequence ${batch.sequence} of producer ${this.#producerId}: error ${errorCode} ${errorMessage ?? ''}`,
      );
    }
    for (let index = 0; index < batch.records; index++) lane.offsets[batch.sequence + index] = baseOffset + index;
    lane.acknowledged = batch.sequence + batch.records;
    lane.underWay.splice(lane.underWay.indexOf(batch), 1);
  }
}
