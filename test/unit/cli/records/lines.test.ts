import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { withEscapes } from '../../../../src/cli/records/escapes.ts';
import { DEFAULT_FORMAT, fieldFormat } from '../../../../src/cli/records/field-formats.ts';
import { type LineOptions, lineParser } from '../../../../src/cli/records/line-records.ts';
import { splitLines } from '../../../../src/cli/records/split-lines.ts';
import { dateTime, duration, timestamp } from '../../../../src/cli/records/times.ts';

async function split(chunks: readonly string[], delimiter = '\n'): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of splitLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), Buffer.from(delimiter))) {
    lines.push(...some.map((line) => line.toString()));
  }
  return lines;
}

describe('splitting input', () => {
  it('cuts at delimiters wherever chunks end', async () => {
    expect(await split(['a\nb', 'c\n', '\n', 'd'])).toEqual(['a', 'bc', '', 'd']);
    expect(await split(['a\r\n'])).toEqual(['a\r']);
    expect(await split([''])).toEqual([]);
    expect(await split(['one-', '-two--thr', 'ee', '-', '-'], '--')).toEqual(['one', 'two', 'three']);
  });

  it('gives the same lines for every way to cut a text in two', async () => {
    const text = 'alpha||beta||||gamma|delta||';
    for (let at = 0; at <= text.length; at++) {
      expect(await split([text.slice(0, at), text.slice(at)], '||')).toEqual(['alpha', 'beta', '', 'gamma|delta']);
    }
  });
});

const PLAIN: LineOptions = {
  json: false,
  keyFormat: DEFAULT_FORMAT,
  valueFormat: DEFAULT_FORMAT,
  keySeparator: undefined,
  headersDelimiter: undefined,
  headersSeparator: ',',
  headersKeySeparator: ':',
  emptyIsNull: false,
  nullMarker: undefined,
  defaults: { partition: undefined, timestampMs: undefined, key: null, value: null, headers: [] },
};
const parse = (options: Partial<LineOptions>, line: string) => lineParser({ ...PLAIN, ...options })(Buffer.from(line));

describe('records of lines', () => {
  it('with headers, key and value', () => {
    const record = parse({ headersDelimiter: Buffer.from('\t'), keySeparator: Buffer.from('::') }, 'a:1,b:\tk::v::w');
    expect(record.headers).toEqual([
      ['a', Buffer.from('1')],
      ['b', Buffer.from('')],
    ]);
    expect([record.key?.toString(), record.value?.toString()]).toEqual(['k', 'v::w']);
  });

  it('with nulls', () => {
    const separated = { keySeparator: Buffer.from(':') };
    expect(parse({ ...separated, emptyIsNull: true }, ':')).toMatchObject({ key: null, value: null });
    expect(parse({ ...separated, nullMarker: Buffer.from('NULL') }, 'k:NULL')).toMatchObject({ value: null });
    expect(parse(separated, ':').value).toEqual(Buffer.from(''));
  });

  it('with what holds for all', () => {
    const defaults = { partition: 2, timestampMs: 5, key: Buffer.from('d'), value: null, headers: [['x', null]] as const };
    expect(parse({ defaults }, 'v')).toMatchObject({ partition: 2, timestampMs: 5, key: Buffer.from('d'), headers: [['x', null]] });
    expect(parse({ defaults, json: true }, '{"value":"v","partition":0,"key":"k","headers":{"y":"1"}}')).toMatchObject({
      partition: 0,
      key: Buffer.from('k'),
      headers: [
        ['x', null],
        ['y', Buffer.from('1')],
      ],
    });
  });

  it('of JSON, also as kcat writes it', () => {
    const record = parse({ json: true, valueFormat: fieldFormat('json') }, '{"ts":7,"key":null,"payload":{"a":[1]},"headers":["h","1"]}');
    expect(record).toMatchObject({ timestampMs: 7, key: null, value: Buffer.from('{"a":[1]}'), headers: [['h', Buffer.from('1')]] });
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'must be an object'],
    ['{}', 'no "value"'],
    ['{"value":1,"partition":"0"}', '"partition" must be a whole number'],
    ['{"value":1,"valueEncoding":"base64"}', 'text in base64'],
    ['{"value":"x","valueEncoding":"rot13"}', 'must be base64'],
    ['{"value":"x","headers":[1]}', 'header must look like'],
    ['{"value":"x","headers":"a"}', '"headers" must be'],
  ])('of JSON that is wrong: %s', (line, message) => {
    expect(() => parse({ json: true }, line)).toThrow(message);
  });

  it('of lines that are wrong', () => {
    expect(() => parse({ keySeparator: Buffer.from(':') }, 'v')).toThrow('no key');
    expect(() => parse({ headersDelimiter: Buffer.from('\t') }, 'v')).toThrow('no headers');
    expect(() => parse({ headersDelimiter: Buffer.from('\t') }, 'a\tv')).toThrow('header "a"');
    expect(() => parse({ valueFormat: fieldFormat('int') }, 'v')).toThrow('value: "v" is not a int');
  });
});

describe('texts on the command line', () => {
  it('with escapes', () => {
    expect(withEscapes('a\\tb\\x1f\\n\\\\n\\q')).toEqual(Buffer.from('a\tb\x1f\n\\n\\q'));
  });

  it('times and durations', () => {
    expect(timestamp('1700000000000')).toBe(1_700_000_000_000);
    expect(timestamp('2026-03-01T12:00:00+01:00')).toBe(Date.UTC(2026, 2, 1, 11));
    expect(dateTime('2026-03-01T12:00:00.500')).toBe(Date.UTC(2026, 2, 1, 12, 0, 0, 500));
    expect(() => timestamp('yesterday')).toThrow(/milliseconds/);
    expect(duration('PT1H30M')).toBe(5_400_000);
    expect(duration('P1DT0.5S')).toBe(86_400_500);
    expect(duration('P2W')).toBe(1_209_600_000);
    for (const text of ['P', 'PT', '1h', 'PT1D']) expect(() => duration(text)).toThrow(/PT1H30M/);
  });
});
