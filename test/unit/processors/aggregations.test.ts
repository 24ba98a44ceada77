import { describe, expect, it } from 'vitest';
import { type KTable, StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import { int64, json, string, timeWindowedSerde } from '../../../src/serde/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';

const text = { keySerde: string(), valueSerde: string() };
type Sum = { total: number; parts: string[] };

function driverFor(define: (builder: StreamsBuilder) => void) {
  const builder = new StreamsBuilder();
  define(builder);
  const driver = new TopologyTestDriver(builder);
  return { driver, input: driver.createInputTopic('in', string(), string()) };
}

describe('aggregations', () => {
  it('count drops null keys and null values, and counts what it drops', () => {
    const { driver, input } = driverFor((b) =>
      b.stream('in', text).groupByKey().count({ as: 'counts' }).toStream().to('out', { keySerde: string(), valueSerde: int64() }),
    );
    input.pipeKeyValueList(
      [
        ['a', 'x'],
        [null, 'x'],
        ['a', null],
        ['a', 'y'],
        ['b', 'z'],
      ],
      0,
      1,
    );
    expect(driver.createOutputTopic('out', string(), int64()).readKeyValuesToList()).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ]);
    expect(driver.droppedRecords()).toMatchObject({ 'null-key': 1, 'null-value': 1 });
    expect(driver.getKeyValueStore('counts').get('a')).toBe(2);
  });

  it("an aggregate's timestamp is the highest of its inputs; its changelog carries it", () => {
    const { driver, input } = driverFor((b) =>
      b.stream('in', text).groupByKey().count({ as: 'counts' }).toStream().to('out', { keySerde: string(), valueSerde: int64() }),
    );
    input.pipeInput('a', 'x', 50);
    input.pipeInput('a', 'x', 20);
    for (const topic of ['out', 'test-app-counts-changelog']) {
      const records = driver.createOutputTopic(topic, string(), int64()).readRecordsToList();
      expect(records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
        [1, 50],
        [2, 50],
      ]);
    }
    expect(driver.getTimestampedKeyValueStore('counts').get('a')).toEqual({ value: 2, timestamp: 50 });
  });

  it('a deletion has the time of the row where it is forwarded at once, of the record out of a cache and in the changelog', () => {
    for (const [caching, timestamp] of [
      [false, 50],
      [true, 20],
    ] as const) {
      const { driver, input } = driverFor((b) =>
        b
          .stream('in', text)
          .groupByKey()
          .reduce((_old, value) => (value === 'delete' ? null : value), { as: 'rows', caching })
          .toStream()
          .to('out', text),
      );
      input.pipeInput('a', 'x', 50);
      input.pipeInput('a', 'delete', 20);
      const timestamps = (topic: string) =>
        driver
          .createOutputTopic(topic, string(), string())
          .readRecordsToList()
          .map((record) => [record.value, record.timestamp]);
      expect(timestamps('out')).toEqual([
        ['x', 50],
        [null, timestamp],
      ]);
      expect(timestamps('test-app-rows-changelog')).toEqual([
        ['x', 50],
        [null, 20],
      ]);
    }
  });

  it('a filter after an uncached aggregation has the initial aggregate as the old value of a new row', () => {
    const { driver, input } = driverFor((b) => {
      const counts = b.stream('in', text).groupByKey().count({ as: 'counts', caching: false });
      const outputs = { keySerde: string(), valueSerde: int64() };
      counts
        .filter((_key, count) => count !== 1)
        .toStream()
        .to('zero-passes', outputs);
      counts
        .filter((_key, count) => count > 1)
        .toStream()
        .to('zero-fails', outputs);
    });
    for (const timestamp of [1, 2]) input.pipeInput('a', 'x', timestamp);
    const read = (topic: string) => driver.createOutputTopic(topic, string(), int64()).readValuesToList();
    expect(read('zero-passes')).toEqual([null, 2]);
    expect(read('zero-fails')).toEqual([2]);
  });

  it('reduce keeps the first value as it is, and null deletes', () => {
    const { driver, input } = driverFor((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .reduce((a, v) => (v === 'stop' ? (null as never) : a + v))
        .toStream()
        .to('out', text),
    );
    input.pipeKeyValueList(
      [
        ['a', '1'],
        ['a', '2'],
        ['a', 'stop'],
        ['a', '3'],
      ],
      0,
      1,
    );
    expect(driver.createOutputTopic('out', string(), string()).readValuesToList()).toEqual(['1', '12', null, '3']);
  });

  it.each([true, false])('aggregate may change its object in place without changing what went out before (caching: %s)', (caching) => {
    const { driver, input } = driverFor((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .aggregate<Sum>(
          () => ({ total: 0, parts: [] }),
          (_k, v, sum) => {
            sum.total += Number(v);
            sum.parts.push(v);
            return sum;
          },
          { as: 'sums', valueSerde: json<Sum>(), caching },
        )
        .toStream()
        .to('out', { keySerde: string(), valueSerde: json<Sum>() }),
    );
    input.pipeKeyValueList(
      [
        ['a', '1'],
        ['a', '2'],
        ['b', '5'],
      ],
      0,
      1,
    );
    const out = driver.createOutputTopic('out', string(), json<Sum>()).readKeyValuesToList();
    expect(out).toEqual([
      ['a', { total: 1, parts: ['1'] }],
      ['a', { total: 3, parts: ['1', '2'] }],
      ['b', { total: 5, parts: ['5'] }],
    ]);
    const handed = driver.getKeyValueStore<string, Sum>('sums').get('a')!;
    handed.parts.push('changed outside');
    expect(driver.getKeyValueStore<string, Sum>('sums').get('a')).toEqual({ total: 3, parts: ['1', '2'] });
  });

  it('a function that mutates what an aggregate forwarded does not change the store', () => {
    const { driver, input } = driverFor((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .aggregate<Sum>(
          () => ({ total: 0, parts: [] }),
          (_k, v, s) => ({ total: s.total + Number(v), parts: s.parts }),
          { as: 'sums', valueSerde: json<Sum>() },
        )
        .toStream()
        .peek((_k, sum) => {
          sum.total = -1;
        })
        .to('out', { keySerde: string(), valueSerde: json<Sum>() }),
    );
    input.pipeKeyValueList(
      [
        ['a', '1'],
        ['a', '2'],
      ],
      0,
      1,
    );
    expect(driver.getKeyValueStore<string, Sum>('sums').get('a')).toEqual({ total: 3, parts: [] });
  });

  it('names its internal topics and stores as Kafka Streams does (W14)', () => {
    const { driver, input } = driverFor((b) =>
      b
        .stream('in', text)
        .selectKey((_k, v) => v)
        .groupByKey(text)
        .count()
        .toStream()
        .to('out', { keySerde: string(), valueSerde: int64() }),
    );
    input.pipeInput(null, 'x', 0);
    const store = 'test-app-KSTREAM-AGGREGATE-STATE-STORE-0000000002';
    expect([...driver.producedTopicNames()].sort()).toEqual(['out', `${store}-changelog`, `${store}-repartition`].sort());
  });

  it('null keys are filtered out before the repartition topic', () => {
    const { driver, input } = driverFor((b) =>
      b
        .stream('in', text)
        .groupBy((_k, v) => (v === 'x' ? (null as never) : v), text)
        .count()
        .toStream()
        .to('out', { keySerde: string(), valueSerde: int64() }),
    );
    input.pipeKeyValueList(
      [
        ['1', 'x'],
        ['2', 'y'],
      ],
      0,
      1,
    );
    expect(driver.createOutputTopic('out', string(), int64()).readKeyValuesToList()).toEqual([['y', 1]]);
  });
});

describe('windows', () => {
  const windowedCount = (windows: TimeWindows, sizeMs: number) => {
    const setUp = driverFor((b) =>
      b
        .stream('in', text)
        .groupByKey()
        .windowedBy(windows)
        .count({ as: 'w' })
        .toStream()
        .to('out', { keySerde: timeWindowedSerde(string(), sizeMs), valueSerde: int64() }),
    );
    const output = setUp.driver.createOutputTopic('out', timeWindowedSerde(string(), sizeMs), int64());
    return { ...setUp, read: () => output.readRecordsToList().map(({ key, value, timestamp }) => [key!.window.startMs, value, timestamp]) };
  };

  it('W1: tumbling with grace accepts a late record until its window closes', () => {
    const { driver, input, read } = windowedCount(TimeWindows.ofSizeAndGrace(10, 5), 10);
    for (const timestamp of [3, 14, 9, 15, 9]) input.pipeInput('k', 'v', timestamp);
    expect(read()).toEqual([
      [0, 1, 3],
      [10, 1, 14],
      [0, 2, 9],
      [10, 2, 15],
    ]);
    expect(driver.droppedRecords().late).toBe(1);
    expect(driver.getWindowStore<string, number>('w').fetch('k', 10)).toBe(2);
  });

  it('W2: hopping has no window before 0', () => {
    const { input, read } = windowedCount(TimeWindows.ofSizeWithNoGrace(10).advanceBy(4), 10);
    input.pipeInput('k', 'v', 5);
    expect(read()).toEqual([
      [0, 1, 5],
      [4, 1, 5],
    ]);
  });

  it('a hopping record may be late for some of its windows only', () => {
    const { driver, input, read } = windowedCount(TimeWindows.ofSizeWithNoGrace(10).advanceBy(5), 10);
    input.pipeInput('a', 'v', 16); // [10,20) and [15,25)
    input.pipeInput('b', 'v', 14); // [5,15) has closed, [10,20) has not
    expect(read()).toEqual([
      [10, 1, 16],
      [15, 1, 16],
      [10, 1, 14],
    ]);
    expect(driver.droppedRecords().late).toBe(1);
  });

  it("stream time is the operator's own: a record that does not reach it closes nothing", () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .filter((_k, v) => v !== 'skip')
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
      .count({ as: 'w' });
    const driver = new TopologyTestDriver(builder);
    const input = driver.createInputTopic('in', string(), string());
    input.pipeInput('k', 'v', 5);
    input.pipeInput('k', 'skip', 100);
    input.pipeInput('k', 'v', 7);
    expect(driver.getWindowStore<string, number>('w').fetch('k', 0)).toBe(2);
    expect(driver.droppedRecords().late).toBe(0);
  });

  it('drops null keys but counts null values', () => {
    const { driver, input, read } = windowedCount(TimeWindows.ofSizeWithNoGrace(10), 10);
    input.pipeKeyValueList(
      [
        ['k', null],
        [null, 'v'],
      ],
      1,
      1,
    );
    expect(read()).toEqual([[0, 1, 1]]);
    expect(driver.droppedRecords()).toMatchObject({ 'null-key': 1, 'null-value': 0 });
  });

  it('changelog keys are key, window start and sequence 0', () => {
    const { driver, input } = windowedCount(TimeWindows.ofSizeWithNoGrace(10), 10);
    input.pipeInput('k', 'v', 25);
    const raw = driver.createOutputTopic(
      'test-app-w-changelog',
      { name: 'hex', serialize: () => Buffer.alloc(0), deserialize: (d) => Buffer.from(d).toString('hex') },
      int64(),
    );
    expect(raw.readKeyValue()).toEqual({ key: '6b000000000000001400000000', value: 1 });
  });
});

