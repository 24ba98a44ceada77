import { type Api, ApiVersions, decodeResponse, ErrorCode, type ResponseOf } from '../protocol/index.ts';

/**
 * The body of an answer. A broker that lacks the version of an ApiVersions request says so in version 0, whatever was
 * asked for (KIP-511); the error code is the first field of all versions.
 */
export function decodeAnswer<A extends Api>(api: A, version: number, frame: Buffer, bodyOffset: number): ResponseOf<A> {
  const refused =
    api.key === ApiVersions.key && frame.length >= bodyOffset + 2 && frame.readInt16BE(bodyOffset) === ErrorCode.UNSUPPORTED_VERSION;
  return decodeResponse(api, refused ? 0 : version, frame, bodyOffset);
}
