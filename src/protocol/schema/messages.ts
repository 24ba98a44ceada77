/** Bodies to bytes and back. Errors: MALFORMED_FRAME, UNSUPPORTED_VERSION; both name message, version and field. */
import type { Api, MessageType, RequestInput, RequestOf, ResponseInput, ResponseOf } from './define.ts';
import type { Decoded, Input, Shape } from './fields.ts';
import { toMillraceError } from './frame-error.ts';
import { WireReader } from './reader.ts';
import { WireWriter } from './writer.ts';

/**
 * Decodes a message that starts at `offset`. Byte fields are views of the buffer. Bytes after the message are ignored,
 * as Kafka ignores them.
 */
export function decodeMessage<S extends Shape>(type: MessageType<S>, version: number, buffer: Uint8Array, offset = 0): Decoded<S> {
  const codec = type.codec(version);
  try {
    const reader = new WireReader(buffer, offset);
    return codec.read(reader) as Decoded<S>;
  } catch (error) {
    throw toMillraceError(error, type.name, version);
  }
}

/** Appends a message to what `writer` has. */
export function writeMessage<S extends Shape>(type: MessageType<S>, version: number, body: Input<S>, writer: WireWriter): void {
  const codec = type.codec(version);
  try {
    codec.write(writer, body);
  } catch (error) {
    throw toMillraceError(error, type.name, version);
  }
}

/** Encodes a message; big `records` stand as parts of their own, uncopied. */
export function encodeMessageParts<S extends Shape>(type: MessageType<S>, version: number, body: Input<S>): Buffer[] {
  const writer = new WireWriter();
  writeMessage(type, version, body, writer);
  return writer.finish();
}

/** Encodes a message into one buffer. */
export function encodeMessage<S extends Shape>(type: MessageType<S>, version: number, body: Input<S>): Buffer {
  return joinParts(encodeMessageParts(type, version, body));
}

/** One buffer of parts; copies only when there are several. */
export function joinParts(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** The body of a request, which starts at `offset`. */
export function decodeRequest<A extends Api>(api: A, version: number, buffer: Uint8Array, offset = 0): RequestOf<A> {
  return decodeMessage(api.request, version, buffer, offset) as RequestOf<A>;
}

/** The body of a response, which starts at `offset`. */
export function decodeResponse<A extends Api>(api: A, version: number, buffer: Uint8Array, offset = 0): ResponseOf<A> {
  return decodeMessage(api.response, version, buffer, offset) as ResponseOf<A>;
}

/** The body of a request, without header and length. */
export function encodeRequest<A extends Api>(api: A, version: number, body: RequestInput<A>): Buffer {
  return encodeMessage(api.request, version, body as Input<Shape>);
}

/** The body of a response, without header and length. */
export function encodeResponse<A extends Api>(api: A, version: number, body: ResponseInput<A>): Buffer {
  return encodeMessage(api.response, version, body as Input<Shape>);
}

/** As {@link encodeResponse}, with big `records` uncopied as parts of their own. */
export function encodeResponseParts<A extends Api>(api: A, version: number, body: ResponseInput<A>): Buffer[] {
  return encodeMessageParts(api.response, version, body as Input<Shape>);
}
