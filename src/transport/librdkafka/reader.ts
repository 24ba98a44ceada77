import type { FetchedBatch, PartitionReader, TopicPartition, TopicPartitionOffset, TransportOptions } from '../transport.ts';
import { createClient, ManagedClient } from './client.ts';
import { clampWait, Fetcher } from './fetcher.ts';
import type { NativeConsumer, NativeModule } from './native.ts';
import { maxPollRecords, readerSettings } from './settings.ts';

/** Reads assigned partitions with a native consumer of its own that never joins a group. */
export class LibrdkafkaReader implements PartitionReader {
  readonly #client: ManagedClient<NativeConsumer>;
  readonly #fetcher: Fetcher;
  #closing: Promise<void> | undefined;

  constructor(module: NativeModule, options: TransportOptions, name: string) {
    const native = createClient(`reader "${name}"`, (settings) => new module.KafkaConsumer(settings), readerSettings(options, name));
    this.#client = new ManagedClient(`reader ${name}`, native, options);
    this.#fetcher = new Fetcher(native, `reader ${name}`, maxPollRecords(options), (message) => options.onLog('warn', message));
  }

  connect(timeoutMs: number): Promise<void> {
    return this.#client.connect(timeoutMs);
  }

  assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#fetcher.assign(partitions);
  }

  async poll(timeoutMs: number): Promise<FetchedBatch[]> {
    const batches = await this.#fetcher.poll(clampWait(timeoutMs));
    this.#fetcher.takeCaughtUp(); // `position` has it already
    return batches;
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.resume(partitions);
  }

  position({ topic, partition }: TopicPartition): number {
    return this.#fetcher.position(topic, partition);
  }

  close(): Promise<void> {
    this.#closing ??= this.#fetcher.close().then(() => this.#client.close());
    return this.#closing;
  }
}
