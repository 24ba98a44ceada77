/**
 * Serde: a pair of functions between a value and its bytes, as Kafka Streams' `Serde`.
 *
 * A serde never sees null: the engine maps null to null bytes (a tombstone) on both sides by itself.
 */
export interface Serde<T> {
  /** Shown in the plan and compared between threads, e.g. `string`, `json`, `int64`. */
  readonly name: string;
  /** Value to bytes. May return a view of a buffer that is valid only until the next call on any serde. */
  serialize(value: T, topic: string): Uint8Array;
  /** Bytes to value. `data` is valid only during the call: keep no reference to it (copy what you keep). */
  deserialize(data: Uint8Array, topic: string): T;
  /**
   * The same for a part of a larger buffer, `[start, end)`. Optional: it saves making a view of it on the hot path.
   * Must equal `deserialize(data.subarray(start, end), topic)`.
   */
  deserializeRange?(data: Buffer, start: number, end: number, topic: string): T;
  /**
   * True where values are immutable (strings, numbers, booleans, bigint). State stores then hand values out without
   * copying them. Default false.
   */
  readonly immutable?: boolean;
  /**
   * A Map key that is equal exactly when two values have equal bytes: the value itself for strings and numbers.
   * Default: the bytes as a latin1 string. Used by state stores only.
   */
  mapKey?(value: T): string | number;
  /**
   * State stores may find a row by the bytes of its key, without decoding them, because `mapKey` (or the default) is a text
   * whose char codes are those very bytes: `ascii`, where all of them are below 0x80, or `any`. Default: not.
   */
  readonly keyBytes?: 'ascii' | 'any';
  /**
   * Offers to write straight into `target` at `offset` (which has at least `room` bytes free); returns the number of
   * bytes written, or -1 when it does not fit (the caller then grows the buffer and asks again). Optional: it saves a
   * copy on the hot path.
   */
  writeInto?(value: T, target: Buffer, offset: number, room: number): number;
  /**
   * The bytes to choose an output partition by, where they are not the serialised key itself: windowed keys are
   * partitioned by their inner key. Whoever partitions a record by its key asks for these first. May return a view that
   * is valid only until the next call. Kafka Streams' `WindowedStreamPartitioner`.
   */
  partitionBytes?(value: T, topic: string): Uint8Array;
}

/**
 * Writes a value at `offset` with whichever of the two ways its serde has; the number of bytes, or -1 when it does not
 * fit into `room`.
 */
export function writeWith<T>(
  serde: Pick<Serde<T>, 'serialize' | 'writeInto'>,
  value: T,
  target: Buffer,
  offset: number,
  room: number,
): number {
  if (serde.writeInto !== undefined) return serde.writeInto(value, target, offset, room);
  const bytes = serde.serialize(value, '');
  if (bytes.length > room) return -1;
  target.set(bytes, offset);
  return bytes.length;
}

/** The value type of a serde. */
export type SerdeType<S> = S extends Serde<infer T> ? T : never;
