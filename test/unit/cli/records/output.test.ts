import { describe, expect, it } from 'vitest';
import { DEFAULT_FORMAT, fieldFormat } from '../../../../src/cli/records/field-formats.ts';
import type { Chunk } from '../../../../src/cli/records/kcat-format.ts';
import { type OutputOptions, recordOutput } from '../../../../src/cli/records/record-output.ts';
import type { ConsumedRecord } from '../../../../src/cli/records/types.ts';

const RECORD: ConsumedRecord = {
  topic: 't',
  partition: 1,
  offset: 42,
  timestampMs: 1000,
  timestampType: 'LogAppendTime',
  key: Buffer.from('k'),
  value: Buffer.from([0xff, 0x00]),
  headers: [
    ['a', Buffer.from('1')],
    ['a', null],
  ],
};
const PLAIN: OutputOptions = {
  json: false,
  format: undefined,
  parts: { timestamp: false, partition: false, offset: false, headers: false, key: false, value: true },
  separator: Buffer.from('\t'),
  delimiter: Buffer.from('\n'),
  headersSeparator: ',',
  keyFormat: DEFAULT_FORMAT,
  valueFormat: DEFAULT_FORMAT,
  nullText: 'null',
};

function written(options: Partial<OutputOptions>, record: Partial<ConsumedRecord> = {}): Buffer {
  const out: Chunk[] = [];
  recordOutput({ ...PLAIN, ...options })({ ...RECORD, ...record }, out);
  return Buffer.concat(out.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
}

describe('a record on stdout', () => {
  it('as bytes, untouched', () => {
    expect(written({})).toEqual(Buffer.from([0xff, 0x00, 0x0a]));
    expect(written({}, { value: null }).toString()).toBe('null\n');
  });

  it("as Kafka's console consumer writes it", () => {
    const parts = { timestamp: true, partition: true, offset: true, headers: true, key: true, value: true };
    expect(written({ parts }, { value: Buffer.from('v') }).toString()).toBe(
      'LogAppendTime:1000\tPartition:1\tOffset:42\ta:1,a:NULL\tk\tv\n',
    );
    expect(written({ parts }, { value: null, key: null, headers: [] }).toString()).toBe(
      'LogAppendTime:1000\tPartition:1\tOffset:42\tNO_HEADERS\tnull\tnull\n',
    );
  });

  it('by a format of kcat', () => {
    expect(written({ format: '%t [%p] @%o %k (%K) %T %h %S 100%%\\n', nullText: '' }).toString('latin1')).toBe(
      't [1] @42 k (1) 1000 a=1,a=NULL 2 100%\n',
    );
    expect(written({ format: '%R%s' })).toEqual(Buffer.from([0, 0, 0, 2, 0xff, 0]));
    expect(written({ format: '%S %K|%k|', nullText: '' }, { value: null, key: null }).toString()).toBe('-1 -1||');
    expect(() => recordOutput({ ...PLAIN, format: '%q' })).toThrow(/%q/);
  });

  it('as JSON, with base64 where it is no text', () => {
    expect(JSON.parse(written({ json: true }).toString())).toEqual({
      topic: 't',
      partition: 1,
      offset: 42,
      timestamp: 1000,
      timestampType: 'LogAppendTime',
      key: 'k',
      value: '/wA=',
      valueEncoding: 'base64',
      headers: [
        { key: 'a', value: '1' },
        { key: 'a', value: null },
      ],
    });
    expect(JSON.parse(written({ json: true, valueFormat: fieldFormat('json') }, { value: Buffer.from('[1]') }).toString())).toMatchObject({
      value: [1],
    });
  });

  it('is named when it cannot be shown', () => {
    expect(() => written({ valueFormat: fieldFormat('long') })).toThrow(/offset 42 of t-1 .*2 bytes.*--skip-errors/);
  });
});
