import { expect, test } from 'vitest';
import { RecordBatchBuilder, RecordCursor } from '../../../../src/protocol/index.ts';
import type { NativeHandle, NativeHeader, NativeMessage } from '../../../../src/transport/librdkafka/native.ts';
import { Packer } from '../../../../src/transport/librdkafka/pack.ts';
import { FINISHED, MORE, Unpacker } from '../../../../src/transport/librdkafka/unpack.ts';
import type { FetchedBatch } from '../../../../src/transport/transport.ts';

function message(partition: number, offset: number, changes: Partial<NativeMessage> = {}): NativeMessage {
  return {
    topic: 'in',
    partition,
    offset,
    timestamp: 1000 + offset,
    key: Buffer.from(`k${offset}`),
    value: Buffer.from(`v${offset}`),
    ...changes,
  };
}

function recordsOf({ bytes }: Pick<FetchedBatch, 'bytes'>) {
  const cursor = new RecordCursor(bytes);
  const text = (start: number, length: number) => (length < 0 ? null : cursor.buffer.toString('utf8', start, start + length));
  const records = [];
  while (cursor.next()) {
    const { offset, timestamp, keyStart, keyLength, valueStart, valueLength } = cursor;
    records.push({ offset, timestamp, key: text(keyStart, keyLength), value: text(valueStart, valueLength), headers: cursor.headers() });
  }
  return records;
}

test('interleaved partitions become one batch each, in their order, with gaps kept', () => {
  const batches = new Packer().pack([message(0, 5), message(1, 0), message(0, 6), message(0, 9), message(1, 1)]);
  expect(
    batches.map(({ partition, firstOffset, nextOffset, recordCount }) => ({ partition, firstOffset, nextOffset, recordCount })),
  ).toEqual([
    { partition: 0, firstOffset: 5, nextOffset: 10, recordCount: 3 },
    { partition: 1, firstOffset: 0, nextOffset: 2, recordCount: 2 },
  ]);
  expect(recordsOf(batches[0] as FetchedBatch).map(({ offset, timestamp, key }) => [offset, timestamp, key])).toEqual([
    [5, 1005, 'k5'],
    [6, 1006, 'k6'],
    [9, 1009, 'k9'],
  ]);
});

test('nulls, empties, repeated headers and records without a timestamp come through', () => {
  const headers = [{ a: Buffer.from('1') }, { a: Buffer.from('2') }, { b: Buffer.alloc(0) }];
  const [batch] = new Packer().pack([
    message(0, 0, { key: null, value: Buffer.alloc(0), timestamp: -1, headers }),
    message(0, 1, { value: null }),
  ]);
  const records = recordsOf(batch as FetchedBatch);
  expect(records[0]).toMatchObject({ key: null, value: '', timestamp: -1 });
  expect(records[0]?.headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value).toString()])).toEqual([
    ['a', '1'],
    ['a', '2'],
    ['b', ''],
  ]);
  expect(records[1]?.value).toBeNull();
});

test('offsets that fall, as after a seek, start a new batch; so does a large one', () => {
  const packer = new Packer();
  expect(packer.pack([message(0, 10), message(0, 11), message(0, 3)]).map(({ firstOffset }) => firstOffset)).toEqual([10, 3]);
  const large = Buffer.alloc(700_000);
  expect(packer.pack([0, 1, 2].map((offset) => message(0, offset, { value: large }))).map(({ recordCount }) => recordCount)).toEqual([
    2, 1,
  ]);
});

test('a packer starts each poll afresh and its batches own their memory', () => {
  const packer = new Packer();
  const [first] = packer.pack([message(0, 0)]);
  const [second] = packer.pack([message(0, 1)]);
  expect(recordsOf(first as FetchedBatch).map(({ offset }) => offset)).toEqual([0]);
  expect(recordsOf(second as FetchedBatch).map(({ offset }) => offset)).toEqual([1]);
  expect(first?.bytes.buffer.byteLength).toBe(first?.bytes.length);
});

interface Produced {
  key: Buffer | null;
  value: Buffer | null;
  timestampMs: number;
  opaque: undefined;
  headers: NativeHeader[] | undefined;
}

