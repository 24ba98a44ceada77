import type { Serde } from './serde.ts';
import { serializationFailed } from './serde-errors.ts';

/** Up to this many characters a loop in JavaScript beats the call into native code. */
const SHORT_WRITE = 24;
/**
 * Likewise for reading. From 13 characters on, V8 makes a concatenation a tree, which has to be flattened when it is
 * hashed as a Map key: twice as slow as the native call.
 */
const SHORT_READ = 12;

interface NativeStringWrite {
  utf8Write(text: string, offset: number, length: number): number;
}
interface NativeStringRead {
  utf8Slice(start: number, end: number): string;
}
// Buffer's own methods behind write() and toString(), without their argument handling. They work on any Uint8Array.
const { utf8Write } = Buffer.prototype as Buffer & NativeStringWrite;
const { utf8Slice } = Buffer.prototype as Buffer & NativeStringRead;

/**
 * Writes `text` as UTF-8 and returns the number of bytes, or -1 when there is no room for it.
 * Unpaired surrogates become U+FFFD.
 */
export function writeUtf8(text: string, target: Buffer, offset: number, room: number): number {
  const length = text.length;
  if (length <= SHORT_WRITE) {
    if (length > room) return -1;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      target[offset + i] = code;
    }
    if (i === length) return length;
  }
  // A UTF-16 unit takes at most three bytes; only where that might not fit is the exact size worth its cost.
  if (length * 3 > room && Buffer.byteLength(text, 'utf8') > room) return -1;
  return utf8Write.call(target, text, offset, room);
}

/** Decodes UTF-8; malformed sequences become U+FFFD, as in Java. */
export function readUtf8(data: Uint8Array, start = 0, end = data.length): string {
  const length = end - start;
  if (length <= SHORT_READ) {
    const text = shortAscii(data, start, length);
    if (text !== undefined) return text;
  }
  return utf8Slice.call(data as Buffer, start, end);
}

/** Undefined when a byte is not ASCII. Eight characters a step, so that a typical key is one or two concatenations. */
function shortAscii(data: Uint8Array, start: number, length: number): string | undefined {
  let text = '';
  let position = start;
  const end = start + length;
  if (length >= 8) {
    const a = data[position] as number;
    const b = data[position + 1] as number;
    const c = data[position + 2] as number;
    const d = data[position + 3] as number;
    const e = data[position + 4] as number;
    const f = data[position + 5] as number;
    const g = data[position + 6] as number;
    const h = data[position + 7] as number;
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
    position += 8;
  }
  if (end - position >= 4) {
    const a = data[position] as number;
    const b = data[position + 1] as number;
    const c = data[position + 2] as number;
    const d = data[position + 3] as number;
    if ((a | b | c | d) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d);
    position += 4;
  }
  for (; position < end; position++) {
    const code = data[position] as number;
    if (code > 0x7f) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

const stringSerde: Serde<string> = {
  name: 'string',
  immutable: true,
  keyBytes: 'ascii',
  serialize(value, topic) {
    if (typeof value !== 'string') throw serializationFailed('string', topic, 'a string', value);
    return Buffer.from(value, 'utf8');
  },
  deserialize(data) {
    return readUtf8(data);
  },
  deserializeRange(data, start, end) {
    return readUtf8(data, start, end);
  },
  mapKey(value) {
    if (typeof value !== 'string') throw serializationFailed('string', '', 'a string', value);
    return value;
  },
  writeInto(value, target, offset, room) {
    if (typeof value !== 'string') throw serializationFailed('string', '', 'a string', value);
    return writeUtf8(value, target, offset, room);
  },
};

/** Text as UTF-8. Java's `Serdes.String()`. */
export function string(): Serde<string> {
  return stringSerde;
}
