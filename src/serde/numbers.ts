import type { Serde } from './serde.ts';
import { deserializationFailed, serializationFailed } from './serde-errors.ts';

/**
 * Numbers as Java's serialisers write them: two's complement or IEEE 754, big-endian, fixed width. Byte order in a
 * store's range scans is therefore numeric order for non-negative integers, with negative ones after them.
 */

const INT64_HIGH = 4_294_967_296;

/** Scratch for `serialize()`: what it returns is valid until the next call on any serde. */
const scratch = Buffer.alloc(8);
const scratch2 = scratch.subarray(0, 2);
const scratch4 = scratch.subarray(0, 4);
const float64 = new DataView(scratch.buffer, scratch.byteOffset, 8);

interface FixedWidth<T> {
  readonly name: string;
  readonly expected: string;
  readonly scratch: Buffer;
  accepts(value: T): boolean;
  write(value: T, target: Uint8Array, offset: number): void;
  read(data: Uint8Array, offset: number, topic: string): T;
  mapKey(value: T): string | number;
}

/** A serde of one fixed size. Each has its own closure over its own functions, so the calls stay monomorphic. */
function fixedWidth<T>(spec: FixedWidth<T>): Serde<T> {
  const { name, expected, scratch: own, accepts, write, read, mapKey } = spec;
  const size = own.length;
  return {
    name,
    immutable: true,
    serialize(value, topic) {
      if (!accepts(value)) throw serializationFailed(name, topic, expected, value);
      write(value, own, 0);
      return own;
    },
    deserialize(data, topic) {
      if (data.length !== size) throw deserializationFailed(name, topic, `it reads exactly ${size} bytes`, data);
      return read(data, 0, topic);
    },
    deserializeRange(data, start, end, topic) {
      if (end - start !== size) throw deserializationFailed(name, topic, `it reads exactly ${size} bytes`, data.subarray(start, end));
      return read(data, start, topic);
    },
    writeInto(value, target, offset, room) {
      if (room < size) return -1;
      if (!accepts(value)) throw serializationFailed(name, '', expected, value);
      write(value, target, offset);
      return size;
    },
    mapKey(value) {
      if (!accepts(value)) throw serializationFailed(name, '', expected, value);
      return mapKey(value);
    },
  };
}

function writeInt32(value: number, target: Uint8Array, offset: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}

/** Reads a big-endian int32. */
export function readInt32(data: Uint8Array, offset: number): number {
  return (
    ((data[offset] as number) << 24) |
    ((data[offset + 1] as number) << 16) |
    ((data[offset + 2] as number) << 8) |
    (data[offset + 3] as number)
  );
}

/** Writes a safe integer as a big-endian int64. */
export function writeInt64(value: number, target: Uint8Array, offset: number): void {
  writeInt32(Math.floor(value / INT64_HIGH), target, offset);
  writeInt32(value | 0, target, offset + 4);
}

/** Reads a big-endian int64; beyond ±2^53 the result is rounded. */
export function readInt64(data: Uint8Array, offset: number): number {
  return readInt32(data, offset) * INT64_HIGH + (readInt32(data, offset + 4) >>> 0);
}

const int16Serde = fixedWidth<number>({
  name: 'int16',
  expected: 'an integer from -32768 to 32767',
  scratch: scratch2,
  accepts: (value) => (value << 16) >> 16 === value,
  write(value, target, offset) {
    target[offset] = value >>> 8;
    target[offset + 1] = value;
  },
  read: (data, offset) => (((data[offset] as number) << 24) >> 16) | (data[offset + 1] as number),
  mapKey: (value) => value,
});

const int32Serde = fixedWidth<number>({
  name: 'int32',
  expected: 'an integer from -2^31 to 2^31-1',
  scratch: scratch4,
  accepts: (value) => (value | 0) === value,
  write: writeInt32,
  read: readInt32,
  mapKey: (value) => value,
});

