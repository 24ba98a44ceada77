import { describe, expect, test } from 'vitest';
import { isMillraceError } from '../../../src/errors.ts';
import { copyRange } from '../../../src/serde/copy-range.ts';
import { list, msgpack, type Serde, Serdes, timeWindowedSerde, windowed, windowedStoreKey } from '../../../src/serde/index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Buffer => Buffer.from(text, 'hex');

function codeOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (isMillraceError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: '' };
}

/** Serialises both ways, checks that they agree, and reads back from a slice in the middle of a larger buffer. */
function roundTrip<T>(serde: Serde<T>, value: T): T {
  const expected = Buffer.from(serde.serialize(value, 't'));
  const target = Buffer.alloc(expected.length + 20, 0xee);
  if (serde.writeInto !== undefined) {
    expect(serde.writeInto(value, target, 7, expected.length)).toBe(expected.length);
    expect(hex(target.subarray(7, 7 + expected.length))).toBe(hex(expected));
    expect(target[7 + expected.length]).toBe(0xee);
    if (expected.length > 0) expect(serde.writeInto(value, target, 7, expected.length - 1)).toBe(-1);
  } else {
    target.set(expected, 7);
  }
  const plain = new Uint8Array(target.buffer, target.byteOffset + 7, expected.length);
  const result = serde.deserialize(plain, 't');
  if (serde.deserializeRange !== undefined) {
    expect(serde.deserializeRange(target, 7, 7 + expected.length, 't')).toEqual(result);
  }
  target.fill(0); // what was read must hold no reference to the input
  return result;
}

