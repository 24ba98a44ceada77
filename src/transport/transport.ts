/**
 * The seam between the engine and a Kafka client. The coordinator owns the one transport of a process and talks to
 * nothing else. What crosses this seam is record batches (bytes in Kafka's v2 layout), never records.
 */

import type { BatchFormat } from '../protocol/index.ts';

/** Consecutive records of one partition, as one or more v2 record batches back to back. */
export interface FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the first record. */
  readonly firstOffset: number;
  /** Where reading goes on: last offset + 1. */
  readonly nextOffset: number;
  readonly recordCount: number;
  /** Owned by the receiver, who may transfer its buffer to another thread. CRCs may be 0: they were checked already. */
  readonly bytes: Uint8Array;
  /**
   * Given with bytes in memory that threads share: they are not transferred, and this is called, once, when no thread reads
   * them any more. Whoever does not know when leaves it uncalled.
   */
  readonly release?: (() => void) | undefined;
}

/**
 * Records to produce: one or more v2 record batches back to back, made in the transport's {@link Transport.outputFormat}
 * or plainer; ids, sequences and CRCs are not set.
 */
export interface OutputBatch {
  readonly topic: string;
  readonly partition: number;
  readonly recordCount: number;
  readonly bytes: Uint8Array;
  /** CRC-32C of the records, where `bytes` is one batch and somebody has computed it. */
  readonly recordsCrc?: number | undefined;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
  /** Stored with the committed offset; the engine keeps partition time there. */
  readonly metadata?: string;
}

export interface TopicMetadata {
  readonly topic: string;
  readonly partitions: number;
}

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TransportAdmin {
  /** Metadata of the topics that exist among `topics` (never creates one); all topics when undefined. */
  metadata(topics?: readonly string[]): Promise<TopicMetadata[]>;
  /** A topic that already exists is not an error: it is reported as false. */
  createTopics(topics: readonly NewTopic[]): Promise<Map<string, 'created' | 'exists'>>;
  /** Deletes records below the offsets (repartition topics after commit). Best effort. */
  deleteRecords(upTo: readonly TopicPartitionOffset[]): Promise<void>;
  /** `latest` is the last stable offset (read_committed); `highWatermark` also counts open transactions. */
  listOffsets(partitions: readonly TopicPartition[], at: 'earliest' | 'latest' | 'highWatermark'): Promise<TopicPartitionOffset[]>;
}

/** What the group told us; the listener answers by calling {@link GroupConsumer.assign}. */
export interface RebalanceListener {
  /** New partitions of the subscribed topics. The consumer reads nothing until `assign` is called. */
  onAssigned(partitions: readonly TopicPartition[]): Promise<void>;
  /** Partitions to give up: drain and commit, then resolve; the group waits meanwhile. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** Partitions gone already (session timeout): drop what is in flight, commit nothing. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>;
}

export interface GroupConsumer {
  /** Joins the group. Rebalances are reported to `listener`, one at a time; they progress while `poll` is being called. */
  subscribe(topics: readonly string[], listener: RebalanceListener): Promise<void>;
  /**
   * Replaces what is read, with explicit start offsets. Any partitions, not just those the group gave. Waits for the poll
   * that is under way, so that nothing polled later is from before.
   */
  assign(partitions: readonly TopicPartitionOffset[]): Promise<void>;
  /** Waits up to `timeoutMs` for the first record, then returns what is there. Never throws for retriable trouble. */
  poll(timeoutMs: number): Promise<FetchedBatch[]>;
  /** Partitions whose end was reached since the last call, with the offset at which it was. */
  takeCaughtUp(): TopicPartitionOffset[];
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Reads from `offset` next; the partition must be assigned. Records fetched before are not returned any more. */
  seek(position: TopicPartitionOffset): Promise<void>;
  /** The group's committed offsets; waits for pending transactions (requireStable). -1 where there is none. */
  committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<TopicPartitionOffset[]>;
  /** Commits outside a transaction. */
  commit(offsets: readonly TopicPartitionOffset[]): Promise<void>;
  /** End of partition as last seen by fetching; undefined while unknown. Never goes to the network. */
  endOffset(partition: TopicPartition): number | undefined;
  /** Leaves the group. Idempotent. */
  close(): Promise<void>;
}

/** Reads assigned partitions without a group: changelogs at restore, topics of global tables. read_committed. */
export interface PartitionReader {
  /** As {@link GroupConsumer.assign}. */
  assign(partitions: readonly TopicPartitionOffset[]): Promise<void>;
  poll(timeoutMs: number): Promise<FetchedBatch[]>;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /**
   * Where reading stands: next offset to be returned; it also passes records that are not returned (aborted,
   * control, compacted away). Restoring is done when it reaches the end offset.
   */
  position(partition: TopicPartition): number;
  close(): Promise<void>;
}

export interface Producer {
  /** Fences older producers of the same transactional id and finishes what they left open. Once, before anything else. */
  initTransactions(timeoutMs: number): Promise<void>;
  begin(): Promise<void>;
  /**
   * Queues records; resolves when they are queued (it yields while the queue is full). With exactly-once, only between
   * `begin` and `commit`. Partition is explicit in every batch.
   */
  send(batches: readonly OutputBatch[]): Promise<void>;
  /** Adds the offsets to the open transaction, with the consumer's group metadata. */
  sendOffsets(offsets: readonly TopicPartitionOffset[], consumer: GroupConsumer): Promise<void>;
  /** Errors are MillraceErrors with `retriable`, `abortable` or `fatal` set. */
  commit(): Promise<void>;
  abort(): Promise<void>;
  /** Waits until everything sent is acknowledged; throws PRODUCTION_FAILED when a record was refused. */
  flush(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What a transport needs to know; all durations in milliseconds. */
export interface TransportOptions {
  readonly bootstrapServers: string;
  readonly clientId: string;
  readonly groupId: string;
  /** Undefined: no transactions (at_least_once, at_most_once). */
  readonly transactionalId: string | undefined;
  readonly transactionTimeoutMs: number;
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  /** The user's pass-through client settings, by Kafka's names; they win over the engine's except where noted. */
  readonly consumerConfig: Readonly<Record<string, string | number | boolean>>;
  readonly producerConfig: Readonly<Record<string, string | number | boolean>>;
  readonly adminConfig: Readonly<Record<string, string | number | boolean>>;
  /** Fatal trouble of any client, and notices worth logging. */
  readonly onError: (error: Error) => void;
  readonly onLog: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

export interface Transport {
  readonly name: 'librdkafka' | 'wire';
  /** What shards shall make of their output before it gets here. */
  readonly outputFormat: BatchFormat;
  /** Checks that the cluster answers; throws BROKER_UNREACHABLE naming the address after `timeoutMs`. */
  connect(timeoutMs: number): Promise<void>;
  readonly admin: TransportAdmin;
  readonly consumer: GroupConsumer;
  /** The one producer of the process; after a fatal error call `replaceProducer`. */
  readonly producer: Producer;
  replaceProducer(): Promise<Producer>;
  openReader(name: string): Promise<PartitionReader>;
  /** Producer, then consumer, then readers and admin (that order matters to librdkafka). */
  close(): Promise<void>;
}
