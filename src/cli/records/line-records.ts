import { MillraceError } from '../../errors.ts';
import type { Headers } from '../../protocol/index.ts';
import type { FieldFormat } from './field-formats.ts';
import { recordFromJson } from './json-records.ts';
import type { NewRecord } from './types.ts';

/** How lines of input become records. */
export interface LineOptions {
  readonly json: boolean;
  readonly keyFormat: FieldFormat;
  readonly valueFormat: FieldFormat;
  /** Parts key and value; undefined: the whole line is the value. */
  readonly keySeparator: Buffer | undefined;
  /** Parts headers and the rest, as in `a:1,b:2\tvalue`; undefined: lines have none. */
  readonly headersDelimiter: Buffer | undefined;
  readonly headersSeparator: string;
  readonly headersKeySeparator: string;
  /** Empty keys and values are null. */
  readonly emptyIsNull: boolean;
  /** Text that stands for null. */
  readonly nullMarker: Buffer | undefined;
  /** For all records; what a line says wins. */
  readonly defaults: NewRecord;
}

/** Makes records of lines. Throws SERIALIZATION_FAILED without the number of the line, which the caller knows. */
export function lineParser(options: LineOptions): (line: Buffer) => NewRecord {
  const { defaults, keyFormat, valueFormat } = options;
  if (options.json) return (line) => withDefaults(recordFromJson(line, keyFormat, valueFormat), defaults);
  return (line) => {
    let rest = line;
    let headers: Headers = [];
    if (options.headersDelimiter !== undefined) {
      const [first, after] = cut(rest, options.headersDelimiter, 'headers');
      headers = headersOf(first.toString('utf8'), options);
      rest = after;
    }
    let key: Buffer | null = null;
    if (options.keySeparator !== undefined) {
      const [first, after] = cut(rest, options.keySeparator, 'key');
      key = fieldOf('key', first, keyFormat, options);
      rest = after;
    }
    const value = fieldOf('value', rest, valueFormat, options);
    return withDefaults({ partition: undefined, timestampMs: undefined, key, value, headers }, defaults);
  };
}

function withDefaults(record: NewRecord, defaults: NewRecord): NewRecord {
  return {
    partition: record.partition ?? defaults.partition,
    timestampMs: record.timestampMs ?? defaults.timestampMs,
    key: record.key ?? defaults.key,
    value: record.value,
    headers: defaults.headers.length === 0 ? record.headers : [...defaults.headers, ...record.headers],
  };
}

function cut(line: Buffer, separator: Buffer, what: string): [Buffer, Buffer] {
  const at = line.indexOf(separator);
  if (at >= 0) return [line.subarray(0, at), line.subarray(at + separator.length)];
  throw new MillraceError('SERIALIZATION_FAILED', `it has no ${what}: ${JSON.stringify(separator.toString())} is missing`);
}

function fieldOf(name: string, text: Buffer, format: FieldFormat, { emptyIsNull, nullMarker }: LineOptions): Buffer | null {
  if (emptyIsNull && text.length === 0) return null;
  if (nullMarker !== undefined && text.equals(nullMarker)) return null;
  try {
    return format.fromText(text);
  } catch (error) {
    throw new MillraceError('SERIALIZATION_FAILED', `${name}: ${(error as Error).message}`, { cause: error });
  }
}

function headersOf(text: string, { headersSeparator, headersKeySeparator }: LineOptions): Headers {
  if (text === '') return [];
  return text.split(headersSeparator).map((pair) => {
    const at = pair.indexOf(headersKeySeparator);
    if (at < 0) throw new MillraceError('SERIALIZATION_FAILED', `header "${pair}" has no "${headersKeySeparator}"`);
    return [pair.slice(0, at), Buffer.from(pair.slice(at + headersKeySeparator.length))];
  });
}