describe('table operators', () => {
  const fromTable = (define: (table: KTable<string, string>) => KTable<string, string>) => {
    const builder = new StreamsBuilder();
    define(builder.table('in', { ...text, as: 'rows' }))
      .toStream()
      .to('out', text);
    const driver = new TopologyTestDriver(builder);
    const input = driver.createInputTopic('in', string(), string());
    const output = driver.createOutputTopic('out', string(), string());
    return { driver, input, output };
  };

  it('a table drops null keys and forwards tombstones', () => {
    const { driver, input, output } = fromTable((t) => t);
    input.pipeKeyValueList(
      [
        ['a', '1'],
        [null, 'x'],
        ['a', null],
        ['b', '2'],
      ],
      0,
      1,
    );
    expect(output.readKeyValuesToList()).toEqual([
      ['a', '1'],
      ['a', null],
      ['b', '2'],
    ]);
    expect(driver.droppedRecords()['null-key']).toBe(1);
    expect(driver.getKeyValueStore('rows').get('a')).toBeNull();
  });

  it('offset order wins over timestamps (W13, not versioned)', () => {
    const { driver, input } = fromTable((t) => t);
    input.pipeInput('a', 'v1', 100);
    input.pipeInput('a', 'v0', 50);
    expect(driver.getTimestampedKeyValueStore('rows').get('a')).toEqual({ value: 'v0', timestamp: 50 });
  });

  it('filter turns rejected rows into tombstones, mapValues is not called for tombstones', () => {
    const { input, output } = fromTable((t) => t.filter((_k, v) => v !== 'no').mapValues((v) => v.toUpperCase()));
    input.pipeKeyValueList(
      [
        ['a', 'yes'],
        ['a', 'no'],
        ['b', null],
      ],
      0,
      1,
    );
    expect(output.readKeyValuesToList().slice(0, 2)).toEqual([
      ['a', 'YES'],
      ['a', null],
    ]);
  });

  it('materialised filters and maps are stored', () => {
    const { driver, input, output } = fromTable((t) =>
      t.filterNot((_k, v) => v === 'no', { as: 'f' }).mapValues((v, k) => k + v, { as: 'm', valueSerde: string() }),
    );
    input.pipeKeyValueList(
      [
        ['a', '1'],
        ['b', 'no'],
        ['a', 'no'],
        ['c', '3'],
      ],
      0,
      1,
    );
    expect([...driver.getKeyValueStore('f').all()]).toEqual([{ key: 'c', value: '3' }]);
    expect([...driver.getKeyValueStore('m').all()]).toEqual([{ key: 'c', value: 'c3' }]);
    expect(output.readKeyValuesToList()).toEqual([
      ['a', 'a1'],
      ['a', null],
      ['c', 'c3'],
    ]);
  });

  it('toTable upserts and deletes', () => {
    const { driver, input } = driverFor((b) => void b.stream('in', text).toTable({ as: 'rows' }));
    input.pipeKeyValueList(
      [
        ['a', '1'],
        ['b', '2'],
        ['a', null],
      ],
      0,
      1,
    );
    expect([...driver.getKeyValueStore('rows').all()]).toEqual([{ key: 'b', value: '2' }]);
  });
});
