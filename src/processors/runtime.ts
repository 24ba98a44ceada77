import type { JoinWindowTable } from '../state/join/join-window-table.ts';
import type { OuterJoinTable } from '../state/join/outer-join-table.ts';
import type { KeyValueTable } from '../state/key-value-table.ts';
import type { WindowTable } from '../state/window-table.ts';
import type { Headers } from '../topology/operators.ts';
import type { Cancellable, PunctuationType } from '../topology/processor-api.ts';

/** Why a record was dropped without an error; each reason is counted. */
export type DropReason = 'null-key' | 'null-value' | 'late' | 'negative-timestamp' | 'deserialization' | 'processing' | 'production';

/** Counters of all reasons, at 0. */
export function nothingDropped(): Record<DropReason, number> {
  return { 'null-key': 0, 'null-value': 0, late: 0, 'negative-timestamp': 0, deserialization: 0, processing: 0, production: 0 };
}

/**
 * The input record being processed, with timestamp and headers of what became of it so far: whoever forwards with another
 * timestamp or other headers sets them for the time of the forwarding, as Kafka Streams' `ProcessorContextImpl` does. In
 * punctuators topic is '' and partition and offset are -1.
 */
export interface RecordOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  timestamp: number;
  /** Headers that replace the input record's; undefined: those are not decoded yet. */
  knownHeaders: Headers | undefined;
  headers(): Headers;
  /** The input's bytes; null where there are none, and null for updates out of a cache. */
  rawKey(): Uint8Array | null;
  rawValue(): Uint8Array | null;
}

/** The context of an update that waited in a cache: the input record that last touched it. */
export interface UpdateOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly headers: Headers;
}

/** What operators need of the task that runs them. */
export interface NodeRuntime {
  readonly applicationId: string;
  readonly taskId: string;
  readonly appConfig: Readonly<Record<string, unknown>>;
  /** One object for the whole life of the task; it always describes the current record. */
  readonly origin: RecordOrigin;
  /** Highest timestamp the task has seen; -1 before the first record. */
  readonly streamTimeMs: number;
  /** False where a processing error always ends the task, so that nothing needs to be undone. */
  readonly mayContinue: boolean;
  /** Left and outer stream-stream joins look for results without a partner once in this time, by the wall clock. */
  readonly joinEmitIntervalMs: number;
  nowMs(): number;
  /** The store as users see it. Throws INVALID_TOPOLOGY when there is none of this name. */
  getStore(name: string): unknown;
  /** The inside of a key-value store, global ones included. Throws INVALID_TOPOLOGY when there is none. */
  keyValueTable(name: string): KeyValueTable<unknown, unknown>;
  windowTable(name: string): WindowTable<unknown, unknown>;
  joinWindowTable(name: string): JoinWindowTable<unknown, unknown>;
  outerJoinTable(name: string): OuterJoinTable<unknown>;
  /** Asks the processing handler. Returns when it says go on; throws a FlowSignal otherwise. */
  processingFailed(error: unknown, node: string): void;
  recordDropped(reason: DropReason, node: string): void;
  /** Makes the origin describe an update that comes out of a cache. */
  enterUpdate(update: UpdateOrigin): void;
  /** Runs what a cache forwards; errors that end the task are kept and raised by its next call. */
  guardFlush(work: () => void): void;
  requestCommit(): void;
  schedule(node: string, intervalMs: number, type: PunctuationType, punctuator: (timestampMs: number) => void): Cancellable;
}
