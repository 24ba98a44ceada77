import { InvalidArgumentError } from 'commander';
import { MillraceError } from '../../errors.ts';
import { NUMBER_FORMATS } from './number-formats.ts';

/** How bytes of a key or value become text and back. */
export interface FieldFormat {
  readonly name: string;
  /** For text output: what is written; bytes are written as they are. Throws DESERIALIZATION_FAILED. */
  toText(bytes: Buffer): Buffer | string;
  /** For JSON output. Throws DESERIALIZATION_FAILED. */
  toJson(bytes: Buffer): unknown;
  /** From a line of input. Throws SERIALIZATION_FAILED. */
  fromText(text: Buffer): Buffer;
  /** From a JSON value that is not null. Throws SERIALIZATION_FAILED. */
  fromJson(value: unknown): Buffer;
}

const STRING: FieldFormat = {
  name: 'string',
  toText: (bytes) => bytes,
  toJson: (bytes) => bytes.toString('utf8'),
  fromText: (text) => text,
  fromJson: (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
};

const JSON_FORMAT: FieldFormat = {
  name: 'json',
  toText: (bytes) => bytes,
  toJson: (bytes) => parseJson(bytes, 'DESERIALIZATION_FAILED'),
  fromText: (text) => {
    parseJson(text, 'SERIALIZATION_FAILED');
    return text;
  },
  fromJson: (value) => Buffer.from(JSON.stringify(value)),
};

function parseJson(bytes: Buffer, code: 'SERIALIZATION_FAILED' | 'DESERIALIZATION_FAILED'): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new MillraceError(code, `it is not JSON: ${(cause as Error).message}`, { cause });
  }
}

const UUID_PATTERN = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Kafka's UUIDSerializer writes the text of the id. */
const UUID: FieldFormat = textFormat(
  'uuid',
  UUID_PATTERN,
  (text) => Buffer.from(text.toLowerCase()),
  (bytes) => bytes.toString('utf8'),
);

const HEX = textFormat(
  'hex',
  /^(?:[0-9a-f]{2})*$/i,
  (text) => Buffer.from(text, 'hex'),
  (bytes) => bytes.toString('hex'),
);
const BASE64 = textFormat(
  'base64',
  /^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2,3}={0,2})?$/,
  (text) => Buffer.from(text, 'base64'),
  (bytes) => bytes.toString('base64'),
);

/** A format whose text is plain ASCII of a certain form. */
function textFormat(name: string, pattern: RegExp, encode: (text: string) => Buffer, decode: (bytes: Buffer) => string): FieldFormat {
  const checked = (text: unknown): Buffer => {
    if (typeof text === 'string' && pattern.test(text.trim())) return encode(text.trim());
    throw new MillraceError('SERIALIZATION_FAILED', `${JSON.stringify(text)} is not ${name}`);
  };
  return { name, toText: decode, toJson: decode, fromText: (text) => checked(text.toString('latin1')), fromJson: checked };
}

const FORMATS: ReadonlyMap<string, FieldFormat> = new Map(
  [STRING, JSON_FORMAT, HEX, BASE64, UUID, ...NUMBER_FORMATS].map((format) => [format.name, format]),
);

/** Kafka's serdes and kcat's letters. */
const ALIASES: Readonly<Record<string, string>> = {
  bytes: 'string',
  bytearray: 'string',
  bytebuffer: 'string',
  text: 'string',
  s: 'string',
  integer: 'int',
  i: 'int',
  q: 'long',
  h: 'short',
  b: 'byte',
  boolean: 'boolean',
};

export const FORMAT_NAMES = [...FORMATS.keys()].join(', ');

/** A format by our name, kcat's letter or the class of Kafka's serializer. For commander. */
export function fieldFormat(text: string): FieldFormat {
  const short = text
    .replace(/^.*\./, '')
    .replace(/(?:De)?serializer$/i, '')
    .toLowerCase();
  const found = FORMATS.get(ALIASES[short] ?? short);
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${FORMAT_NAMES}.`);
  return found;
}

export const DEFAULT_FORMAT = STRING;
