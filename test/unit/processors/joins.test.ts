import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { json, string } from '../../../src/serde/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';

const text = { keySerde: string(), valueSerde: string() };

function tableJoin(left: boolean) {
  const builder = new StreamsBuilder();
  const table = builder.table('rows', text);
  const stream = builder.stream('in', text);
  const joiner = (value: string, row: string | null) => `${value}+${row}`;
  (left ? stream.leftJoin(table, joiner) : stream.join(table, joiner)).to('out', text);
  const driver = new TopologyTestDriver(builder);
  return {
    driver,
    input: driver.createInputTopic('in', string(), string()),
    rows: driver.createInputTopic('rows', string(), string()),
    output: driver.createOutputTopic('out', string(), string()),
  };
}

describe('stream-table join', () => {
  it('inner: only the stream triggers, with its own timestamp; misses, null keys and null values give nothing', () => {
    const { driver, input, rows, output } = tableJoin(false);
    input.pipeInput('a', 'early', 1);
    rows.pipeInput('a', 'A', 100);
    input.pipeInput('a', 'x', 7);
    rows.pipeInput('a', 'A2', 3);
    input.pipeInput('a', 'y', 8);
    input.pipeInput(null, 'x', 9);
    input.pipeInput('a', null, 10);
    rows.pipeInput('a', null, 11);
    input.pipeInput('a', 'gone', 12);
    expect(output.readRecordsToList().map(({ value, timestamp }) => [value, timestamp])).toEqual([
      ['x+A', 7],
      ['y+A2', 8],
    ]);
    expect(driver.droppedRecords()).toMatchObject({ 'null-key': 1, 'null-value': 1 });
  });

  it('left: misses and null keys join with null; null values are dropped', () => {
    const { driver, input, rows, output } = tableJoin(true);
    input.pipeInput('a', 'early', 1);
    rows.pipeInput('a', 'A', 2);
    input.pipeKeyValueList(
      [
        ['a', 'x'],
        [null, 'y'],
        ['a', null],
      ],
      3,
      1,
    );
    expect(output.readKeyValuesToList()).toEqual([
      ['a', 'early+null'],
      ['a', 'x+A'],
      [null, 'y+null'],
    ]);
    expect(driver.droppedRecords()).toMatchObject({ 'null-key': 0, 'null-value': 1 });
  });

  it('a join with a filtered, mapped table that is not stored computes the row on the way', () => {
    const builder = new StreamsBuilder();
    const table = builder
      .table('rows', text)
      .filter((_k, v) => v !== 'hidden')
      .mapValues((v) => v.toUpperCase());
    builder
      .stream('in', text)
      .leftJoin(table, (value, row) => `${value}+${row}`)
      .to('out', text);
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('rows', string(), string()).pipeKeyValueList(
      [
        ['a', 'abc'],
        ['b', 'hidden'],
      ],
      0,
      1,
    );
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['a', '1'],
        ['b', '2'],
      ],
      5,
      1,
    );
    expect(driver.createOutputTopic('out', string(), string()).readValuesToList()).toEqual(['1+ABC', '2+null']);
  });

  it('a joiner that changes the row does not change the table', () => {
    const builder = new StreamsBuilder();
    const objects = { keySerde: string(), valueSerde: json<{ n: number }>() };
    const table = builder.table('rows', { ...objects, as: 'rows' });
    builder
      .stream('in', text)
      .join(table, (_v, row) => `${++row.n}`)
      .to('out', text);
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('rows', string(), objects.valueSerde).pipeInput('a', { n: 1 }, 0);
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['a', '1'],
        ['a', '2'],
      ],
      5,
      1,
    );
    expect(driver.createOutputTopic('out', string(), string()).readValuesToList()).toEqual(['2', '2']);
    expect(driver.getKeyValueStore('rows').get('a')).toEqual({ n: 1 });
  });

  it('a stream whose key was changed is repartitioned first, the table is not', () => {
    const builder = new StreamsBuilder();
    const table = builder.table('rows', text);
    builder
      .stream('in', text)
      .selectKey((_k, v) => v)
      .join(table, (v, row) => v + row, text)
      .to('out', text);
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('rows', string(), string()).pipeInput('x', 'X', 0);
    driver.createInputTopic('in', string(), string()).pipeInput('k', 'x', 1);
    expect(driver.createOutputTopic('out', string(), string()).readKeyValue()).toEqual({ key: 'x', value: 'xX' });
    expect([...driver.producedTopicNames()].filter((topic) => topic.endsWith('-repartition'))).toHaveLength(1);
  });
});

describe('stream-GlobalKTable join', () => {
  function globalJoin(left: boolean) {
    const builder = new StreamsBuilder();
    const table = builder.globalTable('rows', { ...text, as: 'rows' });
    const stream = builder.stream('in', text);
    const selector = (_key: string, value: string) => (value === 'nokey' ? (null as never) : value);
    const joiner = (value: string, row: string | null) => `${value}+${row}`;
    (left ? stream.leftJoin(table, selector, joiner) : stream.join(table, selector, joiner)).to('out', text);
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('rows', string(), string()).pipeKeyValueList(
      [
        ['x', 'X'],
        [null, 'n'],
        ['z', 'Z'],
        ['z', null],
      ],
      0,
      1,
    );
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['k', 'x'],
        [null, 'x'],
        ['k', 'y'],
        ['k', 'nokey'],
        ['k', null],
        ['k', 'z'],
      ],
      5,
      1,
    );
    return { driver, result: driver.createOutputTopic('out', string(), string()).readKeyValuesToList() };
  }

  it('inner: looks up the mapped key and keeps the stream key', () => {
    const { driver, result } = globalJoin(false);
    expect(result).toEqual([
      ['k', 'x+X'],
      [null, 'x+X'],
    ]);
    expect(driver.droppedRecords()).toMatchObject({ 'null-key': 1, 'null-value': 1 });
    expect([...driver.getKeyValueStore('rows').all()]).toEqual([{ key: 'x', value: 'X' }]);
  });

  it('left: a miss or a null mapped key joins with null', () => {
    expect(globalJoin(true).result).toEqual([
      ['k', 'x+X'],
      [null, 'x+X'],
      ['k', 'y+null'],
      ['k', 'nokey+null'],
      ['k', 'z+null'],
    ]);
  });
});
