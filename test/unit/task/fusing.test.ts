import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { string } from '../../../src/serde/index.ts';
import { findChains } from '../../../src/task/fusing.ts';
import { Task } from '../../../src/task/task.ts';
import { feed, input, services, textOf } from './task-fixture.ts';

const text = { keySerde: string(), valueSerde: string() };

/** The stateless operators of a builder, as chains of their names. */
function chainsOf(builder: StreamsBuilder): string[][] {
  const [sub] = builder.build().plan().subTopologies;
  return [...findChains(sub!).values()].map(({ operators }) => operators.map(({ name }) => name));
}

describe('stateless operators in a row', () => {
  it('become one node, up to the next branch, merge or operator of another kind', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', text).filter(() => true, { name: 'a' });
    const head = stream.peek(() => {}, { name: 'b' });
    head
      .mapValues((v) => v, { name: 'c' })
      .selectKey((k) => k, { name: 'd' })
      .to('left', text);
    head
      .map((k, v) => [k, v], { name: 'e' })
      .flatMapValues((v) => [v], { name: 'f' })
      .filterNot(() => false, { name: 'g' })
      .to('right', text);
    expect(chainsOf(builder)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('do what they do one by one, and errors name the one that threw', () => {
    const builder = new StreamsBuilder();
    const seen: string[] = [];
    builder
      .stream('in', text)
      .filter((_, v) => v !== 'drop', { name: 'filter' })
      .mapValues((v) => `${v}1`, { name: 'first' })
      .mapValues(
        (v) => {
          if (v === 'bad1') throw new TypeError('not this one');
          return `${v}2`;
        },
        { name: 'second' },
      )
      .selectKey((k, v) => `${k}/${v}`, { name: 'key' })
      .peek((k, v) => seen.push(`${k}=${v}`), { name: 'peek' })
      .map((k, v) => [v, k], { name: 'swap' })
      .to('out', text);
    const topology = builder.build();
    const made = services(topology, { processingExceptionHandler: 'continue' }, { out: 1 });
    const task = new Task('0_0', 1, topology.plan().subTopologies[0]!, made);
    task.start([input('in')], 1);
    feed(task, 'in', 0, 0, [1, 'k', 'drop'], [2, 'k', 'v'], [3, 'k', 'bad'], [4, 'l', 'w']);
    task.process(10, 0);
    expect(textOf(task.takeFrames())).toEqual(['out-0 v12=k/v12@2', 'out-0 w12=l/w12@4']);
    expect(seen).toEqual(['k/v12=v12', 'l/w12=w12']);
    expect(made.logged).toContainEqual(expect.stringMatching(/^Node "second" of task 0_0 failed on record in-0@2: not this one/));
  });
});
