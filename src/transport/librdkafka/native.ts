/**
 * The part of @confluentinc/kafka-javascript that is used here, typed as it really behaves. Only its callback API: the
 * promisified one doubles max.poll.interval.ms and caches records across rebalances.
 */
import { isMainThread } from 'node:worker_threads';
import { MillraceError } from '../../errors.ts';

export interface NativeError {
  readonly code: number;
  readonly message: string;
  readonly isFatal?: boolean;
  readonly isRetriable?: boolean;
  readonly isTxnRequiresAbort?: boolean;
}

/** A failed call gives an error object, a bare code, or nothing at all. */
export type NativeFailure = NativeError | number | null | undefined;
export type NativeCallback<T = unknown> = (error: NativeFailure, result: T) => void;

export interface NativePartition {
  topic: string;
  partition: number;
  /** Missing means 0 to the binding, so it is never left out where an offset matters. */
  offset?: number;
  metadata?: string;
  error?: NativeError;
}

export type NativeHeader = Record<string, Buffer>;

export interface NativeMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly NativeHeader[];
}

export interface NativeEndOfPartition {
  readonly topic: string;
  readonly partition: number;
  /** Where fetching stands: past control records and aborted ones. */
  readonly offset: number;
}

export interface NativeMetadata {
  readonly topics: readonly { readonly name: string; readonly partitions: readonly { readonly id: number }[] }[];
}

/** The C++ object below each client; reached with `getClient()`. Its methods skip an event and a wrapper per record. */
export interface NativeHandle {
  consume(
    timeoutMs: number,
    maxMessages: number,
    timeoutOnlyForFirst: boolean,
    callback: (error: NativeFailure, messages: NativeMessage[], ends: NativeEndOfPartition[]) => void,
  ): void;
  produce(
    topic: string,
    partition: number,
    value: Buffer | null,
    key: Buffer | null,
    timestampMs: number,
    opaque: undefined,
    headers: NativeHeader[] | undefined,
  ): number;
  /** These give back an error code, or the result. */
  pause(partitions: readonly NativePartition[]): number;
  resume(partitions: readonly NativePartition[]): number;
}

export interface NativeClient {
  connect(options: { timeout: number }, callback: NativeCallback): void;
  disconnect(callback: NativeCallback): void;
  isConnected(): boolean;
  getClient(): NativeHandle;
  getMetadata(options: { allTopics: boolean; timeout: number }, callback: NativeCallback<NativeMetadata>): void;
  on(event: 'event.error', listener: (error: NativeError) => void): void;
  on(event: 'event.log', listener: (log: { severity: number; message: string }) => void): void;
  on(event: 'delivery-report', listener: (error: NativeError | null, report: NativePartition) => void): void;
}

export interface NativeConsumer extends NativeClient {
  subscribe(topics: readonly string[]): void;
  assign(partitions: readonly NativePartition[]): void;
  unassign(): void;
  assignmentLost(): boolean;
  seek(position: NativePartition, timeoutMs: number, callback: NativeCallback): void;
  committed(partitions: readonly NativePartition[], timeoutMs: number, callback: NativeCallback<NativePartition[]>): void;
  commitCb(offsets: readonly NativePartition[], callback: NativeCallback): void;
  getWatermarkOffsets(topic: string, partition: number): { lowOffset: number; highOffset: number };
}

export interface NativeProducer extends NativeClient {
  setPollInBackground(on: boolean): void;
  flush(timeoutMs: number, callback: NativeCallback): void;
  initTransactions(timeoutMs: number, callback: NativeCallback): void;
  beginTransaction(callback: NativeCallback): void;
  sendOffsetsToTransaction(
    offsets: readonly NativePartition[],
    consumer: NativeConsumer,
    timeoutMs: number,
    callback: NativeCallback,
  ): void;
  commitTransaction(timeoutMs: number, callback: NativeCallback): void;
  abortTransaction(timeoutMs: number, callback: NativeCallback): void;
}

export interface NativeAdmin {
  disconnect(): void;
  createTopic(
    topic: { topic: string; num_partitions: number; replication_factor: number; config: Record<string, string> },
    timeoutMs: number,
    callback: NativeCallback,
  ): void;
  deleteRecords(upTo: readonly NativePartition[], options: { timeout: number }, callback: NativeCallback): void;
  listOffsets(
    partitions: readonly { topic: string; partition: number; offset: unknown }[],
    options: { timeout: number; isolationLevel: number },
    callback: NativeCallback<NativePartition[]>,
  ): void;
}

export type NativeConfig = Record<string, unknown>;

/**
 * A second constructor argument, topic settings, is never given: even an empty object makes librdkafka ignore the topic
 * settings among the first (auto.offset.reset, acks, compression.type…).
 */
export interface NativeModule {
  readonly KafkaConsumer: new (config: NativeConfig) => NativeConsumer;
  readonly Producer: new (config: NativeConfig) => NativeProducer;
  readonly AdminClient: { createFrom(client: NativeClient): NativeAdmin };
}

/**
 * Loads the native client, on first use: importing Millrace in a worker must never touch it. In a worker thread it would
 * take the process down with its first event.
 */
export async function loadNative(): Promise<NativeModule> {
  if (!isMainThread) {
    throw new MillraceError(
      'INVALID_STATE',
      'The librdkafka transport works only on the main thread of a process. Start KafkaStreams there.',
    );
  }
  try {
    const module: { default: unknown } = await import('@confluentinc/kafka-javascript');
    return module.default as NativeModule;
  } catch (cause) {
    throw new MillraceError(
      'INVALID_STATE',
      `The native Kafka client @confluentinc/kafka-javascript does not load: ${(cause as Error).message.split('\n')[0]}. ` +
        'In a clone of Millrace run node scripts/setup.mjs; elsewhere npm rebuild @confluentinc/kafka-javascript.',
      { cause, fatal: true },
    );
  }
}
