import { describe, expect, it } from 'vitest';
import { chooseShards, Placement } from '../../../src/coordinator/placement.ts';
import { newInput, type TaskEntry } from '../../../src/coordinator/tasks.ts';
import { Serdes, StreamsBuilder } from '../../../src/index.ts';
import type { Plan } from '../../../src/topology/nodes.ts';

const string = { keySerde: Serdes.String(), valueSerde: Serdes.String() };

/** Two sub-topologies: one that reads b and a merged, one that reads its repartition topic. */
function plan(): Plan {
  const builder = new StreamsBuilder();
  builder
    .stream<string, string>('b', string)
    .merge(builder.stream<string, string>('a', string))
    .groupBy((_key, value) => value, { name: 'again', ...string })
    .count()
    .toStream()
    .to('out', { keySerde: Serdes.String(), valueSerde: Serdes.Long() });
  return builder.build().plan();
}

describe('Placement', () => {
  const placement = (a: number, b: number) =>
    new Placement(
      plan(),
      'app',
      new Map([
        ['a', a],
        ['b', b],
        ['app-again-repartition', 2],
      ]),
    );

  it('subscribes to everything that is read, repartition topics too', () => {
    expect(placement(2, 2).subscription()).toEqual(['a', 'app-again-repartition', 'b']);
  });

  it('takes tasks from the topic with the most partitions, whoever has the others', () => {
    const tasks = placement(2, 3).tasksOf([
      { topic: 'b', partition: 2 },
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 1 },
    ]);
    expect(tasks).toEqual([{ subTopology: 0, partition: 2 }]);
  });

  it('takes the first by name of equals', () => {
    expect(
      placement(2, 2).tasksOf([
        { topic: 'b', partition: 0 },
        { topic: 'a', partition: 1 },
      ]),
    ).toEqual([{ subTopology: 0, partition: 1 }]);
  });

  it('gives a task its partition of every topic that has one', () => {
    expect(placement(2, 3).inputsOf({ subTopology: 0, partition: 1 })).toEqual([
      { topic: 'a', partition: 1 },
      { topic: 'b', partition: 1 },
    ]);
    expect(placement(2, 3).inputsOf({ subTopology: 0, partition: 2 })).toEqual([{ topic: 'b', partition: 2 }]);
    expect(placement(2, 3).inputsOf({ subTopology: 1, partition: 0 })).toEqual([{ topic: 'app-again-repartition', partition: 0 }]);
  });

  it('ignores topics that drive nothing', () => {
    expect(
      placement(1, 3).tasksOf([
        { topic: 'a', partition: 0 },
        { topic: 'other', partition: 0 },
      ]),
    ).toEqual([]);
  });
});

describe('chooseShards', () => {
  const tasks = (subTopology: number, partitions: number) =>
    Array.from({ length: partitions }, (_, partition) => ({ subTopology, partition }));
  const entry = (subTopology: number, partition: number, shard: number): TaskEntry => ({
    id: `${subTopology}_${partition}`,
    subTopology,
    partition,
    generation: 1,
    shard,
    state: 'running',
    inputs: [newInput({ topic: 't', partition }, false, 0, -1)],
  });

  it('spreads each sub-topology over all shards', () => {
    const chosen = chooseShards([...tasks(0, 4), ...tasks(1, 4)], [], 4);
    for (const sub of [0, 1])
      expect(new Set([0, 1, 2, 3].map((partition) => chosen.get(`${sub}_${partition}`)))).toEqual(new Set([0, 1, 2, 3]));
  });

  it('puts a lone task where there is room', () => {
    const chosen = chooseShards([...tasks(0, 3), ...tasks(1, 1)], [], 4);
    expect(chosen.get('1_0')).toBe(3);
  });

  it('counts the tasks that are there already', () => {
    const chosen = chooseShards([{ subTopology: 0, partition: 2 }], [entry(0, 0, 0), entry(0, 1, 1)], 3);
    expect(chosen.get('0_2')).toBe(2);
  });

  it('differs by at most one task per sub-topology', () => {
    const chosen = chooseShards(tasks(0, 11), [], 3);
    const counts = [0, 1, 2].map((shard) => [...chosen.values()].filter((value) => value === shard).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
});