const int64Serde = fixedWidth<number>({
  name: 'int64',
  expected: 'an integer within ±2^53 (for larger ones use int64BigInt)',
  scratch,
  accepts: (value) => Number.isSafeInteger(value),
  write: writeInt64,
  read(data, offset, topic) {
    const value = readInt64(data, offset);
    if (!Number.isSafeInteger(value)) {
      const own = data.subarray(offset, offset + 8);
      throw deserializationFailed('int64', topic, 'the number is beyond ±2^53; read it with int64BigInt', own);
    }
    return value;
  },
  mapKey: (value) => value,
});

const int64BigIntSerde = fixedWidth<bigint>({
  name: 'int64-bigint',
  expected: 'a bigint from -2^63 to 2^63-1',
  scratch,
  accepts: (value) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  write(value, target, offset) {
    writeInt32(Number(BigInt.asIntN(32, value >> 32n)), target, offset);
    writeInt32(Number(BigInt.asIntN(32, value)), target, offset + 4);
  },
  read: (data, offset) => (BigInt(readInt32(data, offset)) << 32n) | BigInt(readInt32(data, offset + 4) >>> 0),
  mapKey: (value) => value.toString(),
});

const floatSerde = fixedWidth<number>({
  name: 'float',
  expected: 'a number (rounded to 32 bits)',
  scratch: scratch4,
  accepts: (value) => typeof value === 'number',
  write(value, target, offset) {
    float64.setFloat32(0, value);
    copyScratch(target, offset, 4);
  },
  read(data, offset) {
    fillScratch(data, offset, 4);
    return float64.getFloat32(0);
  },
  mapKey: (value) => signedZero(Math.fround(value)),
});

const doubleSerde = fixedWidth<number>({
  name: 'double',
  expected: 'a number',
  scratch,
  accepts: (value) => typeof value === 'number',
  write(value, target, offset) {
    float64.setFloat64(0, value);
    copyScratch(target, offset, 8);
  },
  read(data, offset) {
    fillScratch(data, offset, 8);
    return float64.getFloat64(0);
  },
  mapKey: signedZero,
});

function copyScratch(target: Uint8Array, offset: number, size: number): void {
  for (let i = 0; i < size; i++) target[offset + i] = scratch[i] as number;
}

function fillScratch(data: Uint8Array, offset: number, size: number): void {
  for (let i = 0; i < size; i++) scratch[i] = data[offset + i] as number;
}

/** A Map takes 0 and -0 for the same key, but their bytes differ. */
function signedZero(value: number): string | number {
  return value === 0 && Object.is(value, -0) ? '-0' : value;
}

/** 2 bytes. Java's `Serdes.Short()`. */
export function int16(): Serde<number> {
  return int16Serde;
}

/** 4 bytes. Java's `Serdes.Integer()`. */
export function int32(): Serde<number> {
  return int32Serde;
}

/** 8 bytes, as a number within ±2^53; anything beyond is an error, never rounded. Java's `Serdes.Long()`. */
export function int64(): Serde<number> {
  return int64Serde;
}

/** 8 bytes, the whole range of Java's `Serdes.Long()`, as a bigint. Slower than {@link int64}. */
export function int64BigInt(): Serde<bigint> {
  return int64BigIntSerde;
}

/** 4 bytes IEEE 754. Java's `Serdes.Float()`. */
export function float(): Serde<number> {
  return floatSerde;
}

/** 8 bytes IEEE 754. Java's `Serdes.Double()`. */
export function double(): Serde<number> {
  return doubleSerde;
}

/** Serialised size of the serdes that Java's ListSerializer takes for fixed-width; undefined for all others. */
export function numberSizeBytes(serde: Serde<never>): number | undefined {
  switch (serde as unknown) {
    case int16Serde:
      return 2;
    case int32Serde:
    case floatSerde:
      return 4;
    case int64Serde:
    case int64BigIntSerde:
    case doubleSerde:
      return 8;
    default:
      return undefined;
  }
}
