import {
  ClassicGroupMember,
  commitOffsets,
  fetchOffsets,
  type GroupGeneration,
  type KafkaClient,
  noMember,
  rangeAssignor,
} from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import type {
  FetchedBatch,
  GroupConsumer,
  RebalanceListener,
  TopicPartition,
  TopicPartitionOffset,
  TransportOptions,
} from '../transport.ts';
import { PollWatch } from './poll-watch.ts';
import { Reading } from './reading.ts';
import type { ConsumerSettings } from './settings.ts';

/** The group member: who reads what the group decides, what is read the listener. */
export class WireConsumer implements GroupConsumer {
  readonly #client: KafkaClient;
  readonly #options: TransportOptions;
  readonly #settings: ConsumerSettings;
  readonly #reading: Reading;
  readonly #pollWatch: PollWatch;
  #member: ClassicGroupMember | undefined;
  /** Of what is being read, since `assign` was last called: work of an older one is refused by the coordinator. */
  #generation: GroupGeneration;
  /** Of an assignment that the listener has been told of and has not answered: what it has in hand is from before. */
  #told: GroupGeneration | undefined;
  #closing: Promise<void> | undefined;

  constructor(client: KafkaClient, options: TransportOptions, settings: ConsumerSettings) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
    this.#reading = new Reading(client, settings.fetcher, settings.maxPollRecords, true);
    this.#generation = noMember(options.groupId);
    this.#pollWatch = new PollWatch(settings.maxPollIntervalMs, (silentMs) => this.#tooSlow(silentMs));
  }

  /** For the offsets of a transaction, so that the group's coordinator can fence them (KIP-447). */
  get generation(): GroupGeneration {
    if (this.#closing !== undefined) {
      throw new MillraceError('INVALID_STATE', 'The consumer is closed, so its group cannot take part in a transaction.');
    }
    return this.#generation;
  }

  async subscribe(topics: readonly string[], listener: RebalanceListener): Promise<void> {
    if (this.#member !== undefined) {
      this.#member.subscribe(topics);
      return;
    }
    this.#member = new ClassicGroupMember(this.#client, {
      ...this.#settings.member,
      groupId: this.#options.groupId,
      topics,
      // Tasks are made of partitions with the same number; this assignor gives them out together.
      assignors: [rangeAssignor],
      onError: (error) => this.#options.onError(error),
      listener: {
        onAssigned: (partitions) => this.#assigned(partitions, listener),
        onRevoked: (partitions) => this.#released(() => listener.onRevoked(partitions)),
        onLost: (partitions) => this.#released(() => listener.onLost(partitions)),
      },
    });
    this.#member.start();
    this.#pollWatch.start();
  }

  assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    if (this.#closing !== undefined) return Promise.resolve();
    this.#generation = this.#told ?? this.#generation;
    this.#told = undefined;
    return this.#reading.assign(partitions);
  }

  async poll(timeoutMs: number): Promise<FetchedBatch[]> {
    this.#pollWatch.entered();
    this.#member?.comeBack();
    try {
      return await this.#reading.poll(timeoutMs);
    } finally {
      this.#pollWatch.left();
    }
  }

  takeCaughtUp(): TopicPartitionOffset[] {
    return this.#reading.fetcher.takeCaughtUp();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#reading.fetcher.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#reading.fetcher.resume(partitions);
  }

  seek(position: TopicPartitionOffset): Promise<void> {
    return this.#reading.seek(position);
  }

  async committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<TopicPartitionOffset[]> {
    const found = await fetchOffsets(this.#client, this.#options.groupId, partitions, { requireStable: true, timeoutMs });
    return found.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset, ...(metadata !== '' && { metadata }) }));
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    await commitOffsets(this.#client, this.#generation, checkedOffsets(offsets));
  }

  endOffset({ topic, partition }: TopicPartition): number | undefined {
    return this.#reading.fetcher.highWatermark(topic, partition);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#pollWatch.stop();
    this.#reading.fetcher.close();
    await this.#member?.close();
  }

  /** As Kafka's consumer does: others get its partitions, until it polls again (KIP-62). */
  #tooSlow(silentMs: number): void {
    const { maxPollIntervalMs } = this.#settings;
    this.#options.onLog(
      'warn',
      `Group ${this.#options.groupId}: no poll for ${Math.round(silentMs)} ms, more than max.poll.interval.ms (${maxPollIntervalMs}): leaving the group until the next one.`,
    );
    this.#member?.stepOut('consumer poll timeout has expired.');
  }

  async #assigned(partitions: readonly TopicPartition[], listener: RebalanceListener): Promise<void> {
    if (this.#closing !== undefined) return;
    this.#told = this.#member?.generation;
    await listener.onAssigned(partitions);
  }

  async #released(tell: () => Promise<void>): Promise<void> {
    if (this.#closing !== undefined) return;
    await tell();
    if (this.#closing === undefined) await this.#reading.assign([]);
  }
}

/** An offset that is missing must not be stored as anything. Throws INVALID_STATE. */
export function checkedOffsets(offsets: readonly TopicPartitionOffset[]): readonly TopicPartitionOffset[] {
  for (const { topic, partition, offset } of offsets) {
    if (Number.isSafeInteger(offset) && offset >= 0) continue;
    throw new MillraceError('INVALID_STATE', `Offset ${offset} of ${topic}-${partition} is not a valid offset.`, {
      context: { topic, partition, offset },
    });
  }
  return offsets;
}
