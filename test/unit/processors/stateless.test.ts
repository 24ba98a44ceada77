import { describe, expect, it } from 'vitest';
import { StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import { int64, json, string } from '../../../src/serde/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';

const text = { keySerde: string(), valueSerde: string() };

/** Runs `define` between topics `in` and `out`, both of strings. */
function run(define: (builder: StreamsBuilder) => void, records: [string | null, string | null][]): [string | null, string | null][] {
  const builder = new StreamsBuilder();
  define(builder);
  const driver = new TopologyTestDriver(builder);
  const input = driver.createInputTopic('in', string(), string());
  const output = driver.createOutputTopic('out', string(), string());
  input.pipeKeyValueList(records, 0, 1);
  const result = output.readKeyValuesToList();
  driver.close();
  return result;
}

describe('stateless operators', () => {
  it('filter and filterNot see null keys and values', () => {
    const records: [string | null, string | null][] = [
      ['a', '1'],
      [null, '2'],
      ['c', null],
    ];
    expect(
      run(
        (b) =>
          b
            .stream('in', text)
            .filter((key, value) => key === null || value === null)
            .to('out', text),
        records,
      ),
    ).toEqual([
      [null, '2'],
      ['c', null],
    ]);
    expect(
      run(
        (b) =>
          b
            .stream('in', text)
            .filterNot((key) => key === null)
            .to('out', text),
        records,
      ),
    ).toEqual([
      ['a', '1'],
      ['c', null],
    ]);
  });

  it('map, mapValues, flatMap, flatMapValues and selectKey', () => {
    const records: [string, string][] = [
      ['a', '1'],
      ['b', '2'],
    ];
    expect(
      run(
        (b) =>
          b
            .stream('in', text)
            .map((k, v) => [v, k])
            .to('out', text),
        records,
      ),
    ).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ]);
    expect(
      run(
        (b) =>
          b
            .stream('in', text)
            .mapValues((v, k) => k + v)
            .to('out', text),
        records,
      ),
    ).toEqual([
      ['a', 'a1'],
      ['b', 'b2'],
    ]);
    expect(
      run(
        (b) =>
          b
            .stream('in', text)
            .flatMap((k, v) => [
              [k, v],
              [v, k],
            ])
            .to('out', text),
        records,
      ),
    ).toEqual([
      ['a', '1'],
      ['1', 'a'],
      ['b', '2'],
      ['2', 'b'],
    ]);
    expect(
      run(
        (b) =>
          b
            .stream('in', text)
            .flatMapValues((v) => (v === '1' ? [] : [v, v]))
            .to('out', text),
        records,
      ),
    ).toEqual([
      ['b', '2'],
      ['b', '2'],
    ]);
    expect(
      run(
        (b) =>
          b
            .stream('in', text)
            .selectKey((_k, v) => v)
            .to('out', text),
        records,
      ),
    ).toEqual([
      ['1', '1'],
      ['2', '2'],
    ]);
  });

  it('mapValues is called for null values, and undefined becomes null', () => {
    const result = run(
      (b) =>
        b
          .stream('in', text)
          .mapValues((v) => (v === null ? 'none' : (undefined as unknown as string)))
          .to('out', text),
      [
        ['a', null],
        ['b', 'x'],
      ],
    );
    expect(result).toEqual([
      ['a', 'none'],
      ['b', null],
    ]);
  });

  it('map must return a pair, flatMap an iterable of pairs', () => {
    const broken = (b: StreamsBuilder) =>
      b
        .stream('in', text)
        .map(() => undefined as never)
        .to('out', text);
    expect(() => run(broken, [['a', '1']])).toThrow(/must return a \[key, value\] pair; it returned undefined/);
    expect(() =>
      run(
        (b) =>
          b
            .stream('in', text)
            .flatMap(() => null as never)
            .to('out', text),
        [['a', '1']],
      ),
    ).toThrow(/in-0@0/);
  });

  it('peek sees what passes; foreach ends the chain', () => {
    const seen: string[] = [];
    run(
      (b) => {
        const stream = b.stream('in', text).peek((k, v) => void seen.push(`peek ${k}${v}`));
        stream.foreach((k) => void seen.push(`foreach ${k}`));
      },
      [['a', '1']],
    );
    expect(seen).toEqual(['peek a1', 'foreach a']);
  });

  it('split: the first match wins, no match goes to the default or nowhere', () => {
    const define = (withDefault: boolean) => (b: StreamsBuilder) => {
      const split = b
        .stream('in', text)
        .split({ name: 's-' })
        .branch((_k, v) => v < '2', { name: 'low' })
        .branch((_k, v) => v < '3', { name: 'middle' });
      const branches = withDefault ? split.defaultBranch({ name: 'rest' }) : split.noDefaultBranch();
      for (const [name, stream] of Object.entries(branches instanceof Map ? Object.fromEntries(branches) : branches)) {
        (stream as ReturnType<typeof b.stream<string, string>>).mapValues((v) => `${name}:${v}`).to('out', text);
      }
    };
    const records: [string, string][] = [
      ['k', '1'],
      ['k', '2'],
      ['k', '3'],
    ];
    expect(run(define(true), records).map(([, v]) => v)).toEqual(['s-low:1', 's-middle:2', 's-rest:3']);
    expect(run(define(false), records).map(([, v]) => v)).toEqual(['s-low:1', 's-middle:2']);
  });

  it('merge takes both', () => {
    const define = (b: StreamsBuilder) => {
      const stream = b.stream('in', text);
      stream
        .filter((k) => k === 'a')
        .merge(stream.filter((k) => k === 'b'))
        .to('out', text);
    };
    expect(
      run(define, [
        ['b', '1'],
        ['a', '2'],
        ['c', '3'],
      ]),
    ).toEqual([
      ['b', '1'],
      ['a', '2'],
    ]);
  });

  it('timestamps and headers go along', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .map((k, v) => [v, k])
      .mapValues((v) => `${v}!`)
      .to('out', text);
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('in', string(), string()).pipeRecord({
      key: 'k',
      value: 'v',
      timestamp: 77,
      headers: [
        ['h', Buffer.from('x')],
        ['h', null],
      ],
    });
    expect(driver.createOutputTopic('out', string(), string()).readRecord()).toEqual({
      key: 'v',
      value: 'k!',
      timestamp: 77,
      headers: [
        ['h', Buffer.from('x')],
        ['h', null],
      ],
    });
  });

  it('a sibling does not see what another branch makes of the record', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', { keySerde: string(), valueSerde: json<{ n: number }>() });
    stream.mapValues((v) => ({ n: v.n + 1 })).to('one', { keySerde: string(), valueSerde: json() });
    stream.mapValues((v) => ({ n: v.n + 2 })).to('two', { keySerde: string(), valueSerde: json() });
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('in', string(), json<{ n: number }>()).pipeInput('k', { n: 1 }, 0);
    expect(driver.createOutputTopic('one', string(), json()).readValue()).toEqual({ n: 2 });
    expect(driver.createOutputTopic('two', string(), json()).readValue()).toEqual({ n: 3 });
  });

  it('several operators down to a windowed count through a repartition topic (word count)', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .flatMapValues((line) => line.toLowerCase().split(' '))
      .groupBy((_k, word) => word, text)
      .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
      .count()
      .toStream()
      .map((windowed, count) => [`${windowed.key}@${windowed.window.startMs}`, count])
      .to('out', { keySerde: string(), valueSerde: int64() });
    const driver = new TopologyTestDriver(builder);
    const input = driver.createInputTopic('in', string(), string());
    input.pipeInput(null, 'A b a', 1);
    input.pipeInput(null, 'a', 12);
    const counts = driver.createOutputTopic('out', string(), int64()).readKeyValuesToMap();
    expect(Object.fromEntries(counts)).toEqual({ 'a@0': 2, 'b@0': 1, 'a@10': 1 });
  });
});
