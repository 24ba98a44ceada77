import { describe, expect, it } from 'vitest';
import { StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import { int64, string } from '../../../src/serde/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';
import { Stores } from '../../../src/topology/index.ts';

const text = { keySerde: string(), valueSerde: string() };

function passThrough() {
  const builder = new StreamsBuilder();
  builder.stream('in', text).to('out', text);
  return builder;
}

describe('TopologyTestDriver', () => {
  it('takes a builder or a topology', () => {
    for (const topology of [passThrough(), passThrough().build()]) {
      const driver = new TopologyTestDriver(topology);
      driver.createInputTopic('in', string(), string()).pipeInput('k', 'v', 1);
      expect(driver.createOutputTopic('out', string(), string()).readKeyValue()).toEqual({ key: 'k', value: 'v' });
      driver.close();
    }
  });

  it('a global processor that throws is an error, whatever the processing handler says', () => {
    const builder = new StreamsBuilder();
    const store = Stores.keyValue('settings', { ...text, logging: false });
    const failing = () => ({
      process(): void {
        throw new Error('not this one');
      },
    });
    builder.addGlobalStore(store, 'settings', text, failing);
    builder.stream('in', text).to('out', text);
    const driver = new TopologyTestDriver(builder, { settings: { processingExceptionHandler: 'continue' } });
    expect(() => driver.createInputTopic('settings', string(), string()).pipeInput('k', 'v', 1)).toThrow(/not this one/);
  });

  it('input topics have a time of their own', () => {
    const driver = new TopologyTestDriver(passThrough(), { initialWallClockMs: 100 });
    const input = driver.createInputTopic('in', string(), string(), { startTimestampMs: 10, autoAdvanceMs: 5 });
    input.pipeInput('k', 'a');
    input.pipeValue('b');
    input.advanceTime(100);
    input.pipeInput('k', 'c');
    input.pipeInput('k', 'd', 1);
    input.pipeValueList(['e', 'f'], 50, 2);
    driver.createInputTopic('in', string(), string()).pipeInput('k', 'g');
    const times = driver
      .createOutputTopic('out', string(), string())
      .readRecordsToList()
      .map(({ value, timestamp }) => `${value}${timestamp}`);
    expect(times).toEqual(['a10', 'b15', 'c120', 'd1', 'e50', 'f52', 'g100']);
    expect(() => input.advanceTime(-1)).toThrow(/only goes forward/);
  });

  it('output topics are read from the front', () => {
    const driver = new TopologyTestDriver(passThrough());
    const output = driver.createOutputTopic('out', string(), string());
    expect(output.isEmpty()).toBe(true);
    expect(() => output.readValue()).toThrow(/out has no record/);
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
        ['c', null],
      ],
      0,
    );
    expect(output.queueSize()).toBe(4);
    expect(output.readValue()).toBe('1');
    expect(Object.fromEntries(output.readKeyValuesToMap())).toEqual({ b: '2', a: '3', c: null });
    expect(output.isEmpty()).toBe(true);
  });

  it('names what the topology does not have', () => {
    const driver = new TopologyTestDriver(passThrough());
    expect(() => driver.createInputTopic('wrong', string(), string())).toThrow(/does not read topic "wrong". It reads: in/);
    expect(() => driver.getKeyValueStore('none')).toThrow(/no store "none"/);
  });

  it('reads stores with and without timestamps, and not as another kind', () => {
    const builder = new StreamsBuilder();
    const grouped = builder.stream('in', text).groupByKey();
    grouped.count({ as: 'counts' });
    grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(10)).count({ as: 'windows' });
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('in', string(), string()).pipeInput('k', 'v', 15);
    expect(driver.getKeyValueStore('counts').get('k')).toBe(1);
    expect(driver.getTimestampedKeyValueStore('counts').get('k')).toEqual({ value: 1, timestamp: 15 });
    expect(driver.getWindowStore('windows').fetch('k', 10)).toBe(1);
    expect(driver.getTimestampedWindowStore('windows').fetch('k', 10)).toEqual({ value: 1, timestamp: 15 });
    expect(() => driver.getKeyValueStore('windows')).toThrow(/is not a key-value store/);
    expect(() => driver.getWindowStore('counts')).toThrow(/is not a window store/);
    expect(() => driver.getTimestampedWindowStore('counts')).toThrow(/not timestampedWindow/);
  });

  it('several sub-topologies and repartition topics run to the end before a call returns', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .groupBy((_k, v) => v, text)
      .count()
      .toStream()
      .map((k, count) => [String(count), k])
      .groupByKey({ keySerde: string(), valueSerde: string() })
      .count()
      .toStream()
      .to('out', { keySerde: string(), valueSerde: int64() });
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['1', 'a'],
        ['2', 'a'],
        ['3', 'b'],
      ],
      0,
    );
    expect(driver.createOutputTopic('out', string(), int64()).readKeyValuesToList()).toEqual([
      ['1', 1],
      ['2', 1],
      ['1', 2],
    ]);
  });

  it('max.task.idle.ms is waited for until the wall clock is advanced', () => {
    const builder = new StreamsBuilder();
    builder.stream(['in', 'other'], text).to('out', text);
    const driver = new TopologyTestDriver(builder, { initialWallClockMs: 0, settings: { maxTaskIdleMs: 100 } });
    const output = driver.createOutputTopic('out', string(), string());
    driver.advanceWallClockTime(0);
    driver.createInputTopic('in', string(), string()).pipeInput('k', 'v', 1);
    expect(output.isEmpty()).toBe(true);
    driver.advanceWallClockTime(100);
    expect(output.readValue()).toBe('v');
  });
});
