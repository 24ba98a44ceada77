/**
 * The topic a coordinator keeps its state in: created on first use, written in batches, read back whole at start.
 * The hash that picks a partition is Kafka's, so tools find the same partition there.
 */

import { RecordBatchBuilder } from '../../protocol/index.ts';
import type { Clock, PartitionLogApi, TopicRegistryApi, TopicState } from '../seams.ts';
import { Code } from './codes.ts';
import type { CoordinatorLogger } from './deps.ts';

export interface KeyValue {
  readonly key: Uint8Array;
  /** Null is a tombstone: compaction forgets the key. */
  readonly value: Uint8Array | null;
}

/** The producer a transactional batch belongs to. */
export interface BatchProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface StoredBatch {
  /** Kafka error code. */
  readonly errorCode: number;
  readonly baseOffset: number;
  /** Resolves with 0 when the batch is as safe as the flush policy promises, or with the error code. Never rejects. */
  readonly durable: Promise<number>;
}

export interface InternalTopicOptions {
  readonly name: string;
  readonly topics: TopicRegistryApi;
  readonly clock: Clock;
  readonly log: CoordinatorLogger;
  /** Used when the topic is created; an existing one keeps what it has. */
  readonly partitions: () => number;
  readonly replicationFactor: () => number;
  readonly segmentBytes: () => number;
}

/** Java's `String.hashCode`. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

export class InternalTopic {
  readonly name: string;
  readonly #options: InternalTopicOptions;
  readonly #builder = new RecordBatchBuilder(1024);
  #creating: Promise<TopicState> | null = null;

  constructor(options: InternalTopicOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Undefined until something needed the topic. */
  existing(): TopicState | undefined {
    return this.#options.topics.get(this.name);
  }

  /** The topic, created when it is not there yet. Rejects when it cannot be created. */
  ensure(): TopicState | Promise<TopicState> {
    const existing = this.existing();
    if (existing !== undefined) return existing;
    this.#creating ??= this.#create();
    return this.#creating;
  }

  /** Partition of a group or transactional id: `abs(hashCode) % partitions`, where Java's abs of the minimum is 0. */
  partitionFor(id: string): number {
    const partitions = this.existing()?.partitions.length ?? this.#options.partitions();
    const hash = javaHashCode(id);
    return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitions;
  }

  /** Node that leads the id's partition; undefined while there is no topic. */
  nodeFor(id: string): number | undefined {
    return this.existing()?.leaderOf(this.partitionFor(id));
  }

  partition(partition: number): PartitionLogApi | undefined {
    return this.existing()?.partitions[partition];
  }

  /** One batch with all records, in the id's partition. The topic must be there ({@link ensure}). */
  append(id: string, records: readonly KeyValue[], producer?: BatchProducer): StoredBatch {
    return this.appendTo(this.partitionFor(id), records, producer);
  }

  appendTo(partition: number, records: readonly KeyValue[], producer?: BatchProducer): StoredBatch {
    const log = this.partition(partition);
    if (log === undefined) return refused(Code.COORDINATOR_NOT_AVAILABLE);
    const nowMs = this.#options.clock.nowMs();
    this.#builder.reset();
    for (const record of records) this.#builder.append(nowMs, record.key, record.value);
    const batch = this.#builder.build(
      producer === undefined
        ? {}
        : { producerId: producer.producerId, producerEpoch: producer.producerEpoch, baseSequence: 0, transactional: true },
    );
    const result = log.append(batch, { origin: 'coordinator' });
    if (result.errorCode !== Code.NONE) {
      this.#options.log.error(
        `Writing to ${this.name}-${log.partition} failed with error ${result.errorCode} ${result.errorMessage ?? ''}`,
      );
      return refused(result.errorCode);
    }
    return { errorCode: Code.NONE, baseOffset: result.baseOffset, durable: this.#flushed(log) };
  }

  async #flushed(log: PartitionLogApi): Promise<number> {
    try {
      await log.flushed();
      return Code.NONE;
    } catch (error) {
      this.#options.log.error(`Flushing ${this.name}-${log.partition} failed: ${String(error)}`);
      return Code.KAFKA_STORAGE_ERROR;
    }
  }

  async #create(): Promise<TopicState> {
    try {
      return await this.#options.topics.create({
        name: this.name,
        partitions: this.#options.partitions(),
        replicationFactor: this.#options.replicationFactor(),
        config: {
          'cleanup.policy': 'compact',
          'compression.type': 'producer',
          'segment.bytes': String(this.#options.segmentBytes()),
        },
        internal: true,
      });
    } catch (error) {
      const existing = this.existing();
      if (existing !== undefined) return existing;
      throw error;
    } finally {
      this.#creating = null;
    }
  }
}

function refused(errorCode: number): StoredBatch {
  return { errorCode, baseOffset: -1, durable: Promise.resolve(errorCode) };
}
