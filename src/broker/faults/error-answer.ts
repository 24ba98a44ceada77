/** What a request is answered that an error fault hit. */

import { type Api, ErrorCode, Fetch, kafkaError, Metadata } from '../../protocol/index.ts';
import { type ErrorPlace, errorResponse } from '../error-response.ts';
import type { ErrorFault } from './fault.ts';
import { splitByTopic, type TopicNames } from './named-topics.ts';

type Struct = Readonly<Record<string, unknown>>;

/** These have a place for errors at the top too, but clients look for all others than these in the partitions. */
const TOP_ONLY: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [
    Fetch.key,
    new Set<number>([ErrorCode.FETCH_SESSION_ID_NOT_FOUND, ErrorCode.INVALID_FETCH_SESSION_EPOCH, ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR]),
  ],
  [Metadata.key, new Set<number>([ErrorCode.REBOOTSTRAP_REQUIRED])],
]);

/** Where clients look for the error, if it is not about a topic. */
export function placeOfError(api: Api, code: number): ErrorPlace {
  return TOP_ONLY.get(api.key)?.has(code) === false ? 'items' : 'top';
}

export interface ErrorAnswerRequest {
  readonly api: Api;
  readonly version: number;
  readonly request: Struct | undefined;
  readonly fault: ErrorFault;
  /** Only this topic has the error. */
  readonly topic: string | undefined;
  readonly names: TopicNames;
  /** Serves what the error is not for. */
  readonly serve: (request: Struct) => Promise<unknown>;
}

/** Undefined when the response has no place for an error. */
export async function errorAnswer(asked: ErrorAnswerRequest): Promise<Struct | undefined> {
  const { api, version, request, fault, topic, names } = asked;
  const code = ErrorCode[fault.error];
  const message = fault.message ?? kafkaError(code).message;
  const answer = (body: Struct | undefined, place: ErrorPlace): Struct | undefined =>
    errorResponse(api, version, body, code, message, place);
  const split = topic === undefined || request === undefined ? undefined : splitByTopic(api.request.shape, request, topic, names);
  if (split === undefined) return answer(request, placeOfError(api, code));
  const failed = answer(split.matching, 'items');
  if (split.rest === undefined || failed === undefined) return failed;
  const served = await asked.serve(split.rest);
  return typeof served === 'object' && served !== null ? joined(api, served as Struct, failed) : failed;
}

/** The items of both responses; all else is as served. */
function joined(api: Api, served: Struct, failed: Struct): Struct {
  const result: Record<string, unknown> = { ...served };
  for (const [name, field] of Object.entries(api.response.shape)) {
    const items = failed[name];
    if (field.kind !== 'array' || !Array.isArray(items) || items.length === 0) continue;
    const others = served[name];
    result[name] = [...items, ...(Array.isArray(others) ? (others as unknown[]) : [])];
  }
  return result;
}
