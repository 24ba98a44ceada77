import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { readParameters } from '../../../src/processors/parameters.ts';
import { type Serde, string } from '../../../src/serde/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';

interface CountingSerde extends Serde<string> {
  calls: { serialize: number; deserialize: number };
}

function counting(name: string): CountingSerde {
  const calls = { serialize: 0, deserialize: 0 };
  return {
    name,
    immutable: true,
    calls,
    serialize: (value) => {
      calls.serialize++;
      return Buffer.from(`${name}:${value}`);
    },
    deserialize: (data) => {
      calls.deserialize++;
      return Buffer.from(data)
        .toString()
        .slice(name.length + 1);
    },
  };
}

/** Pipes one record through `define` and returns what came out, with the calls that the topology made of its serdes. */
function run(define: (builder: StreamsBuilder, serdes: { keySerde: CountingSerde; valueSerde: CountingSerde }) => void) {
  const serdes = { keySerde: counting('key'), valueSerde: counting('value') };
  const builder = new StreamsBuilder();
  define(builder, serdes);
  const driver = new TopologyTestDriver(builder);
  driver.createInputTopic('in', string(), string()).pipeInput('key:k', 'value:v', 0);
  const output = driver.createOutputTopic('out', string(), string());
  const {
    keySerde: { calls: key },
    valueSerde: { calls: value },
  } = serdes;
  return { decoded: [key.deserialize, value.deserialize], encoded: [key.serialize, value.serialize], out: output.readKeyValuesToList() };
}

describe('lazy decoding', () => {
  it('a record that passes through is copied as bytes', () => {
    expect(run((b, s) => b.stream('in', s).to('out', s))).toEqual({ decoded: [0, 0], encoded: [0, 0], out: [['key:k', 'value:v']] });
  });

  it('with another serde it is decoded and encoded', () => {
    const other = { keySerde: counting('other'), valueSerde: counting('other') };
    const { decoded, out } = run((b, s) => b.stream('in', s).to('out', other));
    expect([decoded, out]).toEqual([[1, 1], [['other:k', 'other:v']]]);
  });

  it('a predicate over the key alone decodes no value, and the bytes are still copied', () => {
    expect(
      run((b, s) =>
        b
          .stream('in', s)
          .filter((key) => key === 'k')
          .to('out', s),
      ),
    ).toEqual({ decoded: [1, 0], encoded: [0, 0], out: [['key:k', 'value:v']] });
  });

  it('a mapper over the value alone decodes no key, which is copied', () => {
    expect(
      run((b, s) =>
        b
          .stream('in', s)
          .mapValues((v) => v.toUpperCase())
          .to('out', s),
      ),
    ).toEqual({ decoded: [0, 1], encoded: [0, 1], out: [['key:k', 'value:V']] });
  });

  it('a function without parameters decodes nothing', () => {
    expect(
      run((b, s) =>
        b
          .stream('in', s)
          .peek(() => {})
          .to('out', s),
      ).decoded,
    ).toEqual([0, 0]);
  });

  it('a key and a value are decoded once, however many operators read them', () => {
    const define = (b: StreamsBuilder, s: { keySerde: CountingSerde; valueSerde: CountingSerde }) => {
      const stream = b
        .stream('in', s)
        .filter((k, v) => k + v !== '')
        .peek((k, v) => void (k + v));
      stream.filter((k, v) => k === v).to('other', s);
      stream
        .mapValues((v, k) => v + k)
        .filter((k) => k === 'k')
        .to('out', s);
    };
    expect(run(define).decoded).toEqual([1, 1]);
  });

  it('counting reads the key only', () => {
    const { decoded } = run((b, s) => void b.stream('in', s).groupByKey().count());
    expect(decoded).toEqual([1, 0]);
  });
});

describe('readParameters', () => {
  it('trusts plain arrow functions only', () => {
    expect(readParameters(() => 1)).toBe('none');
    expect(readParameters((key: string) => key)).toBe('first');
    expect(readParameters(Function('return key => key')())).toBe('first');
    expect(readParameters((_key: string, value: string) => value)).toBe('both');
    expect(readParameters((...all: string[]) => all[1])).toBe('both');
    expect(readParameters((key = '') => key)).toBe('both');
    expect(readParameters(({ length }: string) => length)).toBe('both');
    expect(
      readParameters(function named(key: string) {
        return key;
      }),
    ).toBe('both');
    expect(readParameters(String)).toBe('both');
    expect(readParameters(((key: string) => key).bind(null))).toBe('both');
    expect(
      readParameters(
        {
          method(key: string) {
            return key;
          },
        }.method,
      ),
    ).toBe('both');
    expect(readParameters(async (key: string) => key)).toBe('both');
  });
});
