import { type Api, ApiVersions, decodeResponse, ErrorCode, type ResponseOf } from '../protocol/index.ts';

/**
 * The body of an answer. A broker that lacks the version of an ApiVersions request says so in version 0, whatever was
 * asked for (KIP-511); the error code is the first field of all versions.
 */
export function decodeAnswer<A extends Api>(api: A, version: number, frame: Buffer, bodyOffset: number): ResponseOf<A> {
  const refused =
    api.key === ApiVersions.key && frame.length >= bodyOffset + 2 && frame.readInt16BE(bodyOffset) === ErrorCode.UNSUPPORTED_VERSION;
  if (!refused) return decodeResponse(api, version, frame, bodyOffset);
  try {
    return decodeResponse(api, 0, frame, bodyOffset);
  } catch {
    // librdkafka's mock broker answers in a form of its own; that it refused is all there is to know.
    return decodeResponse(api, 0, REFUSED, 0);
  }
}

/** UNSUPPORTED_VERSION and no versions. */
const REFUSED = Buffer.from([0, ErrorCode.UNSUPPORTED_VERSION, 0, 0, 0, 0]);
