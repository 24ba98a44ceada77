import { KafkaClient, SharedFrames } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import type { BatchFormat } from '../../protocol/index.ts';
import type { GroupConsumer, PartitionReader, Producer, Transport, TransportAdmin, TransportOptions } from '../transport.ts';
import { WireAdmin } from './admin.ts';
import { WireConsumer } from './consumer.ts';
import { WireProducer } from './producer.ts';
import { WireReader } from './reader.ts';
import { adminSettings, type ConsumerSettings, consumerSettings, type ProducerSettings, producerSettings } from './settings.ts';

/** Memory for answers that is kept while none of it is needed: what a few brokers send at once. */
const SHARED_FREE_BYTES = 32 * 1024 * 1024;

/**
 * The transport on our own client: record batches pass through as they are, from the socket to the shards and back.
 *
 * @throws MillraceError INVALID_CONFIG for client settings that it does not know
 */
export async function createWireTransport(options: TransportOptions): Promise<Transport> {
  return new WireTransport(options);
}

class WireTransport implements Transport {
  readonly name = 'wire';
  readonly outputFormat: BatchFormat;
  readonly admin: TransportAdmin;
  readonly consumer: GroupConsumer;
  readonly #consumerSettings: ConsumerSettings;
  readonly #producerSettings: ProducerSettings;
  /** They connect when they are first used. */
  readonly #consumerClient: KafkaClient;
  readonly #producerClient: KafkaClient;
  readonly #adminClient: KafkaClient;
  readonly #readers = new Set<WireReader>();
  #producer: WireProducer;
  #closing: Promise<void> | undefined;

  constructor(options: TransportOptions) {
    this.#consumerSettings = consumerSettings(options);
    this.#producerSettings = producerSettings(options);
    this.#adminClient = KafkaClient.open(adminSettings(options));
    const sharedFrames = new SharedFrames(SHARED_FREE_BYTES);
    this.#consumerClient = KafkaClient.open({ ...this.#consumerSettings.client, sharedFrames });
    this.#producerClient = KafkaClient.open(this.#producerSettings.client);
    this.admin = new WireAdmin(this.#adminClient);
    this.consumer = new WireConsumer(this.#consumerClient, options, this.#consumerSettings);
    this.#producer = new WireProducer(this.#producerClient, this.#producerSettings);
    const { compression, compressionLevel } = this.#producerSettings;
    this.outputFormat = { compression, compressionLevel, recordsCrc: true, shared: true };
  }

  get producer(): Producer {
    return this.#producer;
  }

  async connect(timeoutMs: number): Promise<void> {
    // The first answers for the cluster; the others follow when somebody is there.
    await this.#adminClient.reach(timeoutMs);
    await Promise.all([this.#consumerClient.reach(timeoutMs), this.#producerClient.reach(timeoutMs)]);
  }

  async replaceProducer(): Promise<Producer> {
    this.#checkOpen();
    await this.#producer.close();
    this.#producer = new WireProducer(this.#producerClient, this.#producerSettings);
    return this.#producer;
  }

  async openReader(): Promise<PartitionReader> {
    this.#checkOpen();
    const reader: WireReader = new WireReader(this.#consumerClient, this.#consumerSettings, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#producer.close();
    await this.consumer.close();
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    for (const client of [this.#consumerClient, this.#producerClient, this.#adminClient]) client.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new MillraceError('INVALID_STATE', 'The transport is closed.');
  }
}