function unpacker(build: (builder: RecordBatchBuilder) => void) {
  const builder = new RecordBatchBuilder();
  build(builder);
  const unpacking = new Unpacker();
  unpacking.start({ topic: 'out', partition: 2, recordCount: builder.recordCount, bytes: builder.build({ crc: false }) });
  return unpacking;
}

function handle(codes: number[] = []): { native: NativeHandle; produced: Produced[] } {
  const produced: Produced[] = [];
  const native = {
    produce: (
      _topic: string,
      _partition: number,
      value: Buffer | null,
      key: Buffer | null,
      timestampMs: number,
      opaque: undefined,
      headers: NativeHeader[] | undefined,
    ) => {
      const code = codes.shift() ?? 0;
      if (code === 0) produced.push({ key: taken(key), value: taken(value), timestampMs, opaque, headers });
      return code;
    },
  };
  return { native: native as unknown as NativeHandle, produced };
}

/** The client copies what it is given; the caller may use the memory again. */
function taken(bytes: Buffer | null): Buffer | null {
  return bytes === null || bytes.length === 0 ? bytes : Buffer.from(bytes);
}

test('what the binding would take for null is made an empty view', () => {
  const { native, produced } = handle();
  const unpacking = unpacker((builder) => {
    builder.append(5, Buffer.alloc(0), Buffer.alloc(0));
    builder.append(5, null, null);
  });
  expect(unpacking.produce(native, 10)).toBe(FINISHED);
  expect(produced[0]?.value?.length).toBe(0);
  expect(produced[0]?.value?.buffer.byteLength).toBeGreaterThan(0);
  expect(produced[0]?.key?.buffer.byteLength).toBeGreaterThan(0);
  expect(produced[1]).toMatchObject({ key: null, value: null, opaque: undefined, headers: undefined });
});

test('timestamp 0 is sent as 1, since 0 means now', () => {
  const { native, produced } = handle();
  unpacker((builder) => {
    builder.append(0, null, Buffer.from('x'));
    builder.append(-7, null, Buffer.from('x'));
  }).produce(native, 10);
  expect(produced.map(({ timestampMs }) => timestampMs)).toEqual([1, -7]);
});

test('each header goes as an object of its own, a null value as empty', () => {
  const { native, produced } = handle();
  unpacker((builder) =>
    builder.append(5, null, null, [
      ['a', Buffer.from('1')],
      ['a', null],
      ['__proto__', Buffer.from('2')],
    ]),
  ).produce(native, 10);
  const headers = produced[0]?.headers ?? [];
  expect(headers.map((header) => Object.entries(header).map(([name, value]) => [name, value.toString()]))).toEqual([
    [['a', '1']],
    [['a', '']],
    [['__proto__', '2']],
  ]);
});

test('a full queue loses and repeats nothing', () => {
  const { native, produced } = handle([0, -184, -184, 0]);
  const unpacking = unpacker((builder) => {
    for (let index = 0; index < 4; index++) builder.append(5, null, Buffer.from(String(index)));
  });
  expect(unpacking.produce(native, 10)).toBe(-184);
  expect(unpacking.produce(native, 10)).toBe(-184);
  expect(unpacking.produce(native, 2)).toBe(MORE);
  expect(unpacking.produce(native, 10)).toBe(FINISHED);
  expect(produced.map(({ value }) => String(value))).toEqual(['0', '1', '2', '3']);
});

test('keys and values of every length arrive as they are, whether copied or viewed', () => {
  const { native, produced } = handle();
  const text = 'abcdefghij'.repeat(8);
  const lengths = Array.from({ length: text.length + 1 }, (_, length) => length);
  const unpacking = unpacker((builder) => {
    for (const length of lengths) builder.append(5, Buffer.from(text.slice(0, length)), Buffer.from(text.slice(text.length - length)));
  });
  expect(unpacking.produce(native, 1_000)).toBe(FINISHED);
  expect(produced.map(({ key }) => String(key))).toEqual(lengths.map((length) => text.slice(0, length)));
  expect(produced.map(({ value }) => String(value))).toEqual(lengths.map((length) => text.slice(text.length - length)));
});
