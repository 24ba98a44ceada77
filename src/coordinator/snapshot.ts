import type { ShardStats } from '../shard/messages.ts';
import type { GroupConsumer } from '../transport/transport.ts';
import type { CommitCounters } from './committer.ts';
import type { TaskTable } from './tasks.ts';

/** A look at a running engine: plain numbers, counted since it started unless said otherwise. */
export interface CoordinatorMetrics {
  /** Records read from input topics, repartition topics included. */
  readonly recordsIn: number;
  /** Records written, changelogs included. */
  readonly recordsOut: number;
  /** Records that went through a source node; what was fetched but waits in a shard is not in it. */
  readonly recordsProcessed: number;
  readonly recordsDropped: number;
  readonly deadLetters: number;
  readonly transactions: number;
  readonly abortedTransactions: number;
  /** Mean time from begin to commit of a transaction, in ms; 0 before the first. */
  readonly commitLatencyMs: number;
  /** Output waiting for its commit, in bytes. Now. */
  readonly bufferedOutputBytes: number;
  readonly partitions: readonly PartitionMetrics[];
  readonly shards: readonly ShardMetrics[];
}

export interface PartitionMetrics {
  readonly topic: string;
  readonly partition: number;
  readonly taskId: string;
  readonly internal: boolean;
  readonly committedOffset: number;
  /** Undefined until the client has fetched from the partition. */
  readonly endOffset: number | undefined;
  /** Records between the committed offset and the end; undefined with it. Transaction markers count. */
  readonly lag: number | undefined;
  readonly paused: boolean;
}

export interface ShardMetrics {
  readonly shard: number;
  readonly tasks: number;
  /** Time spent working, in ms. */
  readonly busyMs: number;
  readonly heapUsedBytes: number;
  readonly recordsProcessed: number;
}

export function snapshot(
  tasks: TaskTable,
  shardStats: readonly (ShardStats | undefined)[],
  commits: CommitCounters,
  recordsIn: number,
  bufferedOutputBytes: number,
  consumer: GroupConsumer,
): CoordinatorMetrics {
  const partitions: PartitionMetrics[] = [];
  for (const { task, input } of tasks.activeInputs()) {
    const endOffset = consumer.endOffset(input);
    partitions.push({
      topic: input.topic,
      partition: input.partition,
      taskId: task.id,
      internal: input.internal,
      committedOffset: input.committed,
      endOffset,
      lag: endOffset === undefined ? undefined : Math.max(0, endOffset - input.committed),
      paused: input.paused,
    });
  }
  const sum = (pick: (stats: ShardStats) => number) =>
    shardStats.reduce((total, stats) => total + (stats === undefined ? 0 : pick(stats)), 0);
  return {
    recordsIn,
    recordsOut: commits.recordsOut,
    recordsProcessed: sum((stats) => stats.recordsProcessed),
    recordsDropped: sum((stats) => stats.recordsDropped),
    deadLetters: sum((stats) => stats.deadLetters),
    transactions: commits.transactions,
    abortedTransactions: commits.aborted,
    commitLatencyMs: commits.transactions === 0 ? 0 : commits.commitMs / commits.transactions,
    bufferedOutputBytes,
    partitions,
    shards: shardStats.map((stats, shard) => ({
      shard,
      tasks: tasks.ofShard(shard).length,
      busyMs: stats?.busyMs ?? 0,
      heapUsedBytes: stats?.heapUsedBytes ?? 0,
      recordsProcessed: stats?.recordsProcessed ?? 0,
    })),
  };
}
