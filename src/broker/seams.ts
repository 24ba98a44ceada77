/**
 * The seams inside the broker: what the log, the coordinators and the request handlers know of each other.
 * The broker runs on one event loop; state changes between two awaits are atomic, so there are no locks.
 */

/** Time, injectable: tests advance it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Calls once after `delayMs`; returns the canceller. Must not keep the process alive by itself. */
  after(delayMs: number, callback: () => void): () => void;
}

/** When an acknowledged write is on the disk and not just in the OS cache. */
export type FlushPolicy = 'none' | 'interval' | 'batch';

export interface AppendResult {
  /** Kafka error code; 0 = appended (or a duplicate of an earlier batch: then the original offsets). */
  readonly errorCode: number;
  readonly errorMessage?: string;
  /** Per-record errors of INVALID_RECORD (KIP-467). */
  readonly recordErrors?: readonly { readonly batchIndex: number; readonly message: string }[];
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** -1 with CreateTime. */
  readonly logAppendTimeMs: number;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface ReadResult {
  readonly errorCode: number;
  /** Whole batches; the first may begin below the fetch offset. */
  readonly records: Buffer;
  /** Offset after the last batch in `records`; the fetch offset when there is none. */
  readonly nextOffset: number;
  /**
   * Lets the log use the memory of `records` again, which must not be touched any more then. Call it once, or leave them
   * to the garbage collector, which is dear for a broker that serves many fetches.
   */
  readonly release?: (() => void) | undefined;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** Null for read_uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  /** KIP-320: set when the fetcher's last epoch diverges. */
  readonly divergingEpoch?: { readonly epoch: number; readonly endOffset: number };
}

/** One partition's log. Owner: `log/partition-log.ts`. All offsets and timestamps are numbers. */
export interface PartitionLogApi {
  readonly topic: string;
  readonly partition: number;
  readonly logStartOffset: number;
  /** Next offset to be written. */
  readonly logEndOffset: number;
  /** What consumers may see. With one replica: the log's end, or with the flush policy `batch` what is on the disk. */
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly leaderEpoch: number;
  /** Bytes on disk. */
  readonly sizeInBytes: number;
  /**
   * One v2 batch from a client: checks it as Kafka does (length, magic, CRC, counts, size, timestamps, keys on
   * compacted topics, producer epoch and sequence), stamps offset and epoch, appends. Never throws for bad input.
   * `transactionVersion` 2: server-side verification (KIP-890) has been done.
   */
  append(batch: Buffer, options: { readonly origin: 'client' | 'coordinator'; readonly transactionVersion?: number }): AppendResult;
  /** Transaction marker; ends the producer's open transaction here, moves the last stable offset. */
  appendMarker(marker: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly commit: boolean;
    readonly coordinatorEpoch: number;
  }): AppendResult;
  /** Resolves when everything appended so far is as safe as the flush policy promises. */
  flushed(): Promise<void>;
  /** Reads from memory or disk, never more than `maxBytes` but for the first batch when `minOneMessage`. */
  read(request: {
    readonly fetchOffset: number;
    readonly maxBytes: number;
    readonly minOneMessage: boolean;
    readonly readCommitted: boolean;
    readonly currentLeaderEpoch: number;
    readonly lastFetchedEpoch: number;
  }): Promise<ReadResult>;
  /** First record with timestamp >= target; undefined when there is none. */
  offsetForTimestamp(
    timestampMs: number,
  ): Promise<{ readonly offset: number; readonly timestampMs: number; readonly leaderEpoch: number } | undefined>;
  /** The record with the largest timestamp (ListOffsets -3). */
  offsetOfMaxTimestamp(): Promise<{ readonly offset: number; readonly timestampMs: number; readonly leaderEpoch: number } | undefined>;
  /** End offset of the largest epoch <= `epoch`; -1/-1 when unknown. */
  endOffsetForEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number };
  /** Raises logStartOffset (DeleteRecords); -1 = high watermark. Returns the new low watermark, or undefined when out of range. */
  deleteRecordsBefore(offset: number): number | undefined;
  /** Active producers, for DescribeProducers and for the transaction coordinator. */
  activeProducers(): readonly {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly lastSequence: number;
    readonly lastTimestampMs: number;
    readonly coordinatorEpoch: number;
    /** -1: no open transaction. */
    readonly currentTransactionStartOffset: number;
  }[];
  /** Calls back (once) when the log end, or for read_committed the last stable offset, moves past `offset`. Returns the canceller. */
  onReadable(offset: number, readCommitted: boolean, callback: () => void): () => void;
  /** Retention and compaction, as the topic's configs say; returns when one round is done. */
  clean(): Promise<void>;
  updateConfig(config: Readonly<Record<string, string>>): void;
  bumpLeaderEpoch(): void;
  close(): Promise<void>;
}

/** A topic as the registry keeps it. */
export interface TopicState {
  readonly name: string;
  /** 16 bytes, non-zero, never reused. */
  readonly id: Uint8Array;
  readonly partitions: readonly PartitionLogApi[];
  /** Only what was set; the defaults are in `configs.ts`. */
  readonly config: Readonly<Record<string, string>>;
  readonly internal: boolean;
  /** Node that leads each partition. */
  leaderOf(partition: number): number;
  replicasOf(partition: number): readonly number[];
}

/** Owner: `topics.ts`. */
export interface TopicRegistryApi {
  get(name: string): TopicState | undefined;
  getById(id: Uint8Array): TopicState | undefined;
  all(): IterableIterator<TopicState>;
  /** Validates as Kafka does; rejects with a KafkaProtocolError (`code`, `message`). */
  create(request: {
    readonly name: string;
    readonly partitions: number;
    readonly replicationFactor: number;
    readonly config: Readonly<Record<string, string>>;
    readonly internal?: boolean;
  }): Promise<TopicState>;
  delete(name: string): Promise<void>;
  addPartitions(name: string, total: number): Promise<TopicState>;
}

/** What every handler gets. */
export interface RequestContext {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly clientHost: string;
  /** `User:ANONYMOUS` without SASL. */
  readonly principal: string;
  /** Node whose port the connection came in on. */
  readonly nodeId: number;
  readonly connectionId: string;
}
