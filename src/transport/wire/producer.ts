import { BatchProducer, type KafkaClient } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import type { GroupConsumer, OutputBatch, Producer, TopicPartitionOffset } from '../transport.ts';
import { checkedOffsets, WireConsumer } from './consumer.ts';
import type { ProducerSettings } from './settings.ts';

/** Writes the shards' finished batches. */
export class WireProducer implements Producer {
  readonly #producer: BatchProducer;

  constructor(client: KafkaClient, settings: ProducerSettings) {
    this.#producer = new BatchProducer(client, settings.producer);
  }

  initTransactions(timeoutMs: number): Promise<void> {
    return this.#producer.initTransactions(timeoutMs);
  }

  begin(): Promise<void> {
    return this.#producer.begin();
  }

  async send(batches: readonly OutputBatch[]): Promise<void> {
    for (const { topic, partition, bytes, recordsCrc } of batches) await this.#producer.send({ topic, partition, bytes, recordsCrc });
  }

  async sendOffsets(offsets: readonly TopicPartitionOffset[], consumer: GroupConsumer): Promise<void> {
    if (!(consumer instanceof WireConsumer)) {
      throw new MillraceError(
        'INVALID_STATE',
        'A transaction of the wire transport takes offsets only with a consumer of the same transport.',
      );
    }
    await this.#producer.sendOffsets(checkedOffsets(offsets), consumer.generation);
  }

  commit(): Promise<void> {
    return this.#producer.commit();
  }

  abort(): Promise<void> {
    return this.#producer.abort();
  }

  flush(timeoutMs: number): Promise<void> {
    return this.#producer.flush(timeoutMs);
  }

  async close(): Promise<void> {
    this.#producer.close();
  }
}
