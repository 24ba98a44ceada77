import { Fetch, Produce } from '../../protocol/index.ts';
import type { RequestContext } from '../seams.ts';
import type { ClientQuotas } from './client-quotas.ts';

const USER_PREFIX = 'User:';

/** What is measured: the bytes of records that a request brings, or that its response takes. */
interface Records {
  readonly records?: Uint8Array | null;
}

/** How long a client must wait after a produce or fetch, by its byte rates; 0 for all other requests. */
export function byteThrottleTimeMs(
  quotas: ClientQuotas,
  apiKey: number,
  request: unknown,
  response: unknown,
  context: RequestContext,
): number {
  if (!quotas.any || (apiKey !== Produce.key && apiKey !== Fetch.key)) return 0;
  const produces = apiKey === Produce.key;
  const bytes = produces ? producedBytes(request) : fetchedBytes(response);
  const { principal } = context;
  const user = principal.startsWith(USER_PREFIX) ? principal.slice(USER_PREFIX.length) : principal;
  return quotas.charge(produces ? 'producer_byte_rate' : 'consumer_byte_rate', user, context.clientId ?? '', bytes);
}

function producedBytes(request: unknown): number {
  const { topicData } = request as { readonly topicData: readonly { readonly partitionData: readonly Records[] }[] };
  let bytes = 0;
  for (const { partitionData } of topicData) bytes += bytesOf(partitionData);
  return bytes;
}

function fetchedBytes(response: unknown): number {
  const { responses = [] } = response as { readonly responses?: readonly { readonly partitions: readonly Records[] }[] };
  let bytes = 0;
  for (const { partitions } of responses) bytes += bytesOf(partitions);
  return bytes;
}

function bytesOf(partitions: readonly Records[]): number {
  let bytes = 0;
  for (const { records } of partitions) bytes += records?.length ?? 0;
  return bytes;
}
