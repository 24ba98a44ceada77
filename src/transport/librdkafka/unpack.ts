import { type Headers, RecordCursor } from '../../protocol/index.ts';
import type { OutputBatch } from '../transport.ts';
import type { NativeHandle, NativeHeader } from './native.ts';

/** To the binding an empty buffer of its own means null, which would be a tombstone; an empty view of another does not. */
const EMPTY = Buffer.from('x').subarray(1);

/** A view costs 150 ns with its collection; a byte copied, about 1.5. */
const LONGEST_COPY_BYTES = 64;

/**
 * Buffers to hand short keys or values over in, one per length, used again and again: the client copies what it is given
 * before `produce` returns (RK_MSG_COPY).
 */
class ShortBuffers {
  readonly #byLength: (Buffer | undefined)[] = new Array<undefined>(LONGEST_COPY_BYTES + 1).fill(undefined);

  /** The bytes as a buffer that is valid until the next call; null for a negative length. */
  take(source: Buffer, start: number, length: number): Buffer | null {
    if (length <= 0) return length < 0 ? null : EMPTY;
    if (length > LONGEST_COPY_BYTES) return source.subarray(start, start + length);
    const target = this.#byLength[length] ?? this.#make(length);
    for (let index = 0; index < length; index++) target[index] = source[start + index] as number;
    return target;
  }

  #make(length: number): Buffer {
    const made = Buffer.allocUnsafeSlow(length);
    this.#byLength[length] = made;
    return made;
  }
}

/** librdkafka takes 0 for "now". */
const ZERO_TIMESTAMP_MS = 1;

/** Produces the records of one batch after another; remembers where it stopped when the queue was full. */
export class Unpacker {
  readonly #cursor = new RecordCursor();
  readonly #keys = new ShortBuffers();
  readonly #values = new ShortBuffers();
  #batch: OutputBatch | undefined;
  /** The cursor stands on a record that was not taken. */
  #pending = false;

  start(batch: OutputBatch): void {
    this.#batch = batch;
    this.#cursor.reset(batch.bytes);
    this.#pending = false;
  }

  /** Size of key and value of the record that was not taken. */
  get pendingBytes(): number {
    return Math.max(0, this.#cursor.keyLength) + Math.max(0, this.#cursor.valueLength);
  }

  /**
   * Hands up to `limit` records over.
   *
   * @returns 0: the limit was reached; 1: the batch is finished; below 0 or above 1: the code why a record was not taken
   */
  produce(native: NativeHandle, limit: number): number {
    const { topic, partition } = this.#batch as OutputBatch;
    const cursor = this.#cursor;
    for (let count = 0; count < limit; count++) {
      if (!this.#pending && !cursor.next()) return FINISHED;
      const { buffer, timestamp, keyStart, keyLength, valueStart, valueLength } = cursor;
      const key = this.#keys.take(buffer, keyStart, keyLength);
      const value = this.#values.take(buffer, valueStart, valueLength);
      const headers = cursor.headerCount === 0 ? undefined : nativeHeaders(cursor.headers());
      // The opaque must be undefined: any other value is kept for ever without delivery reports.
      const code = native.produce(topic, partition, value, key, timestamp === 0 ? ZERO_TIMESTAMP_MS : timestamp, undefined, headers);
      this.#pending = code !== 0;
      if (this.#pending) return code;
    }
    return MORE;
  }
}

export const MORE = 0;
/** No error of librdkafka's producer: as a code from the broker it would be OFFSET_OUT_OF_RANGE. */
export const FINISHED = 1;

/**
 * One object per header, since only an object's first property is sent. A null value would make the binding throw and
 * send the record all the same, so it goes as empty.
 */
function nativeHeaders(headers: Headers): NativeHeader[] {
  return headers.map(([name, value]) => ({
    [name]: value === null || value.length === 0 ? EMPTY : Buffer.from(value.buffer, value.byteOffset, value.length),
  }));
}
