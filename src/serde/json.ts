import type { Serde } from './serde.ts';
import { deserializationFailed, serializationFailed } from './serde-errors.ts';
import { readUtf8, writeUtf8 } from './string.ts';

const EXPECTED = 'a value that JSON.stringify can write';

function stringify(value: unknown, topic: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw serializationFailed('json', topic, EXPECTED, value, error); // a cycle, or a bigint
  }
  // undefined, functions and symbols have no JSON.
  if (text === undefined) throw serializationFailed('json', topic, EXPECTED, value);
  return text;
}

function parse(data: Uint8Array, start: number, end: number, topic: string): unknown {
  try {
    return JSON.parse(readUtf8(data, start, end));
  } catch (error) {
    throw deserializationFailed('json', topic, error instanceof Error ? error.message : String(error), data.subarray(start, end), error);
  }
}

const jsonSerde: Serde<unknown> = {
  name: 'json',
  serialize(value, topic) {
    return Buffer.from(stringify(value, topic), 'utf8');
  },
  deserialize(data, topic) {
    return parse(data, 0, data.length, topic);
  },
  deserializeRange: parse,
  writeInto(value, target, offset, room) {
    return writeUtf8(stringify(value, ''), target, offset, room);
  },
  mapKey(value) {
    return stringify(value, '');
  },
};

/**
 * JSON as UTF-8. Values must survive the round trip through `JSON.stringify` and `JSON.parse`: a Date comes back as a
 * string. As a key, `{a, b}` and `{b, a}` are different keys, because their bytes are.
 */
export function json<T = unknown>(): Serde<T> {
  return jsonSerde as Serde<T>;
}
