import { describe, expect, it } from 'vitest';
import {
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCrc,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  buildEndTransactionMarker,
  type Headers,
  isControlBatch,
  isTransactionalBatch,
  RecordBatchBuilder,
  RecordCursor,
  readControlType,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchProducer,
  updateBatchCrc,
  validateBatchCrc,
} from '../../../../src/protocol/index.ts';
import { SeededRandom } from '../seeded-random.ts';

interface PlainRecord {
  offset: number;
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: Headers;
}

/** Everything a cursor shows, copied. */
function readAll(bytes: Uint8Array): PlainRecord[] {
  const cursor = new RecordCursor(bytes);
  const records: PlainRecord[] = [];
  while (cursor.next()) {
    const field = (start: number, length: number) => (length < 0 ? null : Buffer.from(cursor.buffer.subarray(start, start + length)));
    records.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: field(cursor.keyStart, cursor.keyLength),
      value: field(cursor.valueStart, cursor.valueLength),
      headers: cursor.headers().map(([key, value]) => [key, value === null ? null : Buffer.from(value)] as const),
    });
  }
  return records;
}

/** Replacer for JSON: comparing strings is much faster than comparing buffers deeply. */
function bytesAsHex(_: string, value: unknown): unknown {
  const bytes = value as { type?: string; data?: number[] } | null;
  return bytes?.type === 'Buffer' ? Buffer.from(bytes.data ?? []).toString('hex') : value;
}

/**
 * Two records at offsets 7 and 9, written out by hand from the format's description; the CRC was computed with the
 * table-driven definition.
 */
const HAND_MADE = Buffer.from(
  [
    '0000000000000007', // base offset
    '00000053', // length after this field: 49 + 34
    '00000003', // leader epoch
    '02', // magic
    '00000000', // CRC, set below
    '0010', // transactional
    '00000002', // last offset delta
    '00000000000003e8', // base timestamp 1000
    '00000000000003f2', // max timestamp 1010
    '000000000000002a', // producer id 42
    '0005', // producer epoch
    '00000064', // base sequence 100
    '00000002', // record count
    // record 1: length 16
    '20' + '00' + '00' + '00' + '04' + '6b31' + '04' + '7631' + '02' + '02' + '68' + '06' + '616263',
    // record 2: length 16, timestamp delta 10, offset delta 2, null key
    '20' + '00' + '14' + '04' + '01' + '14' + '30313233343536373839' + '00',
  ].join(''),
  'hex',
);

