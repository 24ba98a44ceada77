import type { Serde } from '../serde/serde.ts';
import { clonePlain, NOT_PLAIN } from './clone.ts';
import type { ValueWriter } from './store-context.ts';

/** Serialised values of one epoch share slabs of this size: an ArrayBuffer of its own for each would cost far more. */
const SLAB_BYTES = 65_536;
/** What is larger than this gets memory of its own, so that no slab is kept alive or thrown away for it. */
const LARGEST_IN_SLAB = SLAB_BYTES / 4;

let slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
let slabUsed = 0;

// Buffer's own methods behind write() and toString(), without their argument handling.
const { latin1Slice, latin1Write } = Buffer.prototype as Buffer & {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
};

/** Serialises into memory that nobody overwrites: the result may be kept. */
export function serializeToKeep<T>(serde: ValueWriter<T>, value: T, topic: string): Buffer {
  if (serde.writeInto !== undefined) {
    let size = serde.writeInto(value, slab, slabUsed, SLAB_BYTES - slabUsed);
    if (size === -1 && slabUsed > SLAB_BYTES - LARGEST_IN_SLAB) {
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      slabUsed = 0;
      size = serde.writeInto(value, slab, 0, SLAB_BYTES);
    }
    if (size >= 0 && size <= LARGEST_IN_SLAB) {
      slabUsed += size;
      return slab.subarray(slabUsed - size, slabUsed);
    }
  }
  return Buffer.from(serde.serialize(value, topic)); // a copy: the serde may use its buffer again
}

/** Bytes as a latin1 string: equal and ordered exactly as the bytes are. */
export function bytesToLatin1(bytes: Uint8Array): string {
  return latin1Slice.call(bytes as Buffer, 0, bytes.length);
}

/** The same for a part of a larger buffer. */
export function rangeToLatin1(bytes: Buffer, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}

/** A serde's `mapKey`, or the default for those that have none. */
export function mapKeyFunction<K>(serde: Serde<K>, topic: string): (key: K) => string | number {
  const { mapKey } = serde;
  return mapKey === undefined ? (key) => bytesToLatin1(serde.serialize(key, topic)) : (key) => mapKey.call(serde, key);
}

/** A copy that shares nothing with `value`. Values of immutable serdes are their own copy. */
export function copyValue<T>(serde: Serde<T>, value: T, topic: string): T {
  if (serde.immutable === true) return value;
  const copy = clonePlain(value);
  return copy === NOT_PLAIN ? serde.deserialize(serde.serialize(value, topic), topic) : (copy as T);
}

let scratch: Buffer = Buffer.allocUnsafeSlow(4096);

/** Decodes bytes that are kept as a latin1 string. */
export function deserializeLatin1<T>(serde: Serde<T>, text: string, topic: string): T {
  if (text.length > scratch.length) scratch = Buffer.allocUnsafeSlow(text.length * 2);
  latin1Write.call(scratch, text, 0, text.length);
  return serde.deserialize(scratch.subarray(0, text.length), topic);
}

/** Passes bytes on as they are. */
export const RAW_BYTES: ValueWriter<Uint8Array> = {
  serialize: (value) => value,
  writeInto(value, target, offset, room) {
    if (value.length > room) return -1;
    target.set(value, offset);
    return value.length;
  },
};

/** Passes on bytes that are kept as a latin1 string. */
export const RAW_LATIN1: ValueWriter<string> = {
  serialize: (value) => Buffer.from(value, 'latin1'),
  writeInto(value, target, offset, room) {
    if (value.length > room) return -1;
    return latin1Write.call(target, value, offset, value.length);
  },
};
