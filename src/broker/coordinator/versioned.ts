/** Keys and values of coordinator records: the format's version as int16, then a message of that version. */

import { MillraceError } from '../../errors.ts';
import { readInt16 } from '../../protocol/index.ts';
import {
  type Decoded,
  decodeMessage,
  type Input,
  joinParts,
  type MessageType,
  type Shape,
  writeMessage,
} from '../../protocol/schema/index.ts';
import { WireWriter } from '../../protocol/schema/writer.ts';

export function encodeVersioned<S extends Shape>(type: MessageType<S>, version: number, body: Input<S>): Buffer {
  const writer = new WireWriter(256);
  writer.int16(version);
  writeMessage(type, version, body, writer);
  return joinParts(writer.finish());
}

/** Which format the bytes are in. Throws CORRUPT_RECORD when they are too short for one. */
export function recordVersion(bytes: Buffer): number {
  if (bytes.length < 2)
    throw new MillraceError('CORRUPT_RECORD', `A coordinator record of ${bytes.length} bytes has no version.`, { fatal: true });
  return readInt16(bytes, 0);
}

/** Byte fields are views of `bytes`. Throws MALFORMED_FRAME or UNSUPPORTED_VERSION. */
export function decodeVersioned<S extends Shape>(type: MessageType<S>, bytes: Buffer): Decoded<S> {
  return decodeMessage(type, recordVersion(bytes), bytes, 2);
}