describe('RecordBatchBuilder and RecordCursor', () => {
  it('reads bytes made by hand', () => {
    const bytes = Buffer.from(HAND_MADE);
    expect(bytes.length).toBe(95);
    updateBatchCrc(bytes, 0);
    expect(batchBaseOffset(bytes, 0)).toBe(7);
    expect(batchLength(bytes, 0)).toBe(95);
    expect(batchLeaderEpoch(bytes, 0)).toBe(3);
    expect(batchMagic(bytes, 0)).toBe(2);
    expect(batchAttributes(bytes, 0)).toBe(0x10);
    expect(isTransactionalBatch(bytes, 0)).toBe(true);
    expect(batchLastOffsetDelta(bytes, 0)).toBe(2);
    expect(batchLastOffset(bytes, 0)).toBe(9);
    expect(batchBaseTimestamp(bytes, 0)).toBe(1000);
    expect(batchMaxTimestamp(bytes, 0)).toBe(1010);
    expect(batchProducerId(bytes, 0)).toBe(42);
    expect(batchProducerEpoch(bytes, 0)).toBe(5);
    expect(batchBaseSequence(bytes, 0)).toBe(100);
    expect(batchRecordCount(bytes, 0)).toBe(2);
    expect(readAll(bytes)).toEqual([
      { offset: 7, timestamp: 1000, key: Buffer.from('k1'), value: Buffer.from('v1'), headers: [['h', Buffer.from('abc')]] },
      { offset: 9, timestamp: 1010, key: null, value: Buffer.from('0123456789'), headers: [] },
    ]);
  });

  it('builds the same bytes', () => {
    const expected = Buffer.from(HAND_MADE);
    updateBatchCrc(expected, 0);
    const builder = new RecordBatchBuilder(256);
    builder.appendAt(7, 1000, Buffer.from('k1'), Buffer.from('v1'), [['h', Buffer.from('abc')]]);
    builder.appendAt(9, 1010, null, Buffer.from('0123456789'));
    expect(builder.recordCount).toBe(2);
    expect(builder.sizeInBytes).toBe(95);
    const built = builder.build({ producerId: 42, producerEpoch: 5, baseSequence: 100, transactional: true, leaderEpoch: 3 });
    expect(built.toString('hex')).toBe(expected.toString('hex'));
    expect(built.buffer.byteLength).toBe(95); // its own, so that it can be transferred
    expect(validateBatchCrc(built, 0)).toBe(true);
    expect(batchCrc(builder.build({ crc: false }), 0)).toBe(0);
  });

  const random = new SeededRandom();
  it(`round-trips generated batches (TEST_SEED=${random.seed})`, () => {
    const builder = new RecordBatchBuilder(300);
    for (let round = 0; round < 100; round++) {
      builder.reset();
      const records: PlainRecord[] = [];
      let offset = random.between(0, 2 ** 40);
      for (let count = random.between(1, 30); count > 0; count--) {
        const field = () =>
          random.chance(0.2) ? null : random.bytes(random.chance(0.02) ? 9000 : random.pick([0, 1, 23, 24, 63, 64, 200]));
        const record: PlainRecord = {
          offset,
          timestamp: random.pick([-1, 0, 1000, 2 ** 31, 2 ** 31 * 1000, Number.MAX_SAFE_INTEGER, random.between(0, 2 ** 45)]),
          key: field(),
          value: field(),
          headers: Array.from({ length: random.pick([0, 0, 1, 3]) }, () => [random.pick(['', 'a', 'schlüssel']), field()] as const),
        };
        builder.appendAt(record.offset, record.timestamp, record.key, record.value, record.headers);
        records.push(record);
        offset += random.pick([1, 1, 1, 5, 50_000_000]);
      }
      const built = builder.build();
      expect(JSON.stringify(readAll(built), bytesAsHex)).toBe(JSON.stringify(records, bytesAsHex));
      expect(validateBatchCrc(built, 0)).toBe(true);
      expect(batchMaxTimestamp(built, 0)).toBe(Math.max(...records.map((record) => record.timestamp)));
      expect(batchBaseOffset(built, 0)).toBe(records[0]!.offset);
      expect(batchLastOffset(built, 0)).toBe(records.at(-1)!.offset);
    }
  });

  it('gives offsets in order with append, and starts anew after reset', () => {
    const builder = new RecordBatchBuilder();
    builder.append(5, null, Buffer.from('a'));
    builder.append(3, null, Buffer.from('b'));
    expect(readAll(builder.build()).map((record) => [record.offset, record.timestamp])).toEqual([
      [0, 5],
      [1, 3],
    ]);
    builder.reset();
    expect(builder.recordCount).toBe(0);
    builder.appendAt(50, 1, null, null);
    builder.append(2, null, null);
    expect(readAll(builder.build()).map((record) => record.offset)).toEqual([50, 51]);
  });

  it('keeps base and last offset of a compacted batch, even an empty one', () => {
    const builder = new RecordBatchBuilder();
    builder.setBaseOffset(100);
    builder.appendAt(104, 1, null, Buffer.from('x'));
    const built = builder.build({ lastOffset: 110, producerId: 1, producerEpoch: 0, baseSequence: 20 });
    expect(batchBaseOffset(built, 0)).toBe(100);
    expect(batchLastOffset(built, 0)).toBe(110);
    expect(readAll(built).map((record) => record.offset)).toEqual([104]);
    builder.reset();
    builder.setBaseOffset(200);
    const empty = builder.build({ lastOffset: 205 });
    expect(empty.length).toBe(BATCH_HEADER_BYTES);
    expect(readAll(Buffer.concat([empty, built]))).toHaveLength(1);
  });

  it('writes through serdes, with and without writeInto, whatever the sizes', () => {
    const withWriteInto = {
      serialize: (value: string) => Buffer.from(value),
      writeInto: (value: string, target: Buffer, offset: number, room: number) =>
        Buffer.byteLength(value) > room ? -1 : target.write(value, offset),
    };
    const without = { serialize: (value: string) => Buffer.from(value) };
    const values = ['', 'a', 'x'.repeat(63), 'y'.repeat(64), 'z'.repeat(9000), 'short', 'ü'.repeat(40)];
    for (const [keySerde, valueSerde] of [
      [withWriteInto, without],
      [without, withWriteInto],
      [withWriteInto, withWriteInto],
    ] as const) {
      const builder = new RecordBatchBuilder(256);
      const plain = new RecordBatchBuilder(256);
      for (const key of [null, ...values]) {
        for (const value of [null, ...values]) {
          builder.appendWith(10, keySerde, key, valueSerde, value, 'topic', [['h', null]]);
          plain.append(10, key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value), [['h', null]]);
        }
      }
      expect(builder.build().equals(plain.build())).toBe(true);
    }
  });

  it('takes bytes as they are where there is no serde, and refuses anything else', () => {
    const builder = new RecordBatchBuilder();
    builder.appendWith(1, null, Buffer.from('k'), null, new Uint8Array([1, 2]), 'topic');
    expect(readAll(builder.build())[0]).toMatchObject({ key: Buffer.from('k'), value: Buffer.from([1, 2]) });
    expect(() => builder.appendWith(1, null, 'text', null, null, 'topic')).toThrow(
      expect.objectContaining({ code: 'SERIALIZATION_FAILED' }),
    );
  });

  it('stays as it was when a serde throws or an argument is wrong', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.from('kept'));
    const failing = {
      serialize: (): Uint8Array => {
        throw new Error('no');
      },
    };
    const before = builder.build();
    expect(() => builder.appendWith(2, null, null, failing, 'x', 'topic')).toThrow('no');
    expect(() => builder.append(Number.NaN, null, null)).toThrow(expect.objectContaining({ code: 'INVALID_TIMESTAMP' }));
    expect(() => builder.append(1.5, null, null)).toThrow(expect.objectContaining({ code: 'INVALID_TIMESTAMP' }));
    expect(() => builder.appendAt(0, 1, null, null)).toThrow(expect.objectContaining({ code: 'INVALID_STATE' }));
    expect(() => builder.appendAt(2 ** 31, 1, null, null)).toThrow(expect.objectContaining({ code: 'INVALID_STATE' }));
    expect(builder.build().equals(before)).toBe(true);
    expect(() => new RecordBatchBuilder().build()).toThrow(expect.objectContaining({ code: 'INVALID_STATE' }));
  });

  it('walks batches back to back and passes over control batches', () => {
    const builder = new RecordBatchBuilder();
    builder.appendAt(0, 1, null, Buffer.from('a'));
    const first = builder.build();
    builder.reset();
    builder.appendAt(2, 1, null, Buffer.from('b'));
    const second = builder.build();
    const marker = buildEndTransactionMarker({
      offset: 1,
      timestamp: 5,
      producerId: 9,
      producerEpoch: 2,
      commit: true,
      coordinatorEpoch: 4,
    });
    expect(readAll(Buffer.concat([first, marker, second])).map((record) => record.offset)).toEqual([0, 2]);
    expect(readAll(Buffer.alloc(0))).toEqual([]);
  });

  it('gives every record the time of the batch with log-append time', () => {
    const builder = new RecordBatchBuilder();
    builder.append(10, null, null);
    builder.append(30, null, null);
    expect(readAll(builder.build({ logAppendTime: true })).map((record) => record.timestamp)).toEqual([30, 30]);
  });
});

