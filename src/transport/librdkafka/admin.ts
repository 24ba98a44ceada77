import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { NewTopic, TopicMetadata, TopicPartition, TopicPartitionOffset, TransportAdmin, TransportOptions } from '../transport.ts';
import { call } from './call.ts';
import { createClient, ManagedClient } from './client.ts';
import { asMillraceError, CODE, codeOf } from './errors.ts';
import type { NativeAdmin, NativeMetadata, NativeModule, NativePartition, NativeProducer } from './native.ts';
import { adminSettings } from './settings.ts';

const REQUEST_TIMEOUT_MS = 30_000;

/** ListOffsets takes its times as objects: `OffsetSpec` of the binding. */
const AT = { earliest: { timestamp: -2 }, latest: { timestamp: -1 }, highWatermark: { timestamp: -1 } } as const;
/** Unknown partition, leader not available, not the leader, and a leader epoch that is not the cluster's any more, or not yet. */
const NO_LEADER: readonly number[] = [3, 5, 6, 74, 75];
const SETTLE_MS = 50;
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;

/**
 * Admin requests. The binding's own admin client neither waits for its connection nor tells what became of it, so it is
 * made on top of a plain producer that does both.
 */
export class LibrdkafkaAdmin implements TransportAdmin {
  readonly #module: NativeModule;
  readonly #client: ManagedClient<NativeProducer>;
  #admin: NativeAdmin | undefined;

  constructor(module: NativeModule, options: TransportOptions) {
    this.#module = module;
    const native = createClient('admin client', (settings) => new module.Producer(settings), adminSettings(options));
    this.#client = new ManagedClient('admin client', native, options);
  }

  async connect(timeoutMs: number): Promise<void> {
    await this.#client.connect(timeoutMs);
    this.#client.native.setPollInBackground(true);
    this.#admin = this.#module.AdminClient.createFrom(this.#client.native);
  }

  /** Asks for all topics whatever is wanted: asking for one by name would create it where the broker allows that. */
  async metadata(topics?: readonly string[]): Promise<TopicMetadata[]> {
    const action = 'Reading the cluster metadata';
    const metadata = await call<NativeMetadata>(
      action,
      REQUEST_TIMEOUT_MS,
      (done) => this.#client.native.getMetadata({ allTopics: true, timeout: REQUEST_TIMEOUT_MS }, done),
      (failure) => asMillraceError(failure, action),
    );
    const wanted = topics === undefined ? undefined : new Set(topics);
    return metadata.topics
      .filter(({ name, partitions }) => partitions.length > 0 && (wanted === undefined || wanted.has(name)))
      .map(({ name, partitions }) => ({ topic: name, partitions: partitions.length }));
  }

  async createTopics(topics: readonly NewTopic[]): Promise<Map<string, 'created' | 'exists'>> {
    const outcomes = await Promise.all(topics.map(async (topic) => [topic.topic, await this.#createTopic(topic)] as const));
    await this.#appear(topics);
    return new Map(outcomes);
  }

  /** The controller answers when a topic is made; the brokers that are asked for metadata know of it a little later. */
  async #appear(topics: readonly NewTopic[]): Promise<void> {
    const deadlineMs = performance.now() + REQUEST_TIMEOUT_MS;
    const names = topics.map(({ topic }) => topic);
    while ((await this.metadata(names)).length < new Set(names).size) {
      if (performance.now() > deadlineMs) {
        throw new MillraceError(
          'TIMEOUT',
          `Topics ${names.join(', ')} were created but the cluster does not show them after ${REQUEST_TIMEOUT_MS / 1000} s.`,
          { retriable: true },
        );
      }
      await sleep(SETTLE_MS);
    }
  }

  async #createTopic({ topic, partitions, replicationFactor, config }: NewTopic): Promise<'created' | 'exists'> {
    const action = `Creating topic ${topic}`;
    const native = { topic, num_partitions: partitions, replication_factor: replicationFactor, config: { ...config } };
    try {
      await call(
        action,
        REQUEST_TIMEOUT_MS,
        (done) => this.#open().createTopic(native, REQUEST_TIMEOUT_MS, done),
        (failure) => asMillraceError(failure, action, { topic }),
      );
      return 'created';
    } catch (error) {
      if (error instanceof MillraceError && error.context['kafkaCode'] === CODE.TOPIC_ALREADY_EXISTS) return 'exists';
      throw error;
    }
  }

  async deleteRecords(upTo: readonly TopicPartitionOffset[]): Promise<void> {
    if (upTo.length === 0) return;
    const positions = upTo.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
    const action = 'Deleting records';
    await call(
      action,
      REQUEST_TIMEOUT_MS,
      (done) => this.#open().deleteRecords(positions, { timeout: REQUEST_TIMEOUT_MS }, done),
      (failure) => asMillraceError(failure, action),
    );
  }

  async listOffsets(partitions: readonly TopicPartition[], at: 'earliest' | 'latest' | 'highWatermark'): Promise<TopicPartitionOffset[]> {
    if (partitions.length === 0) return [];
    const action = `Reading the ${at} offsets of ${partitions.length} partitions`;
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, offset: AT[at] }));
    const isolationLevel = at === 'highWatermark' ? READ_UNCOMMITTED : READ_COMMITTED;
    const found = await this.#settled(() =>
      call<NativePartition[]>(
        action,
        REQUEST_TIMEOUT_MS,
        (done) => this.#open().listOffsets(asked, { timeout: REQUEST_TIMEOUT_MS, isolationLevel }, done),
        (failure) => asMillraceError(failure, action),
      ),
    );
    return found.map(({ topic, partition, offset, error }) => {
      if (error !== undefined && codeOf(error) !== 0)
        throw asMillraceError(error, `Reading the ${at} offset of ${topic}-${partition}`, { topic, partition });
      return { topic, partition, offset: offset ?? -1 };
    });
  }

  /** A partition made a moment ago has no leader yet: asked again until it has one. */
  async #settled(ask: () => Promise<NativePartition[]>): Promise<NativePartition[]> {
    const deadlineMs = performance.now() + REQUEST_TIMEOUT_MS;
    for (;;) {
      const found = await ask();
      const leaderless = found.some(({ error }) => error !== undefined && NO_LEADER.includes(codeOf(error)));
      if (!leaderless || performance.now() > deadlineMs) return found;
      await sleep(SETTLE_MS);
      // The client asks with the epochs of its last metadata; after a broker's crash those are too old.
      await this.metadata();
    }
  }

  async close(): Promise<void> {
    this.#admin = undefined;
    await this.#client.close();
  }

  #open(): NativeAdmin {
    if (this.#admin === undefined) throw new MillraceError('INVALID_STATE', 'The admin client is not connected.');
    return this.#admin;
  }
}
