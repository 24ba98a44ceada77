import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  EndTxn,
  InitProducerId,
  OffsetFetch,
  Produce,
  RecordBatchBuilder,
  TxnOffsetCommit,
} from '../../../src/protocol/index.ts';
import type { ProducerIdLog } from './idempotent-worker.ts';
import { ConnectionLost, type PatientClient, whileLater } from './patient-client.ts';
import type { Random } from './random.ts';
import type { ReadRecord } from './read-partition.ts';

const TIMEOUT_MS = 60_000;

interface LedgerEntry {
  /** Records by partition. */
  readonly records: ReadonlyMap<number, number>;
  /** The offset that the transaction commits for its group; -1 when it commits none. */
  readonly groupOffset: number;
  /** `unknown`: nobody answered the commit, so it happened or not. */
  outcome: 'open' | 'committed' | 'aborted' | 'unknown';
}

/**
 * A transactional producer: writes to several partitions and commits an offset of its group with them, or aborts. After
 * a crash it either repeats the request that was not answered, or starts anew, as a restarted client would.
 * With `version` 2 it speaks KIP-890: partitions are added by producing, each end gives a new epoch.
 */
export class TransactionalWorker {
  readonly topic: string;
  readonly partitions: number;
  readonly #id: string;
  readonly #version: 1 | 2;
  readonly #client: PatientClient;
  readonly #random: Random;
  readonly #ids: ProducerIdLog;
  readonly #builder = new RecordBatchBuilder();
  readonly #ledger: LedgerEntry[] = [];
  #producerId = -1;
  #epoch = -1;
  #ready = false;
  readonly #sequences = new Map<number, number>();

  constructor(id: string, version: 1 | 2, topic: string, partitions: number, client: PatientClient, random: Random, ids: ProducerIdLog) {
    this.#id = id;
    this.#version = version;
    this.topic = topic;
    this.partitions = partitions;
    this.#client = client;
    this.#random = random;
    this.#ids = ids;
  }

  get outcomes(): { readonly committed: number; readonly aborted: number; readonly unknown: number } {
    const count = (outcome: LedgerEntry['outcome']): number => this.#ledger.filter((entry) => entry.outcome === outcome).length;
    return { committed: count('committed'), aborted: count('aborted'), unknown: count('unknown') };
  }

