import type { BatchMemory } from '../protocol/index.ts';
import type { ShardSettings } from '../shard/messages.ts';
import type { StateStore } from '../state/index.ts';
import type { RecordCache } from '../state/record-cache.ts';
import type { TaskHandlers } from './handlers.ts';

export type TaskLog = (level: 'debug' | 'info' | 'warn' | 'error', message: string, context?: Record<string, string | number>) => void;

/** Counted since the shard started; the tasks of a shard share one object. */
export interface TaskCounters {
  recordsProcessed: number;
  recordsDropped: number;
  recordsOut: number;
  deadLetters: number;
}

/** A task as it shows itself in callbacks. */
export interface TaskIdentity {
  readonly id: string;
  readonly generation: number;
}

/** What a task needs of the shard it runs in. */
export interface TaskServices {
  readonly applicationId: string;
  readonly settings: ShardSettings;
  /** Partitions of a topic; undefined while nobody has asked the broker. */
  readonly topicPartitions: (topic: string) => number | undefined;
  /** By name. */
  readonly globalStores: ReadonlyMap<string, StateStore>;
  readonly cache: RecordCache;
  readonly handlers: TaskHandlers;
  readonly stats: TaskCounters;
  readonly log: TaskLog;
  readonly onCommitRequested: () => void;
  /** The batch is processed; its memory may be given back. */
  readonly onBatchConsumed: (
    task: TaskIdentity,
    topic: string,
    partition: number,
    recordCount: number,
    bytes: number,
    memory: ArrayBuffer,
  ) => void;
  /** For finished batches, see {@link BatchFormat.shared}; undefined: each has memory of its own. */
  readonly outputMemory?: BatchMemory | undefined;
  /** Wall clock in ms. Default: Date.now. */
  readonly nowMs?: () => number;
  /** How often left and outer stream-stream joins look for results without a partner, in ms of the wall clock. Default 1 s. */
  readonly joinEmitIntervalMs?: number;
}
