import { writeInt64 } from '../../serde/numbers.ts';
import { type Serde, writeWith } from '../../serde/serde.ts';
import { RAW_LATIN1 } from '../byte-codec.ts';
import type { ValueWriter } from '../store-context.ts';
import type { OuterRow, WaitingValue } from './outer-rows.ts';

/** `int64 time | byte side` in front of the key. */
export const OUTER_KEY_PREFIX_BYTES = 9;

const LEFT = 1;
const RIGHT = 0;
/** Java's `ListSerializer`: strategy and number of entries, then each entry after its length. */
const VARIABLE_SIZE = 1;
const LIST_HEADER_BYTES = 5;
const LENGTH_BYTES = 4;

/** How rows become changelog records. */
export interface OuterChangelog<K> {
  /** `int64 time | byte side | key`: Java's `TimestampedKeyAndJoinSideSerializer`. */
  readonly key: ValueWriter<OuterRow<K>>;
  /** A list of `byte side | value`: Java's `LeftOrRightValueSerializer` in a `ListSerializer`. */
  readonly values: ValueWriter<OuterRow<K>>;
}

export function outerChangelog<K>(keySerde: Serde<K>, left: Serde<unknown>, right: Serde<unknown>): OuterChangelog<K> {
  return {
    key: growing((row, target, offset, room) => {
      const keyRoom = room - OUTER_KEY_PREFIX_BYTES;
      if (keyRoom < 0) return -1;
      writeInt64(row.timeMs, target, offset);
      target[offset + OUTER_KEY_PREFIX_BYTES - 1] = row.isLeft ? LEFT : RIGHT;
      const size = writeWith(keySerde, row.list.key, target, offset + OUTER_KEY_PREFIX_BYTES, keyRoom);
      return size < 0 ? -1 : size + OUTER_KEY_PREFIX_BYTES;
    }),
    values: growing((row, target, offset, room) => writeValues(row, row.isLeft ? left : right, target, offset, room)),
  };
}

/** The serialised values in a changelog record, without their side; undefined where the bytes are no such list. */
export function readOuterValues(bytes: Uint8Array, readInt32: (data: Uint8Array, offset: number) => number): Uint8Array[] | undefined {
  if (bytes.length < LIST_HEADER_BYTES || bytes[0] !== VARIABLE_SIZE) return undefined;
  const values: Uint8Array[] = [];
  let position = LIST_HEADER_BYTES;
  for (let left = readInt32(bytes, 1); left > 0; left--) {
    if (position + LENGTH_BYTES > bytes.length) return undefined;
    const start = position + LENGTH_BYTES;
    const end = start + readInt32(bytes, position);
    if (end <= start || end > bytes.length) return undefined;
    values.push(bytes.subarray(start + 1, end));
    position = end;
  }
  return position === bytes.length ? values : undefined;
}

function writeValues(row: OuterRow<unknown>, serde: Serde<unknown>, target: Buffer, offset: number, room: number): number {
  const end = offset + room;
  let position = offset + LIST_HEADER_BYTES;
  if (position > end) return -1;
  target[offset] = VARIABLE_SIZE;
  target.writeInt32BE(row.values.length, offset + 1);
  for (const value of row.values) {
    const start = position + LENGTH_BYTES + 1;
    if (start > end) return -1;
    const size = writeValue(value, serde, target, start, end - start);
    if (size < 0) return -1;
    target.writeInt32BE(size + 1, position);
    target[position + LENGTH_BYTES] = row.isLeft ? LEFT : RIGHT;
    position = start + size;
  }
  return position - offset;
}

function writeValue({ value, raw }: WaitingValue, serde: Serde<unknown>, target: Buffer, offset: number, room: number): number {
  return raw === null ? writeWith(serde, value, target, offset, room) : writeWith(RAW_LATIN1, raw, target, offset, room);
}

type WriteInto<T> = (value: T, target: Buffer, offset: number, room: number) => number;

const FIRST_BUFFER_BYTES = 256;

/** The other way of writing, for who wants bytes: tries ever larger buffers. */
function growing<T>(writeInto: WriteInto<T>): ValueWriter<T> {
  return {
    writeInto,
    serialize(value) {
      for (let size = FIRST_BUFFER_BYTES; ; size *= 2) {
        const buffer = Buffer.allocUnsafe(size);
        const used = writeInto(value, buffer, 0, size);
        if (used >= 0) return buffer.subarray(0, used);
      }
    },
  };
}
