import type { SerializedError } from '../errors.ts';
import type { BatchFormat } from '../protocol/index.ts';

/**
 * Everything that crosses between the coordinator and a shard. Batches travel as transferred buffers, or in memory that
 * both sides see until the shard says `consumed`; all else is small. The order of messages on a port is the order of
 * events: a `commit` comes after the batches sent before it.
 */

/** What a shard is started with (the argument of its one long-running piscina task, beside its port). */
export interface ShardStart {
  readonly shard: number;
  readonly applicationId: string;
  /** URL of the module that both sides import. */
  readonly topologyUrl: string;
  readonly planHash: string;
  readonly settings: ShardSettings;
}

/** The part of the configuration that a shard needs: data only, since functions cannot cross. */
export interface ShardSettings {
  readonly processingGuarantee: 'at_least_once' | 'at_most_once' | 'exactly_once_v2';
  /** -1: never wait; 0: wait while the broker has unfetched data; >0: that long after it has none. */
  readonly maxTaskIdleMs: number;
  /** Bytes of cached, not yet forwarded updates for this shard; 0 turns caching off. */
  readonly cacheMaxBytes: number;
  /** Bytes of output after which frames are handed to the coordinator before the commit. */
  readonly outputFlushBytes: number;
  /** What the transport wants done to finished batches. */
  readonly outputFormat: BatchFormat;
  readonly deserializationExceptionHandler: 'fail' | 'continue' | 'dead-letter';
  readonly processingExceptionHandler: 'fail' | 'continue' | 'dead-letter';
  readonly productionExceptionHandler: 'fail' | 'continue' | 'dead-letter';
  readonly deadLetterTopic: string | undefined;
  readonly maxRequestBytes: number;
  readonly appConfig: Readonly<Record<string, unknown>>;
}

/** A partition of a task's input. `generation` changes whenever the task is given out anew; it is the fencing epoch. */
export interface TaskInput {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  /** From the commit metadata; -1 when unknown. */
  readonly partitionTimeMs: number;
}

export type ToShard =
  /** Partition counts of topics that sinks write to; sent before the first task and again when one changes. */
  | { readonly type: 'topics'; readonly partitions: Readonly<Record<string, number>> }
  /** Make the task. It restores until `run` comes. */
  | { readonly type: 'createTask'; readonly taskId: string; readonly generation: number; readonly inputs: readonly TaskInput[] }
  | {
      readonly type: 'restore';
      readonly taskId: string;
      readonly generation: number;
      readonly store: string;
      readonly bytes: Uint8Array;
      readonly recordCount: number;
    }
  /** Restored (or suspended and given back unchanged): process input from now on, under this generation. */
  | { readonly type: 'runTask'; readonly taskId: string; readonly generation: number; readonly inputs: readonly TaskInput[] }
  | { readonly type: 'closeTask'; readonly taskId: string }
  | {
      readonly type: 'batch';
      readonly taskId: string;
      readonly generation: number;
      readonly topic: string;
      readonly partition: number;
      readonly bytes: Uint8Array;
      readonly recordCount: number;
      readonly nextOffset: number;
    }
  /** Nothing to fetch beyond this offset just now. */
  | {
      readonly type: 'caughtUp';
      readonly taskId: string;
      readonly generation: number;
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
    }
  | {
      readonly type: 'globalBatch';
      readonly store: string;
      readonly partition: number;
      readonly bytes: Uint8Array;
      readonly recordCount: number;
    }
  /**
   * Close the epoch: flush caches, serialise changed state, answer `epochDone`, go on with the next one. Tasks of a
   * generation below `suspendBelow` are suspended in the same step: a record processed after the last commit would be in
   * the store and, once the task comes back, be processed again.
   */
  | { readonly type: 'commit'; readonly epoch: number; readonly suspendBelow: number }
  /** Output that lay in this memory is committed, or will never be: other output may lie there. */
  | { readonly type: 'written'; readonly memory: readonly SharedArrayBuffer[] }
  /** Stop processing and punctuating (KIP-834), or go on. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'close' };

/** Output of one task for one partition of one topic: one record batch. */
export interface OutputFrame {
  readonly taskId: string;
  readonly generation: number;
  readonly topic: string;
  /** -1: the shard does not know the topic; the coordinator chooses by murmur2 of the key. */
  readonly partition: number;
  readonly recordCount: number;
  readonly bytes: Uint8Array;
  /** CRC-32C of the records, where the transport wants it. */
  readonly recordsCrc?: number | undefined;
}

export interface TaskProgress {
  readonly taskId: string;
  readonly generation: number;
  /** Next offsets to process, with the commit metadata; only those that moved in this epoch. */
  readonly offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number; readonly metadata: string }[];
  readonly streamTimeMs: number;
}

export type FromShard =
  | { readonly type: 'ready'; readonly planHash: string }
  /** The shard could not start: the module threw, or its plan is another one. It ends after this. */
  | { readonly type: 'startFailed'; readonly error: SerializedError }
  | {
      readonly type: 'restored';
      readonly taskId: string;
      readonly generation: number;
      readonly store: string;
      readonly recordCount: number;
    }
  /**
   * Processed and no longer queued: the basis of back-pressure. Batches of one input are consumed in their order, and
   * their memory is used again after this.
   */
  | {
      readonly type: 'consumed';
      readonly taskId: string;
      readonly generation: number;
      readonly topic: string;
      readonly partition: number;
      readonly recordCount: number;
      readonly bytes: number;
    }
  /** Output ahead of the commit; it belongs to the epoch that the shard closes next. */
  | { readonly type: 'output'; readonly frames: readonly OutputFrame[] }
  | {
      readonly type: 'epochDone';
      readonly epoch: number;
      readonly frames: readonly OutputFrame[];
      readonly tasks: readonly TaskProgress[];
      readonly stats: ShardStats;
    }
  /** context.commit() was called. */
  | { readonly type: 'commitRequested' }
  /** A global table can do no more, and so none of the shard's tasks. The shard waits to be ended. */
  | { readonly type: 'failed'; readonly error: SerializedError }
  /** A task can do no more: a handler said fail, or a store broke. The shard lives on; the coordinator decides. */
  | { readonly type: 'taskFailed'; readonly taskId: string; readonly generation: number; readonly error: SerializedError }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly context: Record<string, string | number>;
    };

/** Counters since the shard started. */
export interface ShardStats {
  readonly recordsProcessed: number;
  readonly recordsDropped: number;
  readonly recordsOut: number;
  readonly deadLetters: number;
  /** Time spent in handlers, in ms; with wall time it gives the busy share. */
  readonly busyMs: number;
  readonly heapUsedBytes: number;
}