describe('batch headers in place', () => {
  it('base offset and leader epoch leave the CRC valid; the producer needs a new one', () => {
    const builder = new RecordBatchBuilder();
    builder.append(10, null, Buffer.from('v'));
    const batch = Buffer.concat([Buffer.alloc(3), builder.build()]);
    setBatchBaseOffset(batch, 3, 12345678901);
    setBatchLeaderEpoch(batch, 3, 9);
    expect(batchBaseOffset(batch, 3)).toBe(12345678901);
    expect(batchLeaderEpoch(batch, 3)).toBe(9);
    expect(validateBatchCrc(batch, 3)).toBe(true);
    setBatchProducer(batch, 3, 77, 1, 5);
    expect(validateBatchCrc(batch, 3)).toBe(false);
    updateBatchCrc(batch, 3);
    expect(validateBatchCrc(batch, 3)).toBe(true);
    expect(validateBatchCrc(batch.subarray(0, batch.length - 1), 3)).toBe(false);
    expect(validateBatchCrc(batch.subarray(0, 40), 3)).toBe(false);
  });

  it('reads the type of markers', () => {
    for (const commit of [true, false]) {
      const marker = buildEndTransactionMarker({ offset: 8, timestamp: 5, producerId: 9, producerEpoch: 2, commit, coordinatorEpoch: 4 });
      expect(isControlBatch(marker, 0)).toBe(true);
      expect(isTransactionalBatch(marker, 0)).toBe(true);
      expect(readControlType(marker, 0)).toBe(commit ? 'commit' : 'abort');
      expect(validateBatchCrc(marker, 0)).toBe(true);
      expect(marker.subarray(61).toString('hex')).toBe(`20000000080000000${commit ? 1 : 0}0c00000000000400`);
    }
  });
});

