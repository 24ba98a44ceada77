import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { int64, string } from '../../../src/serde/index.ts';
import { Task } from '../../../src/task/task.ts';
import { feed, input, services, textOf } from './task-fixture.ts';

const text = { keySerde: string(), valueSerde: string() };

describe('a cache shared by the tasks of a shard', () => {
  it("when it is full, another task's updates go out under that task, and only their own task fails by them", () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .groupByKey()
      .count()
      .toStream()
      .peek((key) => {
        if (key === 'poison') throw new Error('poisoned');
      })
      .to('out', { keySerde: string(), valueSerde: int64() });
    const topology = builder.build();
    const shard = services(topology, { cacheMaxBytes: 400 }, { out: 1 });
    const [first, second] = [0, 1].map((partition) => {
      const task = new Task(`0_${partition}`, 1, topology.plan().subTopologies[0]!, shard);
      task.start([input('in', partition)], 1);
      return task;
    }) as [Task, Task];
    feed(first, 'in', 0, 0, [1, 'poison', 'x']);
    expect(first.process(10, 0)).toBe(1);
    feed(second, 'in', 1, 0, [2, 'a', 'x'], [3, 'b', 'x'], [4, 'c', 'x']);
    expect(second.process(10, 0)).toBe(3);
    expect(textOf(second.takeFrames()).length).toBeGreaterThan(0);
    expect(() => first.process(10, 0)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('of task 0_0 failed on record in-0@0: poisoned') }),
    );
    expect([first.status, second.status]).toEqual(['failed', 'running']);
  });

  it('operators between two caches see whole records, however little the cache holds', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', text);
    const counts = stream
      .groupByKey()
      .count()
      .toStream()
      .mapValues((count, key) => `${key}${count}`);
    // Both branches meet in one mapper, whose output record is used by the direct path and by flushed updates.
    const merged = stream.merge(counts).mapValues((v) => `<${v}>`);
    merged.to('first', text);
    merged.groupByKey(text).reduce((_old, value) => value);
    merged.to('second', text);
    const topology = builder.build();
    const shard = services(topology, { cacheMaxBytes: 1 }, { first: 1, second: 1 });
    const task = new Task('0_0', 1, topology.plan().subTopologies[0]!, shard);
    task.start([input('in')], 1);
    const records = Array.from({ length: 20 }, (_, index) => [index, `k${index % 3}`, `v${index}`] as const);
    feed(task, 'in', 0, 0, ...records);
    task.process(100, 0);
    const lines = textOf(task.closeEpoch().frames);
    const of = (topic: string) => lines.filter((line) => line.startsWith(topic)).map((line) => line.slice(topic.length));
    expect(of('first').length).toBe(40);
    expect(of('second')).toEqual(of('first'));
  });
});
