import { BatchProducer, type KafkaClient, type ProducerOptions } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import { type CompressionName, partitionForKey, RecordBatchBuilder } from '../../protocol/index.ts';
import type { NewRecord } from './types.ts';
import { waitForTopic } from './wait-for-topic.ts';

export interface SenderOptions {
  readonly producing: ProducerOptions & { readonly deliveryTimeoutMs: number };
  readonly compression: CompressionName;
  /** How long a record waits for others to share its batch. */
  readonly lingerMs: number;
  readonly batchBytes: number;
  /** Let the broker make the topic if it is not there and the broker is set to. */
  readonly createTopic: boolean;
}

/** What was written to a partition. */
export interface Written {
  records: number;
  /** Undefined with acks 0. */
  firstOffset: number | undefined;
  lastOffset: number | undefined;
}

/** Gathers records of one topic into batches and has them produced, in transactions if the producer has an id for them. */
export class RecordSender {
  readonly partitionCount: number;
  readonly #topic: string;
  readonly #options: SenderOptions;
  readonly #producer: BatchProducer;
  readonly #builders: readonly RecordBatchBuilder[];
  readonly #written: readonly Written[];
  /** One batch is handed over after the other, so that they keep their order while the producer has no room. */
  #sent: Promise<void> = Promise.resolve();
  #inTransaction = false;
  #sticky: number;
  #timer: NodeJS.Timeout | undefined;
  /** What a batch that nobody waited for was refused with. */
  #refused: unknown;

  /** Finds the topic, or has it made, and fences earlier producers of the transactional id. Rejects with MISSING_TOPIC. */
  static async open(client: KafkaClient, topic: string, options: SenderOptions): Promise<RecordSender> {
    const { partitions } = await waitForTopic(client, topic, options.createTopic);
    const producer = new BatchProducer(client, options.producing);
    if (options.producing.transactionalId !== undefined) await producer.initTransactions(options.producing.deliveryTimeoutMs);
    return new RecordSender(producer, topic, partitions.length, options);
  }

  private constructor(producer: BatchProducer, topic: string, partitions: number, options: SenderOptions) {
    this.#producer = producer;
    this.#topic = topic;
    this.#options = options;
    this.partitionCount = partitions;
    this.#sticky = Math.floor(Math.random() * partitions);
    this.#builders = Array.from({ length: partitions }, () => new RecordBatchBuilder());
    this.#written = Array.from({ length: partitions }, () => ({ records: 0, firstOffset: undefined, lastOffset: undefined }));
  }

  /** Takes a record, whose partition must be one of the topic's. A promise means: wait for it before the next one. */
  add(record: NewRecord): Promise<void> | undefined {
    if (this.#refused !== undefined) throw this.#refused;
    if (!this.#inTransaction && this.#options.producing.transactionalId !== undefined) return this.#beginWith(record);
    const partition = this.#partitionOf(record);
    const builder = this.#builders[partition];
    if (builder === undefined)
      throw new MillraceError('INVALID_STATE', `The topic has ${this.partitionCount} partitions, so none has number ${partition}.`);
    builder.append(record.timestampMs ?? Date.now(), record.key, record.value, record.headers);
    if (builder.sizeInBytes >= this.#options.batchBytes) {
      this.#sticky = (this.#sticky + 1) % this.partitionCount;
      return this.#send(partition);
    }
    this.#timer ??= setTimeout(() => void this.#onLinger(), this.#options.lingerMs);
    return undefined;
  }

  /** Resolves when everything is acknowledged, and a transaction committed; the next record begins another. */
  async commit(): Promise<void> {
    await this.#sendAll();
    if (this.#options.producing.transactionalId === undefined) await this.#producer.flush(this.#options.producing.deliveryTimeoutMs);
    else if (this.#inTransaction) await this.#producer.commit();
    this.#inTransaction = false;
  }

  /** After an error: aborts the transaction, or without one writes what was taken. */
  async giveUp(): Promise<void> {
    if (this.#inTransaction) {
      this.#stopTimer();
      await this.#producer.abort();
      this.#inTransaction = false;
    } else await this.commit();
  }

  /** By partition; those that got nothing are left out. */
  written(): ReadonlyMap<number, Written> {
    return new Map([...this.#written.entries()].filter(([, { records }]) => records > 0));
  }

  /** Stops sending; what was not sent is forgotten. */
  close(): void {
    this.#stopTimer();
    this.#producer.close();
  }

  async #beginWith(record: NewRecord): Promise<void> {
    await this.#producer.begin();
    this.#inTransaction = true;
    await this.add(record);
  }

  /** As Kafka's default partitioner: the record's own, by the hash of its key, or one for a whole batch (KIP-480). */
  #partitionOf({ partition, key }: NewRecord): number {
    return partition ?? (key === null ? this.#sticky : partitionForKey(key, this.partitionCount));
  }

  /** Resolves when the producer has room for it. */
  async #send(partition: number): Promise<void> {
    const builder = this.#builders[partition];
    const written = this.#written[partition];
    if (builder === undefined || written === undefined || builder.recordCount === 0) return;
    const count = builder.recordCount;
    // The producer writes the CRC, once it has stamped the batch with its id.
    const bytes = builder.build({ compression: this.#options.compression, crc: false });
    builder.reset();
    const delivered = (error: MillraceError | undefined, baseOffset: number): void => {
      if (error !== undefined) {
        this.#refused ??= error;
        return;
      }
      written.records += count;
      if (baseOffset < 0) return;
      written.firstOffset ??= baseOffset;
      written.lastOffset = baseOffset + count - 1;
    };
    const sent = this.#sent.then(() => this.#producer.send({ topic: this.#topic, partition, bytes }, delivered));
    this.#sent = sent.catch(() => undefined);
    await sent;
  }

  async #sendAll(): Promise<void> {
    this.#stopTimer();
    for (let partition = 0; partition < this.partitionCount; partition++) await this.#send(partition);
  }

  async #onLinger(): Promise<void> {
    try {
      this.#sticky = (this.#sticky + 1) % this.partitionCount;
      await this.#sendAll();
    } catch (error) {
      this.#refused ??= error;
    }
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
