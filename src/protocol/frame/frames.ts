/** Whole frames as they go over a socket: length, header, body. */
import { writeInt32 } from '../primitives/int64.ts';
import type { Api, MessageType, RequestInput, ResponseInput } from '../schema/define.ts';
import type { Input, Shape } from '../schema/fields.ts';
import { writeMessage } from '../schema/messages.ts';
import { WireWriter } from '../schema/writer.ts';
import { writeRequestHeader, writeResponseHeader } from './headers.ts';

const LENGTH_BYTES = 4;

/** A request ready to be sent; several buffers where big `records` are passed on uncopied (for `writev`). */
export function encodeRequestFrame<A extends Api>(
  api: A,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: RequestInput<A>,
): Buffer[] {
  const writer = new WireWriter();
  writer.int32(0);
  writeRequestHeader(writer, api, version, header.correlationId, header.clientId);
  return finishFrame(writer, api.request, version, body as Input<Shape>);
}

/** A response ready to be sent; several buffers where big `records` are passed on uncopied (for `writev`). */
export function encodeResponseFrame<A extends Api>(api: A, version: number, correlationId: number, body: ResponseInput<A>): Buffer[] {
  const writer = new WireWriter();
  writer.int32(0);
  writeResponseHeader(writer, api, version, correlationId);
  return finishFrame(writer, api.response, version, body as Input<Shape>);
}

function finishFrame<S extends Shape>(writer: WireWriter, type: MessageType<S>, version: number, body: Input<S>): Buffer[] {
  writeMessage(type, version, body, writer);
  const length = writer.size - LENGTH_BYTES;
  const parts = writer.finish();
  writeInt32(parts[0]!, 0, length);
  return parts;
}
