import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import { CreateTopics, DeleteRecords, ErrorCode, ListOffsets } from '../../protocol/index.ts';
import type { NewTopic, TopicMetadata, TopicPartition, TopicPartitionOffset, TransportAdmin } from '../transport.ts';
import { askLeaders } from './per-leader.ts';

const REQUEST_TIMEOUT_MS = 30_000;
const APPEAR_CHECK_MS = 20;
/** ListOffsets' times. */
const TIMESTAMPS = { earliest: -2, latest: -1, highWatermark: -1 } as const;
const ANY_CONSUMER = -1;
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;

export class WireAdmin implements TransportAdmin {
  readonly #client: KafkaClient;

  constructor(client: KafkaClient) {
    this.#client = client;
  }

  async metadata(topics?: readonly string[]): Promise<TopicMetadata[]> {
    const metadata = await this.#client.metadata(topics);
    const hidden = metadata.topics.find(({ errorCode }) => errorCode === ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    // Not there and not to be seen are different troubles.
    if (hidden !== undefined) {
      const { name, errorCode } = hidden;
      throw kafkaFailure(errorCode, `Looking up topic ${name}`, { context: { topic: name } });
    }
    return metadata.topics
      .filter(({ errorCode, partitions }) => errorCode === ErrorCode.NONE && partitions.length > 0)
      .map(({ name, partitions }) => ({ topic: name, partitions: partitions.length }));
  }

  async createTopics(topics: readonly NewTopic[]): Promise<Map<string, 'created' | 'exists'>> {
    if (topics.length === 0) return new Map();
    const response = await this.#client.request(
      CreateTopics,
      {
        topics: topics.map(({ topic, partitions, replicationFactor, config }) => ({
          name: topic,
          numPartitions: partitions,
          replicationFactor,
          assignments: [],
          configs: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
        timeoutMs: REQUEST_TIMEOUT_MS,
      },
      'controller',
      // From version 4 on -1 stands for the broker's default.
      { minVersion: 4 },
    );
    const outcomes = new Map<string, 'created' | 'exists'>();
    for (const { name, errorCode, errorMessage } of response.topics) {
      if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS) {
        throw kafkaFailure(errorCode, `Creating topic ${name}`, { message: errorMessage, context: { topic: name } });
      }
      outcomes.set(name, errorCode === ErrorCode.NONE ? 'created' : 'exists');
    }
    await this.#appear([...outcomes.keys()]);
    return outcomes;
  }

  async deleteRecords(upTo: readonly TopicPartitionOffset[]): Promise<void> {
    if (upTo.length === 0) return;
    const offsets = new Map(upTo.map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]));
    await askLeaders(this.#client, upTo, 'Deleting records', REQUEST_TIMEOUT_MS, async (node, partitions) => {
      const topics = named(partitions).map(({ name, numbers }) => ({
        name,
        partitions: numbers.map((partitionIndex) => ({ partitionIndex, offset: offsets.get(`${name}-${partitionIndex}`) ?? -1 })),
      }));
      const response = await this.#client.request(DeleteRecords, { topics, timeoutMs: REQUEST_TIMEOUT_MS }, { node });
      return response.topics.flatMap(({ name: topic, partitions: results }) =>
        results.map(({ partitionIndex: partition, errorCode }) => ({ topic, partition, errorCode, result: undefined })),
      );
    });
  }

  async listOffsets(partitions: readonly TopicPartition[], at: 'earliest' | 'latest' | 'highWatermark'): Promise<TopicPartitionOffset[]> {
    const found = await askLeaders(this.#client, partitions, `Reading the ${at} offset`, REQUEST_TIMEOUT_MS, async (node, list) => {
      const topics = named(list).map(({ name, numbers }) => ({
        name,
        partitions: numbers.map((partitionIndex) => ({ partitionIndex, timestamp: TIMESTAMPS[at] })),
      }));
      const isolationLevel = at === 'highWatermark' ? READ_UNCOMMITTED : READ_COMMITTED;
      const response = await this.#client.request(
        ListOffsets,
        { replicaId: ANY_CONSUMER, isolationLevel, topics },
        { node },
        { minVersion: 2 },
      );
      return response.topics.flatMap(({ name: topic, partitions: results }) =>
        results.map(({ partitionIndex: partition, errorCode, offset }) => ({ topic, partition, errorCode, result: offset })),
      );
    });
    return found.map(({ topic, partition, result }) => ({ topic, partition, offset: result }));
  }

  /** The controller answers when topics are made; the brokers that are asked for metadata know of them a little later. */
  async #appear(names: readonly string[]): Promise<void> {
    const deadlineMs = performance.now() + REQUEST_TIMEOUT_MS;
    while ((await this.metadata(names)).length < names.length) {
      if (performance.now() > deadlineMs) {
        throw new MillraceError(
          'TIMEOUT',
          `Topics ${names.join(', ')} were created but the cluster does not show them after ${REQUEST_TIMEOUT_MS / 1000} s.`,
          { retriable: true },
        );
      }
      await sleep(APPEAR_CHECK_MS);
    }
  }
}

function named(partitions: readonly TopicPartition[]): { readonly name: string; readonly numbers: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const numbers = topics.get(topic);
    if (numbers === undefined) topics.set(topic, [partition]);
    else numbers.push(partition);
  }
  return [...topics].map(([name, numbers]) => ({ name, numbers }));
}
