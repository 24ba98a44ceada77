import type { StoreSpec } from '../state/store-spec.ts';
import type { Header, Headers } from './operators.ts';

/** The low-level Processor API: what a user implements. Names as in Kafka Streams. */
export interface Processor<KIn = any, VIn = any, KOut = any, VOut = any> {
  /** Called once, before the first record. Get stores and schedule punctuators here. */
  init?(context: ProcessorContext<KOut, VOut>): void;
  /** Called for every record. Synchronous; throw to hand the record to the processing exception handler. */
  process(record: ProcessorRecord<KIn, VIn>): void;
  /** Called once when the task leaves this shard. */
  close?(): void;
}

/** Makes one new Processor per task; a plain function, which may carry stores that are added and connected by themselves. */
export interface ProcessorSupplier<KIn = any, VIn = any, KOut = any, VOut = any> {
  (): Processor<KIn, VIn, KOut, VOut>;
  /** Kafka Streams' `ConnectedStoreProvider`. */
  readonly stores?: readonly StoreSpec<any, any>[];
}

/** An immutable record, as Kafka Streams' `api.Record`. */
export interface ProcessorRecord<K = any, V = any> {
  readonly key: K;
  readonly value: V;
  /** Milliseconds since the epoch, never negative. */
  readonly timestamp: number;
  readonly headers: Headers;
}

export type PunctuationType = 'stream-time' | 'wall-clock-time';

export interface Cancellable {
  /** Legal from inside the punctuator. */
  cancel(): void;
}

/** Topic, partition and offset of the input record being processed. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface ProcessorContext<KOut = any, VOut = any> {
  readonly applicationId: string;
  /** `<sub-topology>_<partition>`. */
  readonly taskId: string;
  /** Undefined inside a punctuator. */
  recordMetadata(): RecordMetadata | undefined;
  /** A store connected to this processor, or a global store. Throws INVALID_TOPOLOGY where it is not connected. */
  getStateStore<S>(name: string): S;
  /**
   * Synchronous, depth first, to all children in declaration order, or to the one named. A missing `timestamp` is the
   * one of the record being processed (in a punctuator: the punctuation's); missing `headers` likewise.
   */
  forward(record: ForwardRecord<KOut, VOut>, childName?: string): void;
  /**
   * Calls back every `intervalMs`, aligned to 0 for stream time and to now for wall-clock time. Several elapsed
   * intervals are one call. Driven by records for stream time, by the shard's clock for wall-clock time.
   */
  schedule(intervalMs: number, type: PunctuationType, punctuator: (timestampMs: number) => void): Cancellable;
  /** Asks for a commit soon; it is not one. */
  commit(): void;
  /** Highest timestamp this task has seen; -1 before the first record. */
  currentStreamTimeMs(): number;
  currentSystemTimeMs(): number;
  /** The user's own entries of the config (`app.*`), as they crossed to the shard. */
  readonly appConfig: Readonly<Record<string, unknown>>;
}

export interface ForwardRecord<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestamp?: number;
  readonly headers?: readonly Header[];
}
