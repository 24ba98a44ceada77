import type { KafkaClient } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import { type CompressionName, partitionForKey } from '../../protocol/index.ts';
import { PartitionSender } from './partition-sender.ts';
import { openProducer, type Producer } from './producer.ts';
import type { NewRecord } from './types.ts';
import { waitForTopic } from './wait-for-topic.ts';

export interface SenderOptions {
  /** -1: all replicas in sync, 1: the leader, 0: nobody says anything. */
  readonly acks: -1 | 0 | 1;
  readonly compression: CompressionName;
  /** Each record once and in order, whatever is sent again. */
  readonly idempotent: boolean;
  readonly transactionalId: string | undefined;
  readonly transactionTimeoutMs: number;
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

/**
 * Writes records to one topic in batches, one request under way for each partition, so that order holds. Waits when it
 * has more than the brokers take. The first error ends it: every later call rejects with it.
 */
export class RecordSender {
  readonly #client: KafkaClient;
  readonly #options: SenderOptions;
  readonly #producer: Producer;
  readonly #partitions: PartitionSender[];
  #sticky = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Finds the topic, or has it made. Rejects with MISSING_TOPIC. */
  static async open(client: KafkaClient, topic: string, options: SenderOptions): Promise<RecordSender> {
    const info = await waitForTopic(client, topic, options.createTopic);
    const producer = await openProducer(client, options);
    return new RecordSender(client, options, producer, topic, info.partitions.length);
  }

  private constructor(client: KafkaClient, options: SenderOptions, producer: Producer, topic: string, partitions: number) {
    this.#client = client;
    this.#options = options;
    this.#producer = producer;
    this.#sticky = Math.floor(Math.random() * partitions);
    this.#partitions = Array.from(
      { length: partitions },
      (_, partition) => new PartitionSender(client, producer, options, topic, partition),
    );
  }

  get partitionCount(): number {
    return this.#partitions.length;
  }

  /** Takes a record, whose partition must be one of the topic's. A promise means: wait for it before the next one. */
  add(record: NewRecord): Promise<void> | undefined {
    const sender = this.#senderOf(record);
    sender.append(record);
    if (sender.isFull) {
      sender.send();
      if (record.key === null && record.partition === undefined) this.#sticky = (this.#sticky + 1) % this.#partitions.length;
      return sender.roomForMore();
    }
    this.#timer ??= setTimeout(() => this.#onLinger(), this.#options.lingerMs);
    return undefined;
  }

  /** Resolves when everything is acknowledged. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await Promise.all(this.#partitions.map((sender) => sender.flush()));
  }

  /** Ends the open transaction, if there is one; the next record begins another. Everything must be flushed before. */
  async endTransaction(commit: boolean): Promise<void> {
    await this.#producer.endTransaction(commit);
  }

  /** By partition; those that got nothing are left out. */
  written(): ReadonlyMap<number, Written> {
    return new Map(this.#partitions.flatMap(({ partition, written }) => (written.records === 0 ? [] : [[partition, written] as const])));
  }

  /** Stops sending; what was not sent is forgotten. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** As Kafka's default partitioner: the record's own, by the hash of its key, or one for a whole batch (KIP-480). */
  #senderOf({ partition, key }: NewRecord): PartitionSender {
    const count = this.#partitions.length;
    const chosen = partition ?? (key === null ? this.#sticky : partitionForKey(key, count));
    const sender = this.#partitions[chosen];
    if (sender !== undefined) return sender;
    throw new MillraceError('INVALID_STATE', `The topic has ${count} partitions, so none has number ${chosen}.`);
  }

  #onLinger(): void {
    this.#timer = undefined;
    if (this.#client.closeSignal.aborted) return;
    for (const sender of this.#partitions) sender.send();
    this.#sticky = (this.#sticky + 1) % this.#partitions.length;
  }
}
