import { MillraceError } from '../../errors.ts';
import { PLAIN_BATCHES } from '../../protocol/index.ts';
import type { GroupConsumer, PartitionReader, Producer, Transport, TransportAdmin, TransportOptions } from '../transport.ts';
import { LibrdkafkaAdmin } from './admin.ts';
import { LibrdkafkaConsumer } from './consumer.ts';
import { loadNative, type NativeModule } from './native.ts';
import { LibrdkafkaProducer } from './producer.ts';
import { LibrdkafkaReader } from './reader.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;

/**
 * The transport over @confluentinc/kafka-javascript. Works on the main thread only, and wants UV_THREADPOOL_SIZE at 8 or
 * more, set before the process starts: every waiting call takes a thread of that pool.
 *
 * @throws MillraceError INVALID_STATE in a worker thread or where the native client does not load, INVALID_CONFIG for
 *   client settings that librdkafka does not know
 */
export async function createLibrdkafkaTransport(options: TransportOptions): Promise<Transport> {
  return new LibrdkafkaTransport(await loadNative(), options);
}

class LibrdkafkaTransport implements Transport {
  readonly name = 'librdkafka';
  /** librdkafka takes single records and makes, compresses and checks its own batches. */
  readonly outputFormat = PLAIN_BATCHES;
  readonly #module: NativeModule;
  readonly #options: TransportOptions;
  readonly #admin: LibrdkafkaAdmin;
  readonly #consumer: LibrdkafkaConsumer;
  readonly #readers = new Set<LibrdkafkaReader>();
  #producer: LibrdkafkaProducer;
  #connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS;
  #closing: Promise<void> | undefined;

  constructor(module: NativeModule, options: TransportOptions) {
    this.#module = module;
    this.#options = options;
    this.#admin = new LibrdkafkaAdmin(module, options);
    this.#consumer = new LibrdkafkaConsumer(module, options);
    this.#producer = new LibrdkafkaProducer(module, options);
  }

  get admin(): TransportAdmin {
    return this.#admin;
  }

  get consumer(): GroupConsumer {
    return this.#consumer;
  }

  get producer(): Producer {
    return this.#producer;
  }

  async connect(timeoutMs: number): Promise<void> {
    this.#connectTimeoutMs = timeoutMs;
    // The first answers for the cluster; the others follow when somebody is there.
    await this.#admin.connect(timeoutMs);
    await Promise.all([this.#consumer.connect(timeoutMs), this.#producer.connect(timeoutMs)]);
  }

  async replaceProducer(): Promise<Producer> {
    this.#checkOpen();
    await this.#producer.close();
    const producer = new LibrdkafkaProducer(this.#module, this.#options);
    await producer.connect(this.#connectTimeoutMs);
    this.#producer = producer;
    return producer;
  }

  async openReader(name: string): Promise<PartitionReader> {
    this.#checkOpen();
    const reader = new LibrdkafkaReader(this.#module, this.#options, name);
    await reader.connect(this.#connectTimeoutMs);
    this.#readers.add(reader);
    const close = reader.close.bind(reader);
    reader.close = () => {
      this.#readers.delete(reader);
      return close();
    };
    return reader;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#producer.close();
    await this.#consumer.close();
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    await this.#admin.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new MillraceError('INVALID_STATE', 'The transport is closed.');
  }
}