describe('damaged batches', () => {
  const builder = new RecordBatchBuilder();
  builder.appendAt(10, 1000, Buffer.from('key'), Buffer.from('value'), [['h', Buffer.from('x')]]);
  builder.appendAt(11, 1001, Buffer.from('key2'), null);
  const good = builder.build();

  it('every cut is refused with its position', () => {
    for (let length = 1; length < good.length; length++) {
      expect(() => readAll(good.subarray(0, length)), `cut at ${length}`).toThrow(
        expect.objectContaining({ code: 'CORRUPT_RECORD', message: expect.stringContaining('at byte 0') }),
      );
    }
    expect(() => readAll(Buffer.concat([good, good.subarray(0, 70)]))).toThrow(`at byte ${good.length}`);
  });

  it('names record and byte of a wrong field', () => {
    const cases: [number, number[], string][] = [
      [61, [0xff, 0xff, 0xff, 0xff, 0x0f], 'record length'],
      [61, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'varint does not end'],
      [63, Array(11).fill(0xff), 'varlong does not end'],
      [65, [0x7e], 'key length 63'],
      [65, [0x03], 'key length -2'],
      [69, [0x7e], 'value length 63'],
      [75, [0x7e], 'header count 63'],
      [75, [0x00], 'the record ends at'],
    ];
    for (const [at, bytes, message] of cases) {
      const bad = Buffer.from(good);
      bad.set(bytes, at);
      expect(() => readAll(bad), message).toThrow(
        expect.objectContaining({ code: 'CORRUPT_RECORD', message: expect.stringContaining(message) }),
      );
    }
    const counted = Buffer.from(good);
    counted.writeInt32BE(1, 57);
    expect(() => readAll(counted)).toThrow('bytes are left after the last record');
    counted.writeInt32BE(3, 57);
    expect(() => readAll(counted)).toThrow('ends inside a record');
    counted.writeInt32BE(0, 57);
    expect(() => readAll(counted)).toThrow('record count 0');
    const old = Buffer.from(good);
    old[16] = 1;
    expect(() => readAll(old)).toThrow('record format 1');
  });

  const random = new SeededRandom();
  it(`random damage ends in CORRUPT_RECORD or in other records, never in anything else (TEST_SEED=${random.seed})`, () => {
    for (let round = 0; round < 5000; round++) {
      const bad = Buffer.from(good);
      for (let changes = random.between(1, 4); changes > 0; changes--) bad[random.between(0, bad.length - 1)] = random.between(0, 255);
      bad[22] = bad[22]! & ~0x07; // compression has its own tests
      try {
        expect(readAll(bad).length).toBeLessThanOrEqual(good.length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT_RECORD' });
      }
    }
  });
});
