/** Kafka's wire format as pure functions: no sockets, no state. Shared by the broker, the wire transport and tests. */

export * from './apis/index.ts';
export * from './apis/registry.ts';
export * from './compression/index.ts';
export * from './frame/index.ts';
export * from './kafka-errors.ts';
export * from './messages/consumer-protocol.ts';
export * from './messages/sticky-assignor.ts';
export * from './primitives/crc32c.ts';
export * from './primitives/int64.ts';
export * from './primitives/murmur2.ts';
export * from './primitives/shared-memory.ts';
export * from './primitives/varint.ts';
export * from './record-batch/index.ts';
export * from './sasl/index.ts';
export type { Api, MessageType, RequestInput, RequestOf, ResponseInput, ResponseOf } from './schema/define.ts';
export type { Decoded, Input, Shape } from './schema/fields.ts';
export * from './schema/messages.ts';
