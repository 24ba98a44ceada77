/** Kafka's wire format as pure functions: no sockets, no state. Shared by the broker, the wire transport and tests. */
export * from './primitives/crc32c.ts';
export * from './primitives/int64.ts';
export * from './primitives/murmur2.ts';
export * from './primitives/varint.ts';
export * from './compression/index.ts';
export * from './record-batch/index.ts';
