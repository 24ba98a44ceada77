import type { KafkaClient } from '../../client/index.ts';
import type { FetchedBatch, PartitionReader, TopicPartition, TopicPartitionOffset } from '../transport.ts';
import { Reading } from './reading.ts';
import type { ConsumerSettings } from './settings.ts';

/** Reads assigned partitions outside of any group. */
export class WireReader implements PartitionReader {
  readonly #reading: Reading;
  readonly #onClose: () => void;

  constructor(client: KafkaClient, { fetcher, maxPollRecords }: ConsumerSettings, onClose: () => void) {
    this.#reading = new Reading(client, { ...fetcher, readCommitted: true, autoOffsetReset: 'earliest' }, maxPollRecords, false);
    this.#onClose = onClose;
  }

  assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#reading.assign(partitions);
  }

  async poll(timeoutMs: number): Promise<FetchedBatch[]> {
    const batches = await this.#reading.poll(timeoutMs);
    this.#reading.fetcher.takeCaughtUp(); // `position` has it already
    return batches;
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#reading.fetcher.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#reading.fetcher.resume(partitions);
  }

  position(partition: TopicPartition): number {
    return this.#reading.position(partition);
  }

  async close(): Promise<void> {
    this.#reading.fetcher.close();
    this.#onClose();
  }
}
