import { isMillraceError } from '../errors.ts';
import { uuid } from './basic.ts';
import { numberSizeBytes } from './numbers.ts';
import type { Serde } from './serde.ts';
import { deserializationFailed, serializationFailed } from './serde-errors.ts';

const CONSTANT_SIZE = 0;
const VARIABLE_SIZE = 1;
const UUID_SIZE_BYTES = 36;

/**
 * A list in the format of Java's `ListSerde`: one byte for the strategy; with a fixed-width inner serde the number
 * and the indices of null entries; the number of entries; then the entries, each after its length (-1 = null) unless
 * the width is fixed.
 */
export function list<T>(inner: Serde<T>): Serde<(T | null)[]> {
  const name = `list(${inner.name})`;
  const fixedSize = numberSizeBytes(inner as Serde<never>) ?? ((inner as unknown) === uuid() ? UUID_SIZE_BYTES : undefined);
  return {
    name,
    serialize(values, topic) {
      if (!Array.isArray(values)) throw serializationFailed(name, topic, 'an array', values);
      return fixedSize === undefined ? writeVariable(values, inner, topic) : writeConstant(values, inner, fixedSize, topic);
    },
    deserialize(data, topic) {
      try {
        return readList(data, inner, fixedSize, topic);
      } catch (error) {
        if (isMillraceError(error)) throw error;
        throw deserializationFailed(name, topic, 'the bytes end too early or are no list', data, error);
      }
    },
  };
}

function writeConstant<T>(values: readonly (T | null)[], inner: Serde<T>, size: number, topic: string): Buffer {
  const nulls: number[] = [];
  values.forEach((value, index) => {
    if (value === null) nulls.push(index);
  });
  const target = Buffer.allocUnsafe(1 + 4 + 4 * nulls.length + 4 + size * (values.length - nulls.length));
  let position = target.writeUInt8(CONSTANT_SIZE, 0);
  position = target.writeInt32BE(nulls.length, position);
  for (const index of nulls) position = target.writeInt32BE(index, position);
  position = target.writeInt32BE(values.length, position);
  for (const value of values) {
    if (value === null) continue;
    target.set(inner.serialize(value, topic), position);
    position += size;
  }
  return target;
}

function writeVariable<T>(values: readonly (T | null)[], inner: Serde<T>, topic: string): Buffer {
  // Copies, because a serde may reuse its buffer with the next call.
  const parts = values.map((value) => (value === null ? null : Buffer.from(inner.serialize(value, topic))));
  const size = parts.reduce((sum, part) => sum + 4 + (part?.length ?? 0), 0);
  const target = Buffer.allocUnsafe(1 + 4 + size);
  let position = target.writeUInt8(VARIABLE_SIZE, 0);
  position = target.writeInt32BE(values.length, position);
  for (const part of parts) {
    position = target.writeInt32BE(part === null ? -1 : part.length, position);
    if (part === null) continue;
    target.set(part, position);
    position += part.length;
  }
  return target;
}

function readList<T>(data: Uint8Array, inner: Serde<T>, fixedSize: number | undefined, topic: string): (T | null)[] {
  const source = Buffer.from(data.buffer, data.byteOffset, data.length);
  const strategy = source.readUInt8(0);
  let position = 1;
  const nulls = new Set<number>();
  if (strategy === CONSTANT_SIZE) {
    const count = source.readInt32BE(position);
    position += 4;
    for (let i = 0; i < count; i++, position += 4) nulls.add(source.readInt32BE(position));
  } else if (strategy !== VARIABLE_SIZE) {
    throw new RangeError(`unknown list strategy ${strategy}`);
  }
  const count = source.readInt32BE(position);
  position += 4;
  const values: (T | null)[] = [];
  for (let i = 0; i < count; i++) {
    if (nulls.has(i)) {
      values.push(null);
      continue;
    }
    let size = fixedSize;
    if (strategy === VARIABLE_SIZE) {
      size = source.readInt32BE(position);
      position += 4;
    }
    if (size === undefined || size < -1 || position + size > source.length) throw new RangeError('entry out of bounds');
    values.push(size === -1 ? null : inner.deserialize(source.subarray(position, position + size), topic));
    position += Math.max(size, 0);
  }
  if (position !== source.length) throw new RangeError(`${source.length - position} bytes left over`);
  return values;
}
