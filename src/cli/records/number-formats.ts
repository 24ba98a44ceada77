import { MillraceError } from '../../errors.ts';
import type { FieldFormat } from './field-formats.ts';

/** A format of a fixed number of bytes, as Kafka's serializers write it: big-endian. */
function fixed<T>(
  name: string,
  bytes: number,
  read: (bytes: Buffer) => T,
  parse: (text: string) => T | undefined,
  write: (value: T) => Buffer,
  toJson: (value: T) => unknown = (value) => value,
): FieldFormat {
  const decoded = (field: Buffer): T => {
    if (field.length === bytes) return read(field);
    throw new MillraceError('DESERIALIZATION_FAILED', `it has ${field.length} bytes, and a ${name} has ${bytes}`);
  };
  const encoded = (text: string): Buffer => {
    const value = parse(text.trim());
    if (value === undefined) throw new MillraceError('SERIALIZATION_FAILED', `"${text}" is not a ${name}`);
    return write(value);
  };
  return {
    name,
    toText: (field) => String(decoded(field)),
    toJson: (field) => toJson(decoded(field)),
    fromText: (text) => encoded(text.toString('utf8')),
    fromJson: (value) => encoded(String(value)),
  };
}

function integer(name: string, bytes: 1 | 2 | 4): FieldFormat {
  const limit = 2 ** (bytes * 8 - 1);
  const parse = (text: string): number | undefined => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= -limit && value < limit ? value : undefined;
  };
  const write = (value: number): Buffer => {
    const field = Buffer.alloc(bytes);
    field.writeIntBE(value, 0, bytes);
    return field;
  };
  return fixed(name, bytes, (field) => field.readIntBE(0, bytes), parse, write);
}

const LONG_LIMIT = 2n ** 63n;

const LONG = fixed<bigint>(
  'long',
  8,
  (field) => field.readBigInt64BE(0),
  (text) => {
    if (!/^[+-]?\d+$/.test(text)) return undefined;
    const value = BigInt(text.replace('+', ''));
    return value >= -LONG_LIMIT && value < LONG_LIMIT ? value : undefined;
  },
  (value) => {
    const field = Buffer.alloc(8);
    field.writeBigInt64BE(value);
    return field;
  },
  // JSON readers lose digits of larger numbers, so those are text.
  (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)),
);

function floating(name: string, bytes: 4 | 8): FieldFormat {
  const parse = (text: string): number | undefined => {
    const value = text === '' ? Number.NaN : Number(text);
    return Number.isNaN(value) && text !== 'NaN' ? undefined : value;
  };
  const write = (value: number): Buffer => {
    const field = Buffer.alloc(bytes);
    if (bytes === 4) field.writeFloatBE(value);
    else field.writeDoubleBE(value);
    return field;
  };
  const read = (field: Buffer): number => (bytes === 4 ? field.readFloatBE(0) : field.readDoubleBE(0));
  return fixed(name, bytes, read, parse, write, (value) => (Number.isFinite(value) ? value : String(value)));
}

const BOOLEAN = fixed<boolean>(
  'boolean',
  1,
  (field) => field[0] !== 0,
  (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  (value) => Buffer.from([value ? 1 : 0]),
);

/** Kafka's Byte-, Short-, Integer-, Long-, Float-, Double- and BooleanSerializer. */
export const NUMBER_FORMATS: readonly FieldFormat[] = [
  integer('byte', 1),
  integer('short', 2),
  integer('int', 4),
  LONG,
  floating('float', 4),
  floating('double', 8),
  BOOLEAN,
];
