import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { int64, string } from '../../../src/serde/index.ts';
import { Task } from '../../../src/task/task.ts';
import { decodeCommitMetadata } from '../../../src/topology/commit-metadata.ts';
import { batch, feed, input, services, textOf } from './task-fixture.ts';

const text = { keySerde: string(), valueSerde: string() };

function passThrough(topics: string | string[] = 'in') {
  const builder = new StreamsBuilder();
  builder.stream(topics, text).to('out', text);
  return builder.build();
}

function counting() {
  const builder = new StreamsBuilder();
  builder.stream('in', text).groupByKey().count({ as: 'counts' }).toStream().to('out', { keySerde: string(), valueSerde: int64() });
  return builder.build();
}

function start(topology = passThrough(), overrides = {}, partitions: Record<string, number> = { out: 1 }, partition = 0) {
  const shard = services(topology, overrides, partitions);
  const sub = topology.plan().subTopologies[0]!;
  const task = new Task(`0_${partition}`, 1, sub, shard);
  task.start(
    sub.sources.flatMap((source) => source.topics.map(({ name }) => input(name, partition))),
    1,
  );
  return { task, shard };
}

describe('Task', () => {
  it('processes at most as many records as asked for and reports batches that are done with', () => {
    const { task, shard } = start();
    feed(task, 'in', 0, 0, [1, 'a', '1'], [2, 'b', '2'], [3, 'c', '3']);
    expect(task.queuedRecords('in', 0)).toBe(3);
    expect(task.process(2, 0)).toBe(2);
    expect(shard.consumed).toEqual([]);
    expect(task.process(10, 0)).toBe(1);
    expect(shard.consumed).toMatchObject([{ topic: 'in', partition: 0, recordCount: 3 }]);
    expect(task.queuedRecords('in', 0)).toBe(0);
    expect(textOf(task.takeFrames())).toEqual(['out-0 a=1@1', 'out-0 b=2@2', 'out-0 c=3@3']);
  });

  it('commits the next offset to process, with the partition time in the metadata, only when it moved', () => {
    const { task } = start();
    expect(task.closeEpoch().progress).toBeUndefined();
    feed(task, 'in', 0, 5, [10, 'a', '1'], [7, 'b', '2']);
    task.process(1, 0);
    const half = task.closeEpoch().progress!;
    expect(half).toMatchObject({ taskId: '0_0', generation: 1, streamTimeMs: 10, offsets: [{ topic: 'in', partition: 0, offset: 6 }] });
    task.process(10, 0);
    const { offset, metadata } = task.closeEpoch().progress!.offsets[0]!;
    expect([offset, decodeCommitMetadata(metadata)]).toEqual([7, 10]);
    expect(task.closeEpoch().progress).toBeUndefined();
  });

  it('moves past the end of a batch that holds less than it spans', () => {
    const { task } = start();
    task.addBatch('in', 0, batch(0, [1, 'a', '1']), 1, 20);
    task.process(10, 0);
    expect(task.closeEpoch().progress!.offsets[0]!.offset).toBe(20);
  });

  it('skips records before the start offset, as a fetch returns whole batches', () => {
    const { task } = start();
    task.start([input('in', 0, 2)], 2);
    feed(task, 'in', 0, 0, [1, 'a', '1'], [2, 'b', '2'], [3, 'c', '3']);
    expect(task.process(10, 0)).toBe(1);
    expect(textOf(task.closeEpoch().frames)).toEqual(['out-0 c=3@3']);
  });

  it('takes the smallest timestamp first when all partitions have records (T7)', () => {
    const { task } = start(passThrough(['in', 'in2']));
    feed(task, 'in', 0, 0, [1, 'a', '1'], [5, 'b', '2']);
    feed(task, 'in2', 0, 0, [3, 'c', '3'], [4, 'd', '4']);
    task.process(4, 0);
    expect(textOf(task.takeFrames()).map((line) => line.slice(-1))).toEqual(['1', '3', '4']);
    expect(task.streamTimeMs).toBe(4);
  });

  it('W15: with an idle time of 0 waits while an empty partition may have more, and goes on once it is caught up', () => {
    const { task } = start(passThrough(['in', 'in2']));
    feed(task, 'in', 0, 0, [1, 'a', '1']);
    expect(task.process(10, 0)).toBe(0);
    expect(task.nextWakeUpMs()).toBeUndefined();
    task.markCaughtUp('in2', 0, 0);
    expect(task.process(10, 0)).toBe(1);
    feed(task, 'in2', 0, 0, [1, 'b', '2']);
    feed(task, 'in', 0, 1, [2, 'c', '3'], [3, 'd', '4']);
    expect(task.process(10, 0)).toBe(1); // b; nobody knows whether in2 has more
    task.markCaughtUp('in2', 0, 1);
    expect(task.process(10, 0)).toBe(2);
  });

  it('a notice about an end that has been passed since counts for nothing', () => {
    const { task } = start(passThrough(['in', 'in2']));
    feed(task, 'in2', 0, 0, [1, 'b', '2']);
    feed(task, 'in', 0, 0, [1, 'a', '1'], [2, 'c', '3']);
    task.markCaughtUp('in2', 0, 0);
    expect(task.process(10, 0)).toBeLessThan(3);
  });

  it('with an idle time waits that long after the end was reached, and says when to come back', () => {
    const { task } = start(passThrough(['in', 'in2']), { maxTaskIdleMs: 50 });
    feed(task, 'in', 0, 0, [1, 'a', '1']);
    task.markCaughtUp('in2', 0, 0);
    expect(task.process(10, 1_000)).toBe(0);
    expect(task.nextWakeUpMs()).toBe(1_050);
    expect(task.process(10, 1_049)).toBe(0);
    expect(task.process(10, 1_050)).toBe(1);
    expect(task.nextWakeUpMs()).toBeUndefined();
  });

  it('with -1 never waits', () => {
    const { task } = start(passThrough(['in', 'in2']), { maxTaskIdleMs: -1 });
    feed(task, 'in', 0, 0, [1, 'a', '1']);
    expect(task.process(10, 0)).toBe(1);
  });

  it('stream time goes on from the committed partition time', () => {
    const { task } = start();
    task.start([input('in', 0, 0, 77)], 2);
    expect(task.streamTimeMs).toBe(77);
    feed(task, 'in', 0, 0, [5, 'a', '1']);
    task.process(1, 0);
    expect(task.streamTimeMs).toBe(77);
    expect(decodeCommitMetadata(task.closeEpoch().progress!.offsets[0]!.metadata)).toBe(77);
  });

  it('drops a record with a negative timestamp from an extractor; without one it is an error', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', { ...text, timestampExtractor: (record, partitionTimeMs) => (record.value === 'drop' ? -1 : partitionTimeMs + 10) })
      .to('out', text);
    const { task, shard } = start(builder.build());
    feed(task, 'in', 0, 0, [1, 'a', 'x'], [1, 'b', 'drop'], [1, 'c', 'y']);
    expect(task.process(10, 0)).toBe(2);
    expect(textOf(task.takeFrames())).toEqual(['out-0 a=x@9', 'out-0 c=y@19']);
    expect(task.dropped['negative-timestamp']).toBe(1);
    expect(shard.stats.recordsDropped).toBe(1);
    const plain = start();
    feed(plain.task, 'in', 0, 4, [-1, 'a', 'x']);
    expect(() => plain.task.process(1, 0)).toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_FAILED', message: expect.stringContaining('in-0@4') }),
    );
  });

  it('W11: put and delete of a new key within one epoch leave nothing, neither downstream nor in the changelog', () => {
    const builder = new StreamsBuilder();
    builder
      .table('in', { ...text, as: 'rows' })
      .toStream()
      .to('out', text);
    const { task } = start(builder.build());
    feed(task, 'in', 0, 0, [1, 'k', '1'], [2, 'k', null]);
    task.process(10, 0);
    expect(task.closeEpoch().frames).toEqual([]);
  });

  it('a cached aggregate goes out once per key and epoch, and once into the changelog', () => {
    const { task } = start(counting());
    feed(task, 'in', 0, 0, [1, 'a', 'x'], [2, 'b', 'x'], [3, 'a', 'x']);
    task.process(10, 0);
    expect(task.outputBytes).toBe(0);
    const { frames } = task.closeEpoch();
    expect(frames.map(({ topic, recordCount }) => [topic, recordCount]).sort()).toEqual([
      ['app-counts-changelog', 2],
      ['out', 2],
    ]);
    expect(task.closeEpoch().frames).toEqual([]);
  });

  it('a full cache forwards early, between two records', () => {
    const { task } = start(counting(), { cacheMaxBytes: 1 });
    feed(task, 'in', 0, 0, [1, 'a', 'x'], [2, 'a', 'x']);
    task.process(10, 0);
    expect(task.takeFrames().map(({ topic, recordCount }) => [topic, recordCount])).toEqual([['out', 2]]);
  });

  it('changelogs go to the partition of the task, whatever the key', () => {
    const { task } = start(counting(), {}, { out: 8 }, 3);
    feed(task, 'in', 3, 0, [1, 'a', 'x'], [2, 'b', 'x'], [3, 'c', 'x']);
    task.process(10, 0);
    const changelog = task.closeEpoch().frames.filter(({ topic }) => topic === 'app-counts-changelog');
    expect(changelog.map(({ partition, recordCount }) => [partition, recordCount])).toEqual([[3, 3]]);
  });

  it('restores a store from its changelog and goes on from there', () => {
    const first = start(counting());
    feed(first.task, 'in', 0, 0, [1, 'a', 'x'], [5, 'a', 'x']);
    first.task.process(10, 0);
    const changelog = first.task.closeEpoch().frames.find(({ topic }) => topic === 'app-counts-changelog')!;
    const topology = counting();
    const task = new Task('0_0', 7, topology.plan().subTopologies[0]!, services(topology, {}, { out: 1 }));
    expect(task.restore('counts', changelog.bytes)).toBe(1);
    expect(() => task.restore('nothing', changelog.bytes)).toThrow(/no store "nothing"/);
    task.start([input('in', 0, 2)], 8);
    feed(task, 'in', 0, 2, [3, 'a', 'x']);
    task.process(10, 0);
    const epoch = task.closeEpoch();
    expect(epoch.frames.every(({ generation }) => generation === 8)).toBe(true);
    expect(task.store('counts')!.table.approximateNumEntries()).toBe(1);
    expect(textOf(epoch.frames.filter(({ topic }) => topic === 'out'))[0]).toMatch(/^out-0 a=.*@5$/s);
    expect(() => task.restore('counts', changelog.bytes)).toThrow(expect.objectContaining({ code: 'INVALID_STATE' }));
  });

  it('suspended: keeps state, drops what is queued, takes nothing; then starts again under a new generation', () => {
    const { task } = start(counting());
    feed(task, 'in', 0, 0, [1, 'a', 'x'], [2, 'a', 'x']);
    task.process(1, 0);
    task.closeEpoch();
    task.suspend();
    expect(task.status).toBe('suspended');
    feed(task, 'in', 0, 2, [3, 'a', 'x']);
    expect(task.process(10, 0)).toBe(0);
    expect(task.closeEpoch()).toEqual({ frames: [], progress: undefined });
    task.start([input('in', 0, 1)], 2);
    feed(task, 'in', 0, 1, [2, 'a', 'x']);
    expect(task.process(10, 0)).toBe(1);
    expect(task.closeEpoch().frames.every(({ generation }) => generation === 2)).toBe(true);
    expect(task.store('counts')!.table.approximateNumEntries()).toBe(1);
  });

  it('after a failure only closing is left', () => {
    const { task } = start();
    task.addBatch('in', 0, batch(0, [1, 'a', '1']).subarray(0, 40), 1, 1);
    expect(() => task.process(1, 0)).toThrow(expect.objectContaining({ code: 'CORRUPT_RECORD', message: expect.stringContaining('in-0') }));
    expect(task.status).toBe('failed');
    expect(task.process(1, 0)).toBe(0);
    expect(() => task.start([input('in')], 2)).toThrow(expect.objectContaining({ code: 'INVALID_STATE' }));
    task.close();
    task.close();
    expect(task.status).toBe('closed');
  });
});
