import type { BrokerOptions, FlushPolicy } from '../../../src/broker/index.ts';
import {
  AddPartitionsToTxn,
  CreatePartitions,
  CreateTopics,
  EndTxn,
  InitProducerId,
  Produce,
  RecordBatchBuilder,
} from '../../../src/protocol/index.ts';
import type { BrokerLife } from './broker-life.ts';
import { ConnectionLost, PatientClient, pause, whileLater } from './patient-client.ts';
import type { Random } from './random.ts';
import { type ReadRecord, readPartition } from './read-partition.ts';

const TOPIC = 'plain';
const PARTITIONS = 2;
const TRANSACTIONAL_IDS = 3;
const TOPIC_EXISTS = 36;
const DATA_DIR = '/data';

/**
 * A broker that acknowledges before the disk has it. After a power cut it must start, and each partition must hold the
 * first part of what was sent: a hole, a repetition or a transaction that never ends would show here.
 */
export class WeakRun {
  readonly #life: BrokerLife;
  readonly #random: Random;
  readonly #client: PatientClient;
  readonly #options: BrokerOptions;
  /** Values by partition in the order in which they were sent; what a cut took is taken off. */
  readonly #sent: string[][] = Array.from({ length: PARTITIONS }, () => []);
  #number = 0;
  /** Records that cuts have taken. */
  lost = 0;
  kept = 0;

  constructor(life: BrokerLife, random: Random, flushPolicy: FlushPolicy) {
    this.#life = life;
    this.#random = random;
    this.#client = new PatientClient(() => life.port);
    this.#options = { dataDir: DATA_DIR, flushPolicy };
  }

  async start(): Promise<void> {
    await this.#life.start(this.#options);
  }

  /** Some work, a power cut, a start, and what is there then. */
  async round(): Promise<void> {
    await this.#createTopic();
    const transactions = this.#transactions();
    // Looked at after the cut.
    transactions.catch(() => undefined);
    for (let batch = 20 + this.#random(60); batch > 0; batch--) {
      const partition = this.#random(PARTITIONS);
      await this.#produce(partition, this.#batch(partition, {}), null);
      if (this.#random(8) === 0) await pause(0);
    }
    await Promise.race([transactions, pause(this.#random(30))]);
    await this.#life.kill();
    await transactions;
    while (this.#random(4) === 0) {
      const started = this.#life.start(this.#options);
      await pause(this.#random(20));
      await this.#life.kill();
      await started;
    }
    await this.#life.start(this.#options);
    await this.#createTopic();
    // What its coordinator knows to be open ends when the producer comes back.
    for (let id = 0; id < TRANSACTIONAL_IDS; id++) await this.#init(`tx-${id}`);
    for (let partition = 0; partition < PARTITIONS; partition++) await this.#check(partition);
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#life.stop();
  }

  async #check(partition: number): Promise<void> {
    const sent = this.#sent[partition]!;
    const records = await readPartition(this.#client, TOPIC, partition, { committed: false });
    for (const [index, { value, offset }] of records.entries()) {
      if (value !== sent[index]) throw new Error(`${TOPIC}-${partition} at ${offset}: '${value}' where '${sent[index]}' was sent.`);
    }
    this.lost += sent.length - records.length;
    this.kept += records.length;
    sent.length = records.length;
    await this.#checkEnd(partition, records);
  }

  /** Nothing may keep a reader of committed records from what is written now. */
  async #checkEnd(partition: number, records: readonly ReadRecord[]): Promise<void> {
    await this.#produce(partition, this.#batch(partition, {}), null);
    const committed = await readPartition(this.#client, TOPIC, partition, { committed: true });
    const last = this.#sent[partition]!.at(-1);
    if (committed.at(-1)?.value !== last) {
      throw new Error(`${TOPIC}-${partition}: read_committed does not get past ${committed.at(-1)?.offset} of ${records.at(-1)?.offset}.`);
    }
  }

  async #init(transactionalId: string) {
    const init = () => this.#client.send(InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
    const response = await whileLater(init, ({ errorCode }) => errorCode);
    if (response.errorCode !== 0) throw new Error(`InitProducerId got error ${response.errorCode}`);
    return response;
  }

  /** Goes on until the broker is gone. */
  async #transactions(): Promise<void> {
    try {
      const transactionalId = `tx-${this.#random(TRANSACTIONAL_IDS)}`;
      const { producerId, producerEpoch } = await this.#init(transactionalId);
      const sequences = new Array<number>(PARTITIONS).fill(0);
      for (;;) {
        const partitions = [{ name: TOPIC, partitions: [0, 1] }];
        const request = {
          v3AndBelowTransactionalId: transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: producerEpoch,
        };
        const add = () => this.#client.send(AddPartitionsToTxn, 3, { ...request, v3AndBelowTopics: partitions });
        await whileLater(add, (response) => response.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode);
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const producer = { producerId, producerEpoch, baseSequence: sequences[partition]!++, transactional: true };
          await this.#produce(partition, this.#batch(partition, producer), transactionalId);
        }
        const end = () => this.#client.send(EndTxn, 3, { transactionalId, producerId, producerEpoch, committed: this.#random(2) === 0 });
        await whileLater(end, (response) => response.errorCode);
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  #batch(partition: number, producer: Parameters<RecordBatchBuilder['build']>[0]): Buffer {
    const builder = new RecordBatchBuilder();
    const value = `${this.#number++}|${'w'.repeat(this.#random(400))}`;
    builder.append(Date.now(), null, Buffer.from(value));
    this.#sent[partition]!.push(value);
    return builder.build(producer);
  }

  async #produce(partition: number, records: Buffer, transactionalId: string | null): Promise<void> {
    const topicData = [{ name: TOPIC, partitionData: [{ index: partition, records }] }];
    const response = await this.#client.send(Produce, 9, { transactionalId, acks: -1, timeoutMs: 30_000, topicData });
    const { errorCode } = response.responses[0]!.partitionResponses[0]!;
    if (errorCode !== 0) throw new Error(`Produce to ${TOPIC}-${partition} got error ${errorCode}`);
  }

  /** A cut may have taken the topic too. */
  async #createTopic(): Promise<void> {
    const configs = [{ name: 'internal.segment.bytes', value: '6000' }];
    const topic = { name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs };
    const response = await this.#client.insist(CreateTopics, 5, { topics: [topic], timeoutMs: 30_000 });
    const { errorCode, errorMessage } = response.topics[0]!;
    if (errorCode !== 0 && errorCode !== TOPIC_EXISTS) throw new Error(`CreateTopics got error ${errorCode} ${errorMessage ?? ''}`);
    // The topic as found on the disk, when what was known about it is lost: a partition may be missing.
    const topics = [{ name: TOPIC, count: PARTITIONS, assignments: null }];
    await this.#client.insist(CreatePartitions, 3, { topics, timeoutMs: 30_000, validateOnly: false });
  }
}