  /** One transaction, from its begin to an outcome. */
  async step(): Promise<void> {
    if (!this.#ready) await this.#init();
    const entry = this.#newEntry();
    const commit = this.#random(3) > 0;
    let ending = false;
    try {
      await this.#write(entry);
      ending = true;
      await this.#insistUnlessTired(() => this.#end(commit));
      entry.outcome = commit ? 'committed' : 'aborted';
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      // As a producer that died and was started again: what was open is aborted, what was being committed is one or the other.
      entry.outcome = ending && commit ? 'unknown' : 'aborted';
      this.#ready = false;
    }
  }

  /** Ends what is left open by a crash, so that read_committed gets to the end of the log. */
  async settle(): Promise<void> {
    if (!this.#ready) await this.#init();
  }

  /** `records` by partition, as read_committed shows them. Throws unless every transaction is there as a whole or not at all. */
  async check(records: readonly (readonly ReadRecord[])[]): Promise<void> {
    const seen = this.#count(records);
    let lastOffset = -1;
    for (const [number, entry] of this.#ledger.entries()) {
      const found = seen[number] ?? new Map<number, number>();
      const wanted = [...entry.records].every(([partition, count]) => found.get(partition) === count);
      if (found.size > 0 && !wanted) {
        throw new Error(
          `Transaction ${number} of ${this.#id} (${entry.outcome}) is there by half: ${text(found)} of ${text(entry.records)}.`,
        );
      }
      if (entry.outcome === 'committed' && !wanted) throw new Error(`Transaction ${number} of ${this.#id} was committed and is lost.`);
      if (entry.outcome === 'aborted' && found.size > 0)
        throw new Error(`Transaction ${number} of ${this.#id} was aborted and is visible.`);
      if (found.size > 0 && entry.groupOffset >= 0) lastOffset = entry.groupOffset;
    }
    const offset = await this.#committedOffset();
    if (offset !== lastOffset) throw new Error(`Group ${this.#id} has offset ${offset}; its visible transactions say ${lastOffset}.`);
  }

  #count(records: readonly (readonly ReadRecord[])[]): Map<number, number>[] {
    const seen: Map<number, number>[] = [];
    for (const [partition, ofPartition] of records.entries()) {
      let last = -1;
      for (const { offset, value } of ofPartition) {
        const [id, number = '', index = ''] = value.split('|');
        if (id !== this.#id) continue;
        const transaction = Number(number);
        const found = seen[transaction] ?? new Map<number, number>();
        seen[transaction] = found;
        if (transaction < last || Number(index) !== (found.get(partition) ?? 0)) {
          throw new Error(`${this.topic}-${partition} at ${offset}: ${value.slice(0, 40)} is out of order or a repetition.`);
        }
        last = transaction;
        found.set(partition, Number(index) + 1);
      }
    }
    return seen;
  }

  async #committedOffset(): Promise<number> {
    const ask = () =>
      this.#client.insist(OffsetFetch, 7, {
        groupId: this.#id,
        topics: [{ name: this.topic, partitionIndexes: [0] }],
        requireStable: true,
      });
    const response = await whileLater(ask, ({ errorCode }) => errorCode);
    const partition = response.topics[0]!.partitions[0]!;
    if (response.errorCode !== 0 || partition.errorCode !== 0) {
      throw new Error(
        `OffsetFetch of ${this.#id} got errors ${response.errorCode} and ${partition.errorCode} after all its transactions have ended.`,
      );
    }
    return partition.committedOffset;
  }

  async #init(): Promise<void> {
    const ask = () => this.#client.insist(InitProducerId, 5, { transactionalId: this.#id, transactionTimeoutMs: TIMEOUT_MS });
    const response = await whileLater(ask, ({ errorCode }) => errorCode);
    if (response.errorCode !== 0) throw new Error(`InitProducerId of ${this.#id} got error ${response.errorCode}`);
    const isNewer =
      response.producerId > this.#producerId || (response.producerId === this.#producerId && response.producerEpoch > this.#epoch);
    if (!isNewer) {
      throw new Error(
        `${this.#id} had producer ${this.#producerId} epoch ${this.#epoch} and was given ${response.producerId} epoch ${response.producerEpoch}.`,
      );
    }
    this.#adopt(response.producerId, response.producerEpoch);
    this.#ready = true;
  }

  #adopt(producerId: number, epoch: number): void {
    if (producerId !== this.#producerId) this.#ids.note(producerId);
    if (producerId !== this.#producerId || epoch !== this.#epoch) this.#sequences.clear();
    this.#producerId = producerId;
    this.#epoch = epoch;
  }

  #newEntry(): LedgerEntry {
    const records = new Map<number, number>();
    for (let count = 1 + this.#random(this.partitions); count > 0; count--) records.set(this.#random(this.partitions), 1 + this.#random(5));
    const entry: LedgerEntry = { records, groupOffset: this.#random(4) > 0 ? this.#ledger.length + 1 : -1, outcome: 'open' };
    this.#ledger.push(entry);
    return entry;
  }

  async #write(entry: LedgerEntry): Promise<void> {
    if (this.#version === 1) await this.#insistUnlessTired(() => this.#addPartitions([...entry.records.keys()]));
    for (const [partition, records] of entry.records) {
      const batch = this.#batch(partition, records);
      await this.#insistUnlessTired(() => this.#produce(partition, batch));
    }
    if (entry.groupOffset >= 0) await this.#insistUnlessTired(() => this.#commitOffset(entry.groupOffset));
  }

  /** Most times a request that got no answer is repeated; else the producer is given up, as by {@link ConnectionLost}. */
  async #insistUnlessTired(request: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof ConnectionLost) || this.#random(2) === 0) throw error;
      }
    }
  }

  async #addPartitions(partitions: number[]): Promise<void> {
    const ask = () =>
      this.#client.send(AddPartitionsToTxn, 3, {
        v3AndBelowTransactionalId: this.#id,
        v3AndBelowProducerId: this.#producerId,
        v3AndBelowProducerEpoch: this.#epoch,
        v3AndBelowTopics: [{ name: this.topic, partitions }],
      });
    const errorOf = (response: Awaited<ReturnType<typeof ask>>): number =>
      response.resultsByTopicV3AndBelow[0]!.resultsByPartition.find(({ partitionErrorCode }) => partitionErrorCode !== 0)
        ?.partitionErrorCode ?? 0;
    this.#demand('AddPartitionsToTxn', errorOf(await whileLater(ask, errorOf)));
  }

  #batch(partition: number, records: number): Buffer {
    const sequence = this.#sequences.get(partition) ?? 0;
    this.#sequences.set(partition, sequence + records);
    this.#builder.reset();
    for (let index = 0; index < records; index++) {
      const value = `${this.#id}|${this.#ledger.length - 1}|${index}|${'y'.repeat(this.#random(100))}`;
      this.#builder.append(Date.now(), Buffer.from('k'), Buffer.from(value));
    }
    const { builder, producer } = { builder: this.#builder, producer: { producerId: this.#producerId, producerEpoch: this.#epoch } };
    return Buffer.from(builder.build({ ...producer, baseSequence: sequence, transactional: true }));
  }

  async #produce(partition: number, records: Buffer): Promise<void> {
    const ask = () =>
      this.#client.send(Produce, this.#version === 2 ? 12 : 9, {
        transactionalId: this.#id,
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: this.topic, partitionData: [{ index: partition, records }] }],
      });
    const errorOf = (response: Awaited<ReturnType<typeof ask>>): number => response.responses[0]!.partitionResponses[0]!.errorCode;
    this.#demand(`Produce to ${this.topic}-${partition}`, errorOf(await whileLater(ask, errorOf)));
  }

  async #commitOffset(offset: number): Promise<void> {
    const producer = { transactionalId: this.#id, producerId: this.#producerId, producerEpoch: this.#epoch, groupId: this.#id };
    if (this.#version === 1) {
      const add = () => this.#client.send(AddOffsetsToTxn, 3, producer);
      this.#demand('AddOffsetsToTxn', (await whileLater(add, ({ errorCode }) => errorCode)).errorCode);
    }
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: `transaction ${offset - 1}` }];
    const ask = () =>
      this.#client.send(TxnOffsetCommit, this.#version === 2 ? 5 : 3, {
        ...producer,
        memberId: '',
        topics: [{ name: this.topic, partitions }],
      });
    const errorOf = (response: Awaited<ReturnType<typeof ask>>): number => response.topics[0]!.partitions[0]!.errorCode;
    this.#demand('TxnOffsetCommit', errorOf(await whileLater(ask, errorOf)));
  }

  async #end(committed: boolean): Promise<void> {
    const request = { transactionalId: this.#id, producerId: this.#producerId, producerEpoch: this.#epoch, committed };
    const ask = () => this.#client.send(EndTxn, this.#version === 2 ? 5 : 3, request);
    const response = await whileLater(ask, ({ errorCode }) => errorCode);
    this.#demand(`EndTxn (${committed ? 'commit' : 'abort'})`, response.errorCode);
    if (this.#version === 2) this.#adopt(response.producerId, response.producerEpoch);
  }

  #demand(request: string, errorCode: number): void {
    if (errorCode === 0) return;
    throw new Error(
      `${request} in transaction ${this.#ledger.length - 1} of ${this.#id} (producer ${this.#producerId} epoch ${this.#epoch}): error ${errorCode}`,
    );
  }
}

const text = (records: ReadonlyMap<number, number>): string => JSON.stringify([...records]);
