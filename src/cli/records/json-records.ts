import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../../errors.ts';
import type { Headers } from '../../protocol/index.ts';
import { DEFAULT_FORMAT, type FieldFormat } from './field-formats.ts';
import type { ConsumedRecord, NewRecord } from './types.ts';

/**
 * A record as one line of JSON: what `consume --json` writes and `produce --json` reads, so that one copies to the other.
 *
 *     {"topic":"orders","partition":0,"offset":7,"timestamp":1700000000000,"timestampType":"CreateTime",
 *      "key":"k","value":"v","headers":[{"key":"trace","value":"abc"}]}
 *
 * Bytes that are no UTF-8 are in base64, and `keyEncoding`, `valueEncoding` or a header's `encoding` says so.
 */
export function recordToJson(record: ConsumedRecord, keyFormat: FieldFormat, valueFormat: FieldFormat): string {
  return JSON.stringify({
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestampMs,
    timestampType: record.timestampType,
    ...field('key', record.key, keyFormat),
    ...field('value', record.value, valueFormat),
    headers: record.headers.map(([key, value]) => ({ key, ...headerValue(value) })),
  });
}

function field(name: 'key' | 'value', bytes: Buffer | null, format: FieldFormat): Record<string, unknown> {
  if (bytes === null) return { [name]: null };
  if (format.name === 'string' && !isUtf8(bytes)) return { [name]: bytes.toString('base64'), [`${name}Encoding`]: 'base64' };
  return { [name]: format.toJson(bytes) };
}

function headerValue(value: Uint8Array | null): Record<string, unknown> {
  if (value === null) return { value: null };
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return isUtf8(bytes) ? { value: bytes.toString('utf8') } : { value: bytes.toString('base64'), encoding: 'base64' };
}

/** Reads a line of {@link recordToJson}; only `value` need be there. kcat's names (`payload`, `ts`) are understood too. */
export function recordFromJson(line: Buffer, keyFormat: FieldFormat, valueFormat: FieldFormat): NewRecord {
  const parsed = parseLine(line);
  const value = 'value' in parsed ? parsed['value'] : parsed['payload'];
  return {
    partition: wholeNumberOf(parsed, 'partition'),
    timestampMs: wholeNumberOf(parsed, 'timestamp') ?? wholeNumberOf(parsed, 'ts'),
    key: bytesOf('key', parsed['key'], parsed['keyEncoding'], keyFormat),
    value: bytesOf('value', value, parsed['valueEncoding'], valueFormat),
    headers: headersOf(parsed['headers']),
  };
}

function parseLine(line: Buffer): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.toString('utf8'));
  } catch (cause) {
    throw malformed(`it is not JSON: ${(cause as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw malformed('it must be an object like {"key": "k", "value": "v"}; plain lines need no --json');
  const record = parsed as Record<string, unknown>;
  if (!('value' in record || 'payload' in record)) throw malformed('it has no "value"; {"value": null} is a tombstone');
  return record;
}

function wholeNumberOf(record: Record<string, unknown>, name: string): number | undefined {
  const value = record[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw malformed(`"${name}" must be a whole number, not ${JSON.stringify(value)}`);
}

function bytesOf(name: string, value: unknown, encoding: unknown, format: FieldFormat): Buffer | null {
  if (value === undefined || value === null) return null;
  if (encoding === 'base64') {
    if (typeof value === 'string') return Buffer.from(value, 'base64');
    throw malformed(`"${name}" must be text in base64, as its encoding says`);
  }
  if (encoding !== undefined) throw malformed(`the encoding of "${name}" must be base64, not ${JSON.stringify(encoding)}`);
  try {
    return format.fromJson(value);
  } catch (error) {
    throw malformed(`"${name}": ${(error as Error).message}`);
  }
}

/** A list of `{key, value}`, kcat's flat list of keys and values, or an object. */
function headersOf(headers: unknown): Headers {
  if (headers === undefined || headers === null) return [];
  if (!Array.isArray(headers)) {
    if (typeof headers === 'object')
      return Object.entries(headers).map(([key, value]) => [key, bytesOf('headers', value, undefined, DEFAULT_FORMAT)]);
    throw malformed('"headers" must be a list of {"key": …, "value": …}');
  }
  if (headers.every((each) => typeof each === 'string') && headers.length % 2 === 0) {
    const flat: string[] = headers;
    return flat.flatMap((key, index) => (index % 2 === 0 ? [[key, Buffer.from(flat[index + 1] ?? '')] as const] : []));
  }
  return headers.map((each: unknown) => {
    const { key, value, encoding } = (each ?? {}) as Record<string, unknown>;
    if (typeof key !== 'string') throw malformed('a header must look like {"key": "name", "value": "text"}');
    return [key, bytesOf(`header ${key}`, value, encoding, DEFAULT_FORMAT)];
  });
}

function malformed(message: string): MillraceError {
  return new MillraceError('SERIALIZATION_FAILED', message);
}
