/**
 * Guards stand between the dispatcher and the handlers when there is an authorizer. A guard takes what the client may not
 * ask for out of a request, has the rest answered, and answers for what it took out: which right is needed for what, and
 * which error says that it is missing, is as in Kafka's `KafkaApis` and `ControllerApis`. Without an authorizer there are
 * no guards, so they cost nothing.
 */

import type { Api, RequestOf, ResponseInput } from '../../../protocol/index.ts';
import { kafkaError } from '../../../protocol/index.ts';
import type { ConfigStore } from '../../configs/config-store.ts';
import type { AnyApiHandler } from '../../coordinator/handler-map.ts';
import type { RequestContext, TopicRegistryApi } from '../../seams.ts';
import type { Access } from '../access.ts';

/** What guards look things up in. */
export interface GuardDeps {
  readonly access: Access;
  readonly topics: Pick<TopicRegistryApi, 'all' | 'get' | 'getById'>;
  readonly configs: ConfigStore;
}

/** Has a request answered by its handler. */
export type Next<A extends Api> = (request: RequestOf<A>) => Promise<ResponseInput<A>>;

/** Throws KafkaProtocolError to refuse the whole request. */
export type Guard<A extends Api> = (
  request: RequestOf<A>,
  context: RequestContext,
  next: Next<A>,
) => ResponseInput<A> | Promise<ResponseInput<A>>;

/** Makes a handler that asks a guard first. */
export type AnyGuard = (handler: AnyApiHandler) => AnyApiHandler;

/** Guards by API key. */
export type GuardMap = Map<number, AnyGuard>;

export function guard<A extends Api>(guards: GuardMap, api: A, check: Guard<A>): void {
  guards.set(api.key, (handler) => (request, context) => {
    const next: Next<A> = async (allowed) => (await handler(allowed, context)) as ResponseInput<A>;
    return check(request as RequestOf<A>, context, next);
  });
}

/** Splits in two: what may be asked for, and what not. Usually everything may be, and then nothing is copied. */
export function split<T>(items: readonly T[], isAllowed: (item: T) => boolean): { allowed: readonly T[]; denied: readonly T[] } {
  const denied = items.filter((item) => !isAllowed(item));
  if (denied.length === 0) return { allowed: items, denied };
  const refused = new Set(denied);
  return { allowed: items.filter((item) => !refused.has(item)), denied };
}

/** The code, and the words that go with it. */
export function failure(errorCode: number): { errorCode: number; errorMessage: string } {
  return { errorCode, errorMessage: kafkaError(errorCode).message };
}
