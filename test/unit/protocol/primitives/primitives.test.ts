import { describe, expect, it } from 'vitest';
import {
  combineCrc32c,
  crc32c,
  crc32cOfShort,
  createPortableCrc32c,
  INT64_MAX,
  murmur2,
  partitionForKey,
  readInt64,
  sizeOfUnsignedVarint,
  sizeOfVarint,
  writeInt64,
  writeUnsignedVarint,
  writeVarint,
  writeVarlong,
} from '../../../../src/protocol/index.ts';

describe('crc32c', () => {
  for (const [name, crc] of [
    ['native or default', crc32c],
    ['portable', createPortableCrc32c()],
  ] as const) {
    it(`gives the known value for "123456789" (${name})`, () => {
      expect(crc(Buffer.from('123456789'))).toBe(0xe3069283);
      expect(crc(Buffer.alloc(0))).toBe(0);
      expect(crc(Buffer.alloc(32))).toBe(0x8a9136aa); // RFC 3720, B.4: 32 bytes of zeroes
    });
    it(`continues from an earlier result (${name})`, () => {
      expect(crc(Buffer.from('6789'), crc(Buffer.from('12345')))).toBe(0xe3069283);
    });
  }
});

describe('combineCrc32c', () => {
  it('gives the CRC of two pieces from the CRC of each', () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31 + (index >> 7)) & 0xff));
    for (const length of [0, 1, 7, 255, 256, 257, 65_535, 65_536, 69_960]) {
      const first = bytes.subarray(0, 40);
      const second = bytes.subarray(40, 40 + length);
      expect(combineCrc32c(crc32c(first), crc32c(second), length), `${length} bytes`).toBe(crc32c(bytes.subarray(0, 40 + length)));
    }
    expect(combineCrc32c(0, crc32c(bytes), bytes.length)).toBe(crc32c(bytes));
  });
  it('knows lengths of more than 16 MiB', () => {
    const second = Buffer.alloc(0x0100_0203, 0x5a);
    expect(combineCrc32c(crc32c(Buffer.from('abc')), crc32c(second), second.length)).toBe(crc32c(second, crc32c(Buffer.from('abc'))));
  });
  it('comes with a form for short inputs that gives the same', () => {
    const bytes = Buffer.from('Call me Ishmael.');
    expect(crc32cOfShort(bytes)).toBe(crc32c(bytes));
  });
});

describe('murmur2', () => {
  it('equals the Java client for the vectors of its UtilsTest', () => {
    const vectors: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
    ];
    for (const [text, hash] of vectors) expect(murmur2(Buffer.from(text)), text).toBe(hash);
  });
  it('gives a partition from the positive hash', () => {
    expect(partitionForKey(Buffer.from('21'), 7)).toBe((-973932308 & 0x7fffffff) % 7);
    expect(partitionForKey(Buffer.alloc(0), 1)).toBe(0);
  });
});

describe('int64', () => {
  it('round-trips whole numbers and saturates past 2^63', () => {
    const bytes = Buffer.alloc(8);
    for (const value of [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53) + 1, 1.7e12]) {
      expect(writeInt64(bytes, 0, value)).toBe(8);
      expect(bytes.readBigInt64BE()).toBe(BigInt(value));
      expect(readInt64(bytes, 0)).toBe(value);
    }
    for (const [value, wire] of [
      [INT64_MAX, 2n ** 63n - 1n],
      [Infinity, 2n ** 63n - 1n],
      [-(2 ** 63), -(2n ** 63n)],
      [-Infinity, -(2n ** 63n)],
    ] as const) {
      writeInt64(bytes, 0, value);
      expect(bytes.readBigInt64BE()).toBe(wire);
    }
  });
});

describe('varints', () => {
  /** The definition, in BigInt. */
  function reference(value: bigint, bits: 32 | 64): number[] {
    let rest = BigInt.asUintN(bits, (value << 1n) ^ (value >> BigInt(bits - 1)));
    const bytes: number[] = [];
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    return [...bytes, Number(rest)];
  }
  const edges = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8193, 2 ** 20, 2 ** 27, -(2 ** 27) - 1, 2 ** 31 - 1, -(2 ** 31)];

  it('writes zigzag varints and knows their size', () => {
    for (const value of edges) {
      const bytes = Buffer.alloc(10);
      const end = writeVarint(bytes, 0, value);
      expect([...bytes.subarray(0, end)], String(value)).toEqual(reference(BigInt(value), 32));
      expect(sizeOfVarint(value)).toBe(end);
    }
  });
  it('writes zigzag varlongs over the whole safe range', () => {
    for (const value of [...edges, 2 ** 30, 2 ** 32, -(2 ** 32) - 5, 2 ** 45 + 3, 2 ** 53 - 1, -(2 ** 53) + 1, -(2 ** 63)]) {
      const bytes = Buffer.alloc(10);
      const end = writeVarlong(bytes, 0, value);
      expect([...bytes.subarray(0, end)], String(value)).toEqual(reference(BigInt(value), 64));
    }
  });
  it('writes unsigned varints and knows their size', () => {
    for (const [value, size] of [
      [0, 1],
      [127, 1],
      [128, 2],
      [16383, 2],
      [16384, 3],
      [2 ** 28, 5],
      [2 ** 32 - 1, 5],
    ] as const) {
      const bytes = Buffer.alloc(10);
      expect(writeUnsignedVarint(bytes, 0, value)).toBe(size);
      expect(sizeOfUnsignedVarint(value)).toBe(size);
    }
  });
});
