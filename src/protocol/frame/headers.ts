/**
 * The headers before bodies. Request header v1 has a client id, v2 tagged fields as well; response header v1 differs
 * from v0 by tagged fields. Which one is used follows from whether the body is flexible.
 */
import { ApiVersions } from '../apis/18-api-versions.ts';
import { apiByKey } from '../apis/registry.ts';
import type { Api } from '../schema/define.ts';
import { toMillraceError } from '../schema/frame-error.ts';
import { WireReader } from '../schema/reader.ts';
import type { WireWriter } from '../schema/writer.ts';

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body begins. */
  readonly bodyOffset: number;
}

/** True when the version's lengths are compact and its structs have tagged fields (KIP-482). */
export function isFlexible(api: Api, version: number): boolean {
  return api.flexibleFrom !== null && version >= api.flexibleFrom;
}

/**
 * Reads a request's header; `offset` is after the frame's length. An API without a schema is taken to have no tagged
 * fields in its header, so that the caller can still refuse it by key and correlation id. Throws MALFORMED_FRAME.
 */
export function decodeRequestHeader(buffer: Uint8Array, offset = 0): RequestHeader {
  try {
    const reader = new WireReader(buffer, offset);
    const apiKey = reader.int16();
    const apiVersion = reader.int16();
    const correlationId = reader.int32();
    // The client id stays a plain nullable string in v2.
    const clientIdLength = reader.int16();
    const clientId = clientIdLength < 0 ? null : reader.utf8(clientIdLength);
    const api = apiByKey(apiKey);
    // The body of an ApiVersions request in an unknown version is never read: it is answered in v0.
    if (api !== undefined && isFlexible(api, apiVersion) && apiVersion <= api.versions[1]) reader.skipTags();
    return { apiKey, apiVersion, correlationId, clientId, bodyOffset: reader.at };
  } catch (error) {
    throw toMillraceError(error, 'RequestHeader', 2);
  }
}

export function writeRequestHeader(writer: WireWriter, api: Api, version: number, correlationId: number, clientId: string | null): void {
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(correlationId);
  if (clientId === null) {
    writer.int16(-1);
  } else {
    const length = Buffer.byteLength(clientId);
    writer.int16(length);
    writer.utf8(clientId, length);
  }
  if (isFlexible(api, version)) writer.unsignedVarint(0);
}

/** ApiVersions answers with header v0 in every version: the client does not know yet what the broker can (KIP-511). */
function hasResponseTags(api: Api, version: number): boolean {
  return api.key !== ApiVersions.key && isFlexible(api, version);
}

export function writeResponseHeader(writer: WireWriter, api: Api, version: number, correlationId: number): void {
  writer.int32(correlationId);
  if (hasResponseTags(api, version)) writer.unsignedVarint(0);
}

/** The correlation id alone, to find out which request (API, version) a response belongs to. */
export function peekCorrelationId(buffer: Uint8Array, offset = 0): number {
  try {
    return new WireReader(buffer, offset).int32();
  } catch (error) {
    throw toMillraceError(error, 'ResponseHeader', 0);
  }
}

/** Reads a response's header; `offset` is after the frame's length. */
export function decodeResponseHeader(
  api: Api,
  version: number,
  buffer: Uint8Array,
  offset = 0,
): { readonly correlationId: number; readonly bodyOffset: number } {
  try {
    const reader = new WireReader(buffer, offset);
    const correlationId = reader.int32();
    if (hasResponseTags(api, version)) reader.skipTags();
    return { correlationId, bodyOffset: reader.at };
  } catch (error) {
    throw toMillraceError(error, `${api.name} ResponseHeader`, version);
  }
}
