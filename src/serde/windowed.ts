import { MillraceError } from '../errors.ts';
import { readInt64, writeInt64 } from './numbers.ts';
import { type Serde, writeWith } from './serde.ts';
import { deserializationFailed, serializationFailed } from './serde-errors.ts';

/** A key and the window it was aggregated in: the result key of windowed operators. Kafka Streams' `Windowed`. */
export interface Windowed<K> {
  readonly key: K;
  readonly window: TimeWindow;
}

/** `[startMs, endMs)`, in milliseconds since the epoch. */
export interface TimeWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** Makes a {@link Windowed}; always the same hidden class, so what reads it stays fast. */
export function windowed<K>(key: K, startMs: number, endMs: number): Windowed<K> {
  return { key, window: { startMs, endMs } };
}

const START_BYTES = 8;

/**
 * `key | int64 window start`, as Java's `TimeWindowedSerde`. The end is not written: it is start + `sizeMs`.
 * Such a key is partitioned by its inner key alone, as Kafka Streams' WindowedStreamPartitioner does.
 */
export function timeWindowedSerde<K>(inner: Serde<K>, sizeMs: number): Serde<Windowed<K>> {
  if (!Number.isSafeInteger(sizeMs) || sizeMs <= 0) {
    throw new MillraceError('INVALID_CONFIG', `The window size of timeWindowedSerde must be a positive number of ms, not ${sizeMs}.`);
  }
  const name = `windowed(${inner.name},${sizeMs})`;
  const check = (value: Windowed<K>, topic: string): void => {
    if (typeof value !== 'object' || value === null || typeof value.window?.startMs !== 'number') {
      throw serializationFailed(name, topic, 'a windowed key {key, window: {startMs, endMs}}', value);
    }
  };
  return {
    name,
    immutable: inner.immutable === true,
    serialize(value, topic) {
      check(value, topic);
      const key = inner.serialize(value.key, topic);
      const target = Buffer.allocUnsafe(key.length + START_BYTES);
      target.set(key, 0);
      writeInt64(value.window.startMs, target, key.length);
      return target;
    },
    deserialize(data, topic) {
      const keyLength = data.length - START_BYTES;
      if (keyLength < 0) throw deserializationFailed(name, topic, 'it reads a key and 8 bytes of window start', data);
      const startMs = readInt64(data, keyLength);
      return windowed(inner.deserialize(data.subarray(0, keyLength), topic), startMs, startMs + sizeMs);
    },
    writeInto(value, target, offset, room) {
      check(value, '');
      const keyRoom = room - START_BYTES;
      if (keyRoom < 0) return -1;
      const keyLength = writeWith(inner, value.key, target, offset, keyRoom);
      if (keyLength === -1) return -1;
      writeInt64(value.window.startMs, target, offset + keyLength);
      return keyLength + START_BYTES;
    },
    partitionBytes(value, topic) {
      check(value, topic);
      return inner.partitionBytes === undefined ? inner.serialize(value.key, topic) : inner.partitionBytes(value.key, topic);
    },
  };
}

/** Bytes that a window store's changelog key adds to the key: int64 window start, int32 sequence number. */
export const WINDOW_STORE_KEY_SUFFIX_BYTES = 12;

/** Writes `int64 window start | int32 sequence`, the end of a window store's changelog key (Java's WindowKeySchema). */
export function writeWindowStoreSuffix(startMs: number, sequence: number, target: Buffer, offset: number): void {
  writeInt64(startMs, target, offset);
  target.writeInt32BE(sequence, offset + START_BYTES);
}

/** `key | int64 window start | int32 sequence` as one new buffer. */
export function windowedStoreKey(key: Uint8Array, startMs: number, sequence: number): Buffer {
  const target = Buffer.allocUnsafe(key.length + WINDOW_STORE_KEY_SUFFIX_BYTES);
  target.set(key, 0);
  writeWindowStoreSuffix(startMs, sequence, target, key.length);
  return target;
}
