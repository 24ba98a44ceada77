import { describe, expect, it } from 'vitest';
import { JoinWindows, StreamsBuilder } from '../../../src/dsl/index.ts';
import { RecordCursor } from '../../../src/protocol/index.ts';
import { json, string } from '../../../src/serde/index.ts';
import type { OutputFrame } from '../../../src/shard/messages.ts';
import { Task } from '../../../src/task/task.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';
import type { Topology } from '../../../src/topology/topology.ts';
import { feed, input, services, textOf } from '../task/task-fixture.ts';

/** What Kafka Streams does is in `test/golden/scenarios/stream-joins.ts`; here is what it cannot judge. */

const text = { keySerde: string(), valueSerde: string() };
const within = JoinWindows.ofTimeDifferenceWithNoGrace(10);

function outerJoin(): Topology {
  const builder = new StreamsBuilder();
  const join = (one: string | null, other: string | null, key: string) => `${key}:${one}+${other}`;
  builder.stream('l', text).outerJoin(builder.stream('r', text), join, within).to('out', text);
  return builder.build();
}

function start(topology: Topology, changelogs: readonly OutputFrame[] = []) {
  const shard = { ...services(topology, { maxTaskIdleMs: -1 }, { out: 1 }), joinEmitIntervalMs: 0 };
  const task = new Task('0_0', 1, topology.plan().subTopologies[0]!, shard);
  for (const { topic, bytes } of changelogs) task.restore(topic.slice('app-'.length, -'-changelog'.length), bytes);
  task.start([input('l'), input('r')], 1);
  return task;
}

const isChangelog = ({ topic }: OutputFrame): boolean => topic.endsWith('-changelog');

describe('stream-stream join in a task', () => {
  it('restored, finds the partners of before and knows what still waits', () => {
    const topology = outerJoin();
    const before = start(topology);
    feed(before, 'l', 0, 0, [100, 'a', 'l1'], [101, 'b', 'l2']);
    feed(before, 'r', 0, 0, [102, 'b', 'r1']);
    before.process(10, 0);
    const frames = before.closeEpoch().frames;
    expect(textOf(frames.filter((frame) => !isChangelog(frame)))).toEqual(['out-0 b=b:l2+r1@102']);
    before.close();
    const after = start(topology, frames.filter(isChangelog));
    feed(after, 'r', 0, 0, [103, 'b', 'r2'], [104, 'c', 'r3']);
    feed(after, 'l', 0, 0, [105, 'c', 'l3'], [200, 'z', 'l4']);
    after.process(10, 0);
    const output = textOf(after.closeEpoch().frames.filter((frame) => !isChangelog(frame)));
    expect(output).toEqual(['out-0 b=b:l2+r2@103', 'out-0 c=c:l3+r3@105', 'out-0 a=a:l1+null@100']);
  });

  it('restored, forwards the results of what no longer finds a partner', () => {
    const topology = outerJoin();
    const before = start(topology);
    feed(before, 'l', 0, 0, [100, 'a', 'l1']);
    feed(before, 'r', 0, 0, [101, 'b', 'r1']);
    before.process(10, 0);
    const after = start(topology, before.closeEpoch().frames.filter(isChangelog));
    feed(after, 'r', 0, 0, [200, 'z', 'r2']);
    after.process(10, 0);
    const { frames } = after.closeEpoch();
    expect(textOf(frames.filter((frame) => !isChangelog(frame)))).toEqual(['out-0 a=a:l1+null@100', 'out-0 b=b:null+r1@101']);
    // The two rows' ends, and the new one.
    expect(textOf(frames.filter(({ topic }) => topic.includes('OUTERSHARED'))).map((line) => line.includes('=null@'))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('hands over what it keeps ahead of the commit, when there is much of it', () => {
    const task = start(outerJoin());
    feed(task, 'l', 0, 0, [100, 'a', 'l1']);
    task.process(10, 0);
    const cursor = new RecordCursor(task.takeFrames().find(isChangelog)!.bytes);
    expect(cursor.next()).toBe(true);
  });
});

describe('stream-stream join of values that can be changed', () => {
  it('gives every result objects of its own', () => {
    interface Counted {
      n: number;
    }
    const serdes = { keySerde: string(), valueSerde: json<Counted>() };
    const builder = new StreamsBuilder();
    const grow = (one: Counted, other: Counted) => {
      other.n += 100;
      return { sum: one.n + other.n };
    };
    builder.stream('l', serdes).join(builder.stream('r', serdes), grow, within).to('out', { valueSerde: json(), keySerde: string() });
    const driver = new TopologyTestDriver(builder);
    const [left, right] = ['l', 'r'].map((topic) => driver.createInputTopic(topic, string(), json<Counted>())) as [any, any];
    right.pipeInput('a', { n: 1 }, 10);
    left.pipeInput('a', { n: 2 }, 11);
    left.pipeInput('a', { n: 3 }, 12);
    expect(driver.createOutputTopic('out', string(), json<{ sum: number }>()).readValuesToList()).toEqual([{ sum: 103 }, { sum: 104 }]);
  });

  it('finds a value that cannot be read when its record comes, not when a partner does', () => {
    const serdes = { keySerde: string(), valueSerde: json<{ n: number }>() };
    const builder = new StreamsBuilder();
    builder
      .stream('l', serdes)
      .join(builder.stream('r', serdes), (one) => one, within)
      .to('out', serdes);
    const driver = new TopologyTestDriver(builder, { settings: { deserializationExceptionHandler: 'continue' } });
    const [left, right] = ['l', 'r'].map((topic) => driver.createInputTopic(topic, string(), string())) as [any, any];
    left.pipeInput('a', '{"n"', 10);
    expect(driver.droppedRecords()).toMatchObject({ deserialization: 1 });
    right.pipeInput('a', '{"n":1}', 11);
    expect(driver.createOutputTopic('out', string(), string()).isEmpty()).toBe(true);
  });
});

describe('stream-stream joins that cannot be', () => {
  const stream = () => new StreamsBuilder().stream('l', text);

  it.each<[string, () => unknown, RegExp]>([
    ['a grace below 0', () => JoinWindows.ofTimeDifferenceAndGrace(10, -1), /grace of a join window cannot be -1 ms/],
    ['a difference below 0', () => JoinWindows.ofTimeDifferenceWithNoGrace(-1), /ends before it begins/],
    ['an inverse window', () => within.before(-11), /from -11 ms before to 10 ms after/],
    ['a fraction of a millisecond', () => within.after(0.5), /"after" of a join window cannot be 0.5 ms/],
    ['a stream of another builder', () => stream().join(stream(), () => 1, within), /another StreamsBuilder/],
    [
      'no windows',
      () => {
        const one = stream();
        return one.outerJoin(one, () => 1, undefined as never);
      },
      /outerJoin\(\) of two streams needs the time/,
    ],
    [
      'a joiner that is no function',
      () => {
        const builder = new StreamsBuilder();
        builder.stream('l', text).join(builder.stream('r', text), null as never, within);
        return builder.build();
      },
      /joiner of "KSTREAM-JOINTHIS-0000000004" is null/,
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_TOPOLOGY', message: expect.stringMatching(message) }));
  });
});
