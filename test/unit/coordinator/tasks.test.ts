import { describe, expect, it, vi } from 'vitest';
import { BackPressure } from '../../../src/coordinator/back-pressure.ts';
import { consumed, newInput, rewind, sent, type TaskEntry, TaskTable, taskInputs } from '../../../src/coordinator/tasks.ts';
import type { FetchedBatch, GroupConsumer, TopicPartition } from '../../../src/transport/transport.ts';

function entry(table: TaskTable, partition: number, state: TaskEntry['state'] = 'running'): TaskEntry {
  const inputs = ['a', 'b'].map((topic) => newInput({ topic, partition }, false, 10, 99));
  const task: TaskEntry = {
    id: `0_${partition}`,
    subTopology: 0,
    partition,
    generation: table.newGeneration(),
    shard: partition % 2,
    state,
    inputs,
  };
  table.add(task);
  return task;
}

describe('TaskTable', () => {
  it('routes partitions to the task that owns them', () => {
    const table = new TaskTable();
    const task = entry(table, 3);
    expect(table.route('b', 3)).toMatchObject({ task, input: { topic: 'b', partition: 3 } });
    expect(table.route('b', 4)).toBeUndefined();
    table.remove(task);
    expect(table.route('b', 3)).toBeUndefined();
    expect(table.size).toBe(0);
  });

  it('knows which generation counts', () => {
    const table = new TaskTable();
    const task = entry(table, 0);
    const before = task.generation;
    expect(table.isCurrent('0_0', before)).toBe(true);
    task.generation = table.newGeneration();
    expect(table.isCurrent('0_0', before)).toBe(false);
    expect(table.isCurrent('0_0', task.generation)).toBe(true);
    expect(table.isCurrent('0_9', 1)).toBe(false);
  });

  it('leaves the inputs of suspended tasks out', () => {
    const table = new TaskTable();
    entry(table, 0);
    entry(table, 1, 'suspended');
    expect([...table.activeInputs()].map(({ input }) => input.partition)).toEqual([0, 0]);
    expect(table.ofShard(1)).toHaveLength(1);
  });

  it('rewinds to the last commit', () => {
    const table = new TaskTable();
    const task = entry(table, 0);
    Object.assign(task.inputs[0]!, { committed: 20, routed: 50, inFlightRecords: 30, inFlightBytes: 300, caughtUpAt: 50 });
    rewind(task);
    expect(task.inputs[0]).toMatchObject({ committed: 20, routed: 20, inFlightRecords: 0, inFlightBytes: 0, caughtUpAt: -1 });
    expect(taskInputs(task)[0]).toEqual({ topic: 'a', partition: 0, startOffset: 20, partitionTimeMs: 99 });
  });

  it('gives back the memory of batches that the shard is done with, in their order', () => {
    const input = entry(new TaskTable(), 0).inputs[0]!;
    const released: number[] = [];
    const batch = (nextOffset: number, shared: boolean): FetchedBatch => {
      const release = shared ? () => void released.push(nextOffset) : undefined;
      return { topic: 'a', partition: 0, firstOffset: 0, nextOffset, recordCount: 10, bytes: new Uint8Array(100), release };
    };
    sent(input, batch(30, true));
    sent(input, batch(40, false));
    sent(input, batch(50, true));
    expect(input).toMatchObject({ routed: 50, inFlightRecords: 30, inFlightBytes: 300 });
    consumed(input, 10, 100);
    expect(released).toEqual([30]);
    consumed(input, 10, 100);
    expect(released).toEqual([30]);
    consumed(input, 10, 100);
    expect(released).toEqual([30, 50]);
    expect(input).toMatchObject({ inFlightRecords: 0, inFlightBytes: 0, inFlight: [] });
  });

  it('gives nothing back that a shard may still read when it is rewound', () => {
    const task = entry(new TaskTable(), 0);
    const input = task.inputs[0]!;
    const release = vi.fn();
    sent(input, { topic: 'a', partition: 0, firstOffset: 0, nextOffset: 30, recordCount: 10, bytes: new Uint8Array(100), release });
    rewind(task);
    sent(input, { topic: 'a', partition: 0, firstOffset: 0, nextOffset: 30, recordCount: 10, bytes: new Uint8Array(100) });
    consumed(input, 10, 100);
    expect(release).not.toHaveBeenCalled();
  });
});

describe('BackPressure', () => {
  const batchOf = (recordCount: number): FetchedBatch => {
    const at = { topic: 'a', partition: 0, firstOffset: 0, nextOffset: 1 };
    return { ...at, recordCount, bytes: new Uint8Array(1) };
  };
  const limits = { recordsPerPartition: 100, inputBytes: 4_000, outputBytes: 1_000 };

  function bench() {
    const table = new TaskTable();
    const tasks = [entry(table, 0), entry(table, 1)];
    const paused = new Set<string>();
    const name = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`;
    const consumer: Pick<GroupConsumer, 'pause' | 'resume'> = {
      pause: (partitions) => partitions.forEach((partition) => void paused.add(name(partition))),
      resume: (partitions) => partitions.forEach((partition) => void paused.delete(name(partition))),
    };
    const pressure = new BackPressure(limits, table);
    const apply = (outputBytes = 0, held = false) => {
      pressure.apply(consumer as GroupConsumer, outputBytes, held);
      return [...paused].sort();
    };
    return { tasks, apply, table };
  }

  it('pauses a partition that has too many records, and resumes it at half of that', () => {
    const { tasks, apply } = bench();
    const input = tasks[0]!.inputs[0]!;
    for (const recordCount of [40, 10, 50]) sent(input, batchOf(recordCount));
    expect(apply()).toEqual([]);
    sent(input, batchOf(1));
    expect(apply()).toEqual(['a-0']);
    consumed(input, 40, 1);
    expect(apply()).toEqual(['a-0']);
    consumed(input, 10, 1);
    expect(apply()).toEqual(['a-0']);
    consumed(input, 50, 1);
    expect(apply()).toEqual([]);
  });

  it('leaves a partition of large batches one to work at and one that waits', () => {
    const { tasks, apply } = bench();
    const input = tasks[0]!.inputs[0]!;
    sent(input, batchOf(500));
    expect(apply()).toEqual([]);
    sent(input, batchOf(500));
    expect(apply()).toEqual(['a-0']);
    consumed(input, 500, 1);
    expect(apply()).toEqual([]);
  });

  it('pauses a partition that has more than its part of the bytes', () => {
    const { tasks, apply } = bench();
    const input = tasks[1]!.inputs[1]!;
    input.inFlightBytes = 1_001;
    expect(apply()).toEqual(['b-1']);
    input.inFlightBytes = 500;
    expect(apply()).toEqual([]);
  });

  it('pauses everything while too much output waits, and resumes at half of that', () => {
    const { apply } = bench();
    expect(apply(1_001)).toEqual(['a-0', 'a-1', 'b-0', 'b-1']);
    expect(apply(501)).toHaveLength(4);
    expect(apply(500)).toEqual([]);
  });

  it('pauses what does not run, and everything while held', () => {
    const { tasks, apply } = bench();
    tasks[0]!.state = 'starting';
    expect(apply()).toEqual(['a-0', 'b-0']);
    expect(apply(0, true)).toHaveLength(4);
    tasks[0]!.state = 'running';
    expect(apply()).toEqual([]);
  });
});