describe('Java formats', () => {
  test.each<[string, Serde<any>, unknown, string]>([
    ['short', Serdes.Short(), -2, 'fffe'],
    ['short', Serdes.Short(), 300, '012c'],
    ['integer', Serdes.Integer(), 1, '00000001'],
    ['integer', Serdes.Integer(), -2147483648, '80000000'],
    ['long', Serdes.Long(), 1, '0000000000000001'],
    ['long', Serdes.Long(), -1, 'ffffffffffffffff'],
    ['long', Serdes.Long(), 1_700_000_000_123, '0000018bcfe5687b'],
    ['long', Serdes.Long(), Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
    ['long', Serdes.Long(), Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
    ['long', Serdes.Long(), -4_294_967_296, 'ffffffff00000000'],
    ['big long', Serdes.BigLong(), 2n ** 63n - 1n, '7fffffffffffffff'],
    ['big long', Serdes.BigLong(), -(2n ** 63n), '8000000000000000'],
    ['big long', Serdes.BigLong(), -5n, 'fffffffffffffffb'],
    ['float', Serdes.Float(), 1.5, '3fc00000'],
    ['double', Serdes.Double(), 1.5, '3ff8000000000000'],
    ['double', Serdes.Double(), -0, '8000000000000000'],
    ['boolean', Serdes.Boolean(), true, '01'],
    ['boolean', Serdes.Boolean(), false, '00'],
    ['bytes', Serdes.Bytes(), Uint8Array.of(1, 2, 255), '0102ff'],
    ['string', Serdes.String(), '', ''],
    ['string', Serdes.String(), 'abc', '616263'],
    ['string', Serdes.String(), 'é€😀', 'c3a9e282acf09f9880'],
    ['uuid', Serdes.UUID(), '123e4567-e89b-12d3-a456-426614174000', hex(Buffer.from('123e4567-e89b-12d3-a456-426614174000'))],
    ['json', Serdes.Json(), { a: 1, b: ['x', null] }, hex(Buffer.from('{"a":1,"b":["x",null]}'))],
    ['list of int32', list(Serdes.Integer()), [1, null, 3], '000000000100000001000000030000000100000003'],
    ['list of strings', list(Serdes.String()), ['a', null, 'bc'], '01000000030000000161ffffffff000000026263'],
    ['empty list', list(Serdes.Long()), [], '000000000000000000'],
    ['windowed', timeWindowedSerde(Serdes.String(), 10), windowed('k', 20, 30), '6b0000000000000014'],
  ])('%s: %o', (_name, serde, value, bytes) => {
    expect(hex(serde.serialize(value, 't'))).toBe(bytes);
    expect(roundTrip(serde, value)).toEqual(value);
  });

  test('strings of every length around the fast paths, ASCII and not', () => {
    for (let length = 0; length < 70; length++) {
      for (const text of ['x'.repeat(length), `${'y'.repeat(length)}é`, `€${'z'.repeat(length)}`]) {
        expect(roundTrip(Serdes.String(), text)).toBe(text);
        expect(hex(Serdes.String().serialize(text, 't'))).toBe(hex(Buffer.from(text)));
      }
    }
  });

  test('a map key is equal exactly when the bytes are', () => {
    expect(Serdes.Double().mapKey?.(0)).not.toBe(Serdes.Double().mapKey?.(-0));
    expect(Serdes.Float().mapKey?.(0.1)).toBe(Serdes.Float().mapKey?.(Math.fround(0.1)));
    expect(Serdes.UUID().mapKey?.('ABCDEF00-0000-0000-0000-000000000000')).toBe('abcdef00-0000-0000-0000-000000000000');
    expect(Serdes.BigLong().mapKey?.(2n ** 60n)).not.toBe(Serdes.BigLong().mapKey?.(2n ** 60n + 1n));
  });

  test('windowed keys are partitioned by their inner key, and the store key adds start and sequence', () => {
    const serde = timeWindowedSerde(Serdes.String(), 10);
    expect(hex(serde.partitionBytes?.(windowed('k', 20, 30), 't') as Uint8Array)).toBe('6b');
    expect(hex(windowedStoreKey(Buffer.from('k'), 20, 7))).toBe('6b000000000000001400000007');
  });
});

test('a range is copied whatever its length, and nothing beside it', () => {
  const source = Buffer.from(Array.from({ length: 120 }, (_, index) => index + 1));
  for (let length = 0; length <= 80; length++) {
    const target = Buffer.alloc(100);
    copyRange(source, 9, target, 5, length);
    expect(target.subarray(5, 5 + length)).toEqual(source.subarray(9, 9 + length));
    expect(target.subarray(0, 5).every((byte) => byte === 0) && target.subarray(5 + length).every((byte) => byte === 0)).toBe(true);
  }
});

describe('wrong input', () => {
  test.each([Serdes.Integer(), Serdes.Long(), Serdes.Double(), Serdes.Json(), msgpack()])('%# is told alike for a range', (serde) => {
    const bytes = Buffer.from('xx[[1,2,c1xx');
    const range = bytes.subarray(2, 10 - (serde.name === 'int64' || serde.name === 'double' ? 1 : 0));
    if (serde.name === 'msgpack') range[0] = 0xc1; // the one byte that no MessagePack has
    const whole = codeOf(() => serde.deserialize(range, 't'));
    expect(whole.code).toBe('DESERIALIZATION_FAILED');
    expect(codeOf(() => serde.deserializeRange?.(bytes, 2, 2 + range.length, 't'))).toEqual(whole);
  });

  test.each<[Serde<any>, unknown, string]>([
    [Serdes.String(), 5, 'number 5'],
    [Serdes.Short(), 40000, 'number 40000'],
    [Serdes.Integer(), 2 ** 31, 'number 2147483648'],
    [Serdes.Integer(), 1.5, 'number 1.5'],
    [Serdes.Long(), 2 ** 53, 'int64BigInt'],
    [Serdes.Long(), 5n, 'bigint 5n'],
    [Serdes.Long(), '5', 'string "5"'],
    [Serdes.BigLong(), 5, 'number 5'],
    [Serdes.BigLong(), 2n ** 63n, 'bigint'],
    [Serdes.Double(), '1', 'string "1"'],
    [Serdes.Boolean(), 1, 'number 1'],
    [Serdes.Bytes(), 'abc', 'string "abc"'],
    [Serdes.UUID(), 'no-uuid', 'no-uuid'],
    [Serdes.Json(), undefined, 'undefined'],
    [Serdes.Json(), { n: 1n }, 'BigInt'],
    [Serdes.Msgpack(), () => 1, 'function'],
    [Serdes.Msgpack(), undefined, 'undefined'],
    [Serdes.Void(), 'x', 'string "x"'],
    [list(Serdes.String()), 'x', 'string "x"'],
    [timeWindowedSerde(Serdes.String(), 10), 'x', 'string "x"'],
  ])('%o does not take %o', (serde, value, text) => {
    const error = codeOf(() => serde.serialize(value, 'orders'));
    expect(error.code).toBe('SERIALIZATION_FAILED');
    expect(error.message).toContain(serde.name);
    expect(error.message).toContain('orders');
    expect(error.message).toContain(text);
    if (serde.writeInto !== undefined) {
      expect(codeOf(() => serde.writeInto?.(value, Buffer.alloc(64), 0, 64)).code).toBe('SERIALIZATION_FAILED');
    }
  });

  test.each<[Serde<any>, string, string]>([
    [Serdes.Integer(), '000001', '4 bytes'],
    [Serdes.Long(), '7fffffffffffffff', 'int64BigInt'],
    [Serdes.Boolean(), '02', '0 or 1'],
    [Serdes.UUID(), '616263', "'abc'"],
    [Serdes.Json(), hex(Buffer.from('{"a":nope}')), '\'{"a":nope}\''],
    [Serdes.Json(), '', 'no bytes'],
    [Serdes.Json(), 'ff00', '0xff00'],
    [Serdes.Msgpack(), 'c1c1', 'c1c1'],
    [Serdes.Msgpack(), 'de00', 'de00'],
    [Serdes.Void(), '00', 'null'],
    [list(Serdes.Integer()), '0000', 'too early'],
    [list(Serdes.String()), '0100000001000000ff61', 'too early'],
    [timeWindowedSerde(Serdes.String(), 10), '0001', '8 bytes'],
  ])('%o cannot read %s', (serde, bytes, text) => {
    const error = codeOf(() => serde.deserialize(fromHex(bytes), 'orders'));
    expect(error.code).toBe('DESERIALIZATION_FAILED');
    expect(error.message).toContain(serde.name);
    expect(error.message).toContain('orders');
    expect(error.message).toContain(text);
  });
});

describe('msgpack', () => {
  const records = [
    ['carrier', 'flights', 'delay'],
    ['lat', 'lon'],
  ];
  const flight = { carrier: 'AA', flights: 3, delay: 1.5 };

  test('one process reads what another wrote with the same declaration, in either order of first use', () => {
    const writer = msgpack(messages());
    const reader = msgpack(messages());
    const values = [
      flight,
      { lat: 1, lon: 2 },
      [flight, { lat: 3, lon: 4 }],
      { nested: flight, other: { q: 1 } },
      { other: 2 },
      5,
      'x',
      null,
    ];
    for (const value of values) reader.deserialize(Buffer.from(msgpack(messages()).serialize(value, 't')), 't');
    for (const value of [...values].reverse()) {
      expect(reader.deserialize(Buffer.from(writer.serialize(value, 't')), 't')).toEqual(value);
    }
    function messages(): { records: string[][] } {
      return { records: records.map((keys) => [...keys]) };
    }
  });

  test('bytes depend on the declaration only, not on what was written before', () => {
    const fresh = hex(msgpack({ records }).serialize(flight, 't'));
    const used = msgpack({ records });
    for (let i = 0; i < 100; i++) used.serialize({ [`key${i}`]: i, z: { lat: 1, lon: 2 } }, 't');
    expect(hex(used.serialize(flight, 't'))).toBe(fresh);
    expect(fresh).toBe('40a241410' + '3' + 'cb3ff8000000000000');
    const lateShape = hex(used.serialize({ q: 1 }, 't'));
    expect(lateShape).toBe(hex(msgpack({ records }).serialize({ q: 1 }, 't')));
  });

  test('without records it is plain MessagePack', () => {
    expect(hex(msgpack().serialize({ a: 70 }, 't'))).toBe('de0001a16146');
    expect(msgpack().deserialize(fromHex('81a16146'), 't')).toEqual({ a: 70 });
  });

  test.each([[undefined], [records]])('keeps types; records %o', (declared) => {
    const serde = msgpack<unknown>(declared === undefined ? {} : { records: declared });
    const value = {
      date: new Date(1_700_000_000_123),
      set: new Set([1, 'a']),
      big: 2n ** 60n,
      bytes: Uint8Array.of(1, 2, 3),
      small: 64,
      negative: -7,
      text: 'é€😀'.repeat(30),
      none: null,
      list: [1.25, true, { lat: 1, lon: 2 }],
    };
    const back = roundTrip(serde, value) as typeof value;
    expect(back).toEqual({ ...value, bytes: back.bytes });
    expect([...back.bytes]).toEqual([1, 2, 3]);
  });

  test.each([[undefined], [records]])('every way of cutting bytes short is an error, or at least no crash; records %o', (declared) => {
    const serde = msgpack<unknown>(declared === undefined ? {} : { records: declared });
    const whole = Buffer.from(
      serde.serialize({ list: [flight, 'some text that is long enough'], bytes: Uint8Array.of(1, 2), n: 70_000 }, 't'),
    );
    for (let length = 0; length < whole.length; length++) {
      expect(codeOf(() => serde.deserialize(whole.subarray(0, length), 't')).code).toBe('DESERIALIZATION_FAILED');
    }
    expect(codeOf(() => serde.deserialize(Buffer.concat([whole, whole]), 't')).code).toBe('DESERIALIZATION_FAILED');
    expect(serde.deserialize(whole, 't')).toMatchObject({ n: 70_000 });
  });

  test('a value larger than the buffer asks for room, then fits', () => {
    const serde = msgpack<unknown>({ records });
    const value = Array.from({ length: 5000 }, (_, i) => ({ lat: i, lon: `p${i}` }));
    expect(roundTrip(serde, value)).toEqual(value);
  });

  test('declarations that cannot work are refused', () => {
    const many = Array.from({ length: 33 }, (_, i) => [`k${i}`]);
    expect(codeOf(() => msgpack({ records: many }))).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(codeOf(() => msgpack({ records: [['a', 'a']] }))).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(codeOf(() => msgpack({ records: [['a'], ['a']] }))).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(msgpack({ records }).name).toBe('msgpack(carrier,flights,delay|lat,lon)');
  });
});
