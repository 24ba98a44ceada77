import type { KafkaClient } from '../../client/index.ts';
import { AddPartitionsToTxn, EndTxn, InitProducerId } from '../../protocol/index.ts';
import type { SenderOptions } from './sender.ts';

/** Later versions are for brokers among themselves. */
const LAST_ADD_PARTITIONS_VERSION = 3;
/** Version 5 belongs to transactions without AddPartitionsToTxn (KIP-890). */
const LAST_END_VERSION = 4;

/** Who writes, as the brokers know it: nobody in particular, an idempotent producer, or one with transactions. */
export interface Producer {
  /** -1: not idempotent. */
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Makes the partition part of the transaction, which begins with the first one. */
  addPartition(topic: string, partition: number): Promise<void>;
  endTransaction(commit: boolean): Promise<void>;
}

/** Gets a producer id where one is needed. Fences earlier producers of the same transactional id. */
export async function openProducer(client: KafkaClient, options: SenderOptions): Promise<Producer> {
  const { idempotent, transactionalId, transactionTimeoutMs } = options;
  if (!idempotent) return { producerId: -1, producerEpoch: -1, addPartition: async () => undefined, endTransaction: async () => undefined };
  const { producerId, producerEpoch } = await client.request(
    InitProducerId,
    { transactionalId: transactionalId ?? null, transactionTimeoutMs, producerId: -1, producerEpoch: -1 },
    transactionalId === undefined ? 'any' : { coordinator: ['transaction', transactionalId] },
    { errorOf: ({ errorCode }) => errorCode },
  );
  if (transactionalId !== undefined) return new TransactionalProducer(client, transactionalId, producerId, producerEpoch);
  return { producerId, producerEpoch, addPartition: async () => undefined, endTransaction: async () => undefined };
}

class TransactionalProducer implements Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly #client: KafkaClient;
  readonly #transactionalId: string;
  /** Partitions of the open transaction, with what they wait for. */
  readonly #added = new Map<string, Promise<void>>();

  constructor(client: KafkaClient, transactionalId: string, producerId: number, producerEpoch: number) {
    this.#client = client;
    this.#transactionalId = transactionalId;
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
  }

  addPartition(topic: string, partition: number): Promise<void> {
    const key = `${topic}-${partition}`;
    const added = this.#added.get(key) ?? this.#add(topic, partition);
    this.#added.set(key, added);
    return added;
  }

  async endTransaction(committed: boolean): Promise<void> {
    if (this.#added.size === 0) return;
    await this.#client.request(
      EndTxn,
      { transactionalId: this.#transactionalId, producerId: this.producerId, producerEpoch: this.producerEpoch, committed },
      { coordinator: ['transaction', this.#transactionalId] },
      { maxVersion: LAST_END_VERSION, errorOf: ({ errorCode }) => errorCode },
    );
    this.#added.clear();
  }

  async #add(topic: string, partition: number): Promise<void> {
    await this.#client.request(
      AddPartitionsToTxn,
      {
        v3AndBelowTransactionalId: this.#transactionalId,
        v3AndBelowProducerId: this.producerId,
        v3AndBelowProducerEpoch: this.producerEpoch,
        v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
      },
      { coordinator: ['transaction', this.#transactionalId] },
      {
        maxVersion: LAST_ADD_PARTITIONS_VERSION,
        errorOf: ({ resultsByTopicV3AndBelow: [result] }) => result?.resultsByPartition[0]?.partitionErrorCode ?? 0,
      },
    );
  }
}
