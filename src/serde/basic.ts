import type { Serde } from './serde.ts';
import { deserializationFailed, serializationFailed } from './serde-errors.ts';
import { readUtf8, writeUtf8 } from './string.ts';

const TRUE_BYTES = Uint8Array.of(1);
const FALSE_BYTES = Uint8Array.of(0);

const booleanSerde: Serde<boolean> = {
  name: 'boolean',
  immutable: true,
  serialize(value, topic) {
    if (typeof value !== 'boolean') throw serializationFailed('boolean', topic, 'true or false', value);
    return value ? TRUE_BYTES : FALSE_BYTES;
  },
  deserialize(data, topic) {
    if (data.length !== 1 || (data[0] as number) > 1) {
      throw deserializationFailed('boolean', topic, 'it reads exactly one byte, 0 or 1', data);
    }
    return data[0] === 1;
  },
  writeInto(value, target, offset, room) {
    if (room < 1) return -1;
    if (typeof value !== 'boolean') throw serializationFailed('boolean', '', 'true or false', value);
    target[offset] = value ? 1 : 0;
    return 1;
  },
  mapKey(value) {
    return value ? 1 : 0;
  },
};

const bytesSerde: Serde<Uint8Array> = {
  name: 'bytes',
  keyBytes: 'any',
  serialize(value, topic) {
    if (!(value instanceof Uint8Array)) throw serializationFailed('bytes', topic, 'a Uint8Array or Buffer', value);
    return value;
  },
  // A plain Uint8Array with memory of its own: a Buffer's slice() would be a view.
  deserialize(data) {
    return Uint8Array.prototype.slice.call(data);
  },
  writeInto(value, target, offset, room) {
    if (!(value instanceof Uint8Array)) throw serializationFailed('bytes', '', 'a Uint8Array or Buffer', value);
    if (value.length > room) return -1;
    target.set(value, offset);
    return value.length;
  },
};

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_EXPECTED = 'a UUID such as "123e4567-e89b-12d3-a456-426614174000"';

function checkedUuid(value: string, topic: string): string {
  if (typeof value !== 'string' || !UUID_PATTERN.test(value)) {
    throw serializationFailed('uuid', topic, UUID_EXPECTED, value);
  }
  return value.toLowerCase();
}

const uuidSerde: Serde<string> = {
  name: 'uuid',
  immutable: true,
  serialize(value, topic) {
    return Buffer.from(checkedUuid(value, topic), 'latin1');
  },
  deserialize(data, topic) {
    const text = readUtf8(data);
    if (!UUID_PATTERN.test(text)) throw deserializationFailed('uuid', topic, 'it reads the 36 characters of a UUID', data);
    return text.toLowerCase();
  },
  writeInto(value, target, offset, room) {
    return room < 36 ? -1 : writeUtf8(checkedUuid(value, ''), target, offset, room);
  },
  mapKey(value) {
    return value.toLowerCase();
  },
};

const voidSerde: Serde<null> = {
  name: 'void',
  immutable: true,
  serialize(value, topic) {
    throw serializationFailed('void', topic, 'nothing but null', value);
  },
  deserialize(data, topic) {
    throw deserializationFailed('void', topic, 'it reads nothing but null', data);
  },
};

/** One byte, 0 or 1. Java's `Serdes.Boolean()`. */
export function boolean(): Serde<boolean> {
  return booleanSerde;
}

/** Bytes as they are; reading makes a copy. Java's `Serdes.ByteArray()`, `Bytes()` and `ByteBuffer()`. */
export function bytes(): Serde<Uint8Array> {
  return bytesSerde;
}

/** A UUID as its 36 characters in lower case, which is what Java's `Serdes.UUID()` writes. */
export function uuid(): Serde<string> {
  return uuidSerde;
}

/** For keys or values that are always null: anything else is an error. Java's `Serdes.Void()`. */
export function nothing(): Serde<null> {
  return voidSerde;
}
