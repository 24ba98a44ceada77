/** Serdes: how keys and values become bytes. Formats are those of Java's `Serdes`, plus JSON and MessagePack. */
import { boolean, bytes, nothing, uuid } from './basic.ts';
import { json } from './json.ts';
import { list } from './list.ts';
import { msgpack } from './msgpack.ts';
import { double, float, int16, int32, int64, int64BigInt } from './numbers.ts';
import { string } from './string.ts';
import { timeWindowedSerde } from './windowed.ts';

export { boolean, bytes, nothing, uuid } from './basic.ts';
export { json } from './json.ts';
export { list } from './list.ts';
export { type MsgpackOptions, msgpack } from './msgpack.ts';
export { double, float, int16, int32, int64, int64BigInt } from './numbers.ts';
export type { Serde, SerdeType } from './serde.ts';
export { string } from './string.ts';
export { type TimeWindow, timeWindowedSerde, type Windowed, windowed, windowedStoreKey } from './windowed.ts';

/** The serdes under the names of Kafka Streams' `Serdes`. */
export const Serdes = {
  String: string,
  Short: int16,
  Integer: int32,
  Long: int64,
  /** The whole range of a Java long, as bigint. */
  BigLong: int64BigInt,
  Float: float,
  Double: double,
  Boolean: boolean,
  ByteArray: bytes,
  Bytes: bytes,
  ByteBuffer: bytes,
  UUID: uuid,
  Void: nothing,
  ListSerde: list,
  TimeWindowedSerde: timeWindowedSerde,
  Json: json,
  Msgpack: msgpack,
} as const;
