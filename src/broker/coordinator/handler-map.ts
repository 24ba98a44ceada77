/** Request handlers by API key, typed one by one and looked up as one map. */

import type { Api, RequestOf, ResponseInput } from '../../protocol/index.ts';
import type { RequestContext } from '../seams.ts';

export type ApiHandler<A extends Api> = (request: RequestOf<A>, context: RequestContext) => ResponseInput<A> | Promise<ResponseInput<A>>;

/** What the dispatcher calls: the request as its schema decodes it, the response as its schema encodes it. */
export type AnyApiHandler = (request: unknown, context: RequestContext) => unknown;

export type HandlerMap = Map<number, AnyApiHandler>;

export function handle<A extends Api>(handlers: HandlerMap, api: A, handler: ApiHandler<A>): void {
  handlers.set(api.key, (request, context) => handler(request as RequestOf<A>, context));
}
