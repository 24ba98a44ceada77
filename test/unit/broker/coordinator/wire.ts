/** Calls a handler as the dispatcher does: request and response go through their encoded form in the given version. */

import type { HandlerMap } from '../../../../src/broker/coordinator/index.ts';
import type { RequestContext } from '../../../../src/broker/seams.ts';
import {
  type Api,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestInput,
  type ResponseInput,
  type ResponseOf,
} from '../../../../src/protocol/index.ts';

export async function call<A extends Api>(
  handlers: HandlerMap,
  api: A,
  version: number,
  request: RequestInput<A>,
  nodeId = 1,
): Promise<ResponseOf<A>> {
  const handler = handlers.get(api.key);
  if (handler === undefined) throw new Error(`no handler for ${api.name}`);
  const context: RequestContext = {
    apiKey: api.key,
    apiVersion: version,
    correlationId: 1,
    clientId: 'app',
    clientHost: '127.0.0.1',
    principal: 'User:ANONYMOUS',
    nodeId,
    connectionId: 'test',
  };
  const response = await handler(decodeRequest(api, version, encodeRequest(api, version, request)), context);
  return decodeResponse(api, version, encodeResponse(api, version, response as ResponseInput<A>));
}

export function versionsOf(api: Api): number[] {
  return Array.from({ length: api.versions[1] - api.versions[0] + 1 }, (_, index) => api.versions[0] + index);
}
