import { PLAIN_BATCHES, RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';
import type { OutputFrame, ShardSettings } from '../../../src/shard/messages.ts';
import { RecordCache } from '../../../src/state/index.ts';
import { handlersFor } from '../../../src/task/handlers.ts';
import type { Task, TaskServices } from '../../../src/task/task.ts';
import type { Headers } from '../../../src/topology/operators.ts';
import type { Topology } from '../../../src/topology/topology.ts';

export const settings: ShardSettings = {
  processingGuarantee: 'at_least_once',
  maxTaskIdleMs: 0,
  cacheMaxBytes: 10_000_000,
  outputFlushBytes: 1_000_000,
  outputFormat: PLAIN_BATCHES,
  deserializationExceptionHandler: 'fail',
  processingExceptionHandler: 'fail',
  productionExceptionHandler: 'fail',
  deadLetterTopic: undefined,
  maxRequestBytes: 1_048_576,
  appConfig: {},
};

export interface Consumed {
  readonly topic: string;
  readonly partition: number;
  readonly recordCount: number;
  readonly bytes: number;
}

/** The services of an imaginary shard, and what it was told. */
export function services(topology: Topology, overrides: Partial<ShardSettings> = {}, partitions: Record<string, number> = {}) {
  const merged = { ...settings, ...overrides };
  const consumed: Consumed[] = [];
  const logged: string[] = [];
  const state = { commits: 0 };
  const stats = { recordsProcessed: 0, recordsDropped: 0, recordsOut: 0, deadLetters: 0 };
  const made: TaskServices = {
    applicationId: 'app',
    settings: merged,
    topicPartitions: (topic) => partitions[topic],
    globalStores: new Map(),
    cache: new RecordCache(merged.cacheMaxBytes),
    handlers: handlersFor(topology, merged),
    stats,
    log: (_level, message) => void logged.push(message),
    onCommitRequested: () => void state.commits++,
    onBatchConsumed: (_task, topic, partition, recordCount, bytes) => void consumed.push({ topic, partition, recordCount, bytes }),
    nowMs: () => 1_000,
  };
  return { ...made, consumed, logged, state };
}

export const input = (topic: string, partition = 0, startOffset = 0, partitionTimeMs = -1) => ({
  topic,
  partition,
  startOffset,
  partitionTimeMs,
});

type TestRecord = readonly [timestamp: number, key: string | null, value: string | null, headers?: Headers];

/** A batch of text records from `offset` on. */
export function batch(offset: number, ...records: TestRecord[]): Uint8Array {
  const builder = new RecordBatchBuilder(256);
  let next = offset;
  for (const [timestamp, key, value, headers] of records) {
    builder.appendAt(next++, timestamp, key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value), headers);
  }
  return builder.build();
}

/** Adds them to the task's queue as they would come from a shard. */
export function feed(task: Task, topic: string, partition: number, offset: number, ...records: TestRecord[]): void {
  task.addBatch(topic, partition, batch(offset, ...records), records.length, offset + records.length);
}

/** The records of frames as text: `topic-partition key=value@timestamp`. */
export function textOf(frames: readonly OutputFrame[]): string[] {
  return frames.flatMap(({ topic, partition, bytes }) => {
    const cursor = new RecordCursor(bytes);
    const lines: string[] = [];
    const text = (start: number, length: number) => (length < 0 ? 'null' : cursor.buffer.toString('utf8', start, start + length));
    while (cursor.next()) {
      lines.push(
        `${topic}-${partition} ${text(cursor.keyStart, cursor.keyLength)}=${text(cursor.valueStart, cursor.valueLength)}@${cursor.timestamp}`,
      );
    }
    return lines;
  });
}
