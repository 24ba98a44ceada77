/** From a frame to its response: header, version, handler, and what is answered when something goes wrong. */

import {
  type Api,
  ApiVersions,
  apiByKey,
  decodeRequest,
  decodeRequestHeader,
  ErrorCode,
  encodeResponseFrame,
  KafkaProtocolError,
  Produce,
  type RequestHeader,
  readInt16,
} from '../protocol/index.ts';
import type { AnyApiHandler } from './coordinator/handler-map.ts';
import { errorResponse } from './error-response.ts';
import type { FaultService } from './faults/fault-service.ts';
import type { BrokerLogger } from './logger.ts';
import type { RequestContext } from './seams.ts';
import { type Connection, ConnectionFault, type FrameHandler } from './server/connection.ts';

/** A request's context with what only the broker's own handlers need. */
export interface ServedRequest extends RequestContext {
  readonly connection: Connection;
}

/** Returned by a handler for a request that gets no response (Produce with acks=0). */
export const NO_RESPONSE = Symbol('no response');

export interface ServedApi {
  readonly api: Api;
  /** Versions answered, as ApiVersions advertises them. */
  readonly versions: readonly [first: number, last: number];
  readonly handle: AnyApiHandler;
}

export class Dispatcher implements FrameHandler {
  readonly #served: ReadonlyMap<number, ServedApi>;
  readonly #log: BrokerLogger;
  readonly #faults: FaultService;

  constructor(served: ReadonlyMap<number, ServedApi>, log: BrokerLogger, faults: FaultService) {
    this.#served = served;
    this.#log = log;
    this.#faults = faults;
  }

  async handle(frame: Buffer, connection: Connection): Promise<Buffer[] | undefined> {
    const header = decodeRequestHeader(frame);
    const served = this.#served.get(header.apiKey);
    if (served === undefined) {
      throw new ConnectionFault(
        `request with key ${header.apiKey} (${apiByKey(header.apiKey)?.name ?? 'unknown'}), which this broker does not serve`,
      );
    }
    const { api } = served;
    const [first, last] = served.versions;
    const supported = header.apiVersion >= first && header.apiVersion <= last;
    if (!supported && api.key !== ApiVersions.key) {
      throw new ConnectionFault(`${api.name} request in version ${header.apiVersion}; ${first} to ${last} are supported`);
    }
    // A newer ApiVersions is answered in version 0, whatever its body says, so that the client can choose (KIP-511).
    const apiVersion = supported ? header.apiVersion : 0;
    const request = supported ? decodeRequest(api, apiVersion, frame, header.bodyOffset) : undefined;
    const context = contextOf(header, connection);
    if (this.#faults.engaged) return this.#serveFaulty(served, apiVersion, request, context);
    const response = await this.#respond(served, request, context);
    // A fault that was set while this request waited for its answer does not concern it, but a pause of its node does.
    if (this.#faults.engaged) await this.#faults.untilResumed(context.nodeId, connection);
    if (response === NO_RESPONSE) return undefined;
    return encodeResponseFrame(api, apiVersion, header.correlationId, response as never);
  }

  /** The log copies or writes batches while it appends them; groups and others may keep bytes of their requests. */
  isDone(frame: Buffer): boolean {
    return readInt16(frame, 0) === Produce.key;
  }

  #serveFaulty(served: ServedApi, version: number, request: unknown, context: ServedRequest): Promise<Buffer[] | undefined> {
    const { api } = served;
    const { connection, correlationId } = context;
    return this.#faults.serve({
      api,
      version,
      request: request as Readonly<Record<string, unknown>> | undefined,
      context,
      connection,
      serve: (body) => this.#respond(served, body, context),
      encode: (response) => encodeResponseFrame(api, version, correlationId, response as never),
    });
  }

  async #respond(served: ServedApi, request: unknown, context: ServedRequest): Promise<unknown> {
    try {
      return await served.handle(request, context);
    } catch (error) {
      if (error instanceof ConnectionFault) throw error;
      const known = error instanceof KafkaProtocolError;
      if (!known)
        this.#log.error(
          `${served.api.name} v${context.apiVersion} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      const code = known ? error.code : ErrorCode.UNKNOWN_SERVER_ERROR;
      const response = errorResponse(served.api, context.apiVersion, request, code, known ? error.message : null);
      if (response === undefined) throw new ConnectionFault(`${served.api.name} failed and its response has no place for an error`);
      return response;
    }
  }
}

function contextOf(header: RequestHeader, connection: Connection): ServedRequest {
  return {
    apiKey: header.apiKey,
    apiVersion: header.apiVersion,
    correlationId: header.correlationId,
    clientId: header.clientId,
    clientHost: connection.clientHost,
    principal: connection.principal,
    nodeId: connection.nodeId,
    connectionId: connection.id,
    connection,
  };
}
