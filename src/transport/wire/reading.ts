import { BatchFetcher, type FetcherOptions, type KafkaClient } from '../../client/index.ts';
import type { FetchedBatch, TopicPartition, TopicPartitionOffset } from '../transport.ts';
import { toFetchedBatch } from './fetched-batch.ts';

/**
 * Polls of a fetcher and changes of what it reads, kept apart: a change waits for the poll under way, which gives out
 * nothing from before it.
 */
export class Reading {
  readonly fetcher: BatchFetcher;
  readonly #maxPollRecords: number;
  readonly #mayShare: boolean;
  #polling: Promise<unknown> = Promise.resolve();
  /** Assignments that wait for the poll under way. */
  #assigning = 0;
  /** Partitions whose seek does. */
  readonly #seeking = new Set<string>();

  /** `mayShare`: see {@link toFetchedBatch}. */
  constructor(client: KafkaClient, options: FetcherOptions, maxPollRecords: number, mayShare: boolean) {
    this.fetcher = new BatchFetcher(client, options);
    this.#maxPollRecords = maxPollRecords;
    this.#mayShare = mayShare;
  }

  poll(timeoutMs: number): Promise<FetchedBatch[]> {
    const polling = this.#polling.then(() => this.#poll(timeoutMs));
    this.#polling = polling.catch(() => undefined);
    return polling;
  }

  async assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    this.#assigning++;
    try {
      await this.#idle();
    } finally {
      this.#assigning--;
    }
    this.fetcher.assign(partitions);
  }

  /** Throws INVALID_STATE if it is not assigned. */
  async seek({ topic, partition, offset }: TopicPartitionOffset): Promise<void> {
    this.fetcher.position(topic, partition);
    const name = `${topic}-${partition}`;
    this.#seeking.add(name);
    try {
      await this.#idle();
    } finally {
      this.#seeking.delete(name);
    }
    this.fetcher.seek(topic, partition, offset);
  }

  position({ topic, partition }: TopicPartition): number {
    return this.fetcher.position(topic, partition);
  }

  async #poll(timeoutMs: number): Promise<FetchedBatch[]> {
    const fetched = this.#assigning > 0 ? [] : await this.fetcher.poll(timeoutMs, this.#maxPollRecords);
    const batches: FetchedBatch[] = [];
    for (const records of fetched) {
      if (this.#assigning > 0 || this.#seeking.has(`${records.topic}-${records.partition}`)) {
        records.release?.();
        continue;
      }
      const batch = toFetchedBatch(records, this.#mayShare);
      if (batch !== undefined) batches.push(batch);
    }
    return batches;
  }

  /** Lets the poll that waits end. */
  async #idle(): Promise<void> {
    this.fetcher.interrupt();
    await this.#polling;
  }
}
