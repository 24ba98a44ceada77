/** Guards of the requests about configs of things: each thing needs its own right. */

import { AlterConfigs, DescribeConfigs, ErrorCode, IncrementalAlterConfigs, type ResponseInput } from '../../../protocol/index.ts';
import type { RequestContext } from '../../seams.ts';
import type { Access } from '../access.ts';
import { Operation } from '../acl/constants.ts';
import { failure, type GuardDeps, type GuardMap, guard, split } from './guard.ts';

/** Kafka's `ConfigResource.Type`. */
const ConfigResourceType = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const;

interface ConfigResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

export function addConfigGuards(guards: GuardMap, { access }: GuardDeps): void {
  guard(guards, DescribeConfigs, async (request, context, next) => {
    const { allowed, denied } = splitResources(access, context, Operation.DESCRIBE_CONFIGS, request.resources);
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, resources: [...allowed] });
    return { ...response, results: [...response.results, ...denied.map((resource) => ({ ...refused(resource), configs: [] }))] };
  });

  guard(guards, AlterConfigs, async (request, context, next) => {
    const { allowed, denied } = splitResources(access, context, Operation.ALTER_CONFIGS, request.resources);
    if (denied.length === 0) return next(request);
    // The levels of loggers are none of this request's, whoever asks.
    return withRefused(await next({ ...request, resources: [...allowed] }), denied, [ConfigResourceType.BROKER_LOGGER]);
  });

  guard(guards, IncrementalAlterConfigs, async (request, context, next) => {
    const { allowed, denied } = splitResources(access, context, Operation.ALTER_CONFIGS, request.resources);
    if (denied.length === 0) return next(request);
    return withRefused(await next({ ...request, resources: [...allowed] }), denied);
  });
}

type Altered = ResponseInput<typeof AlterConfigs>;

function withRefused(response: Altered, denied: readonly ConfigResource[], unexpected: readonly number[] = []): Altered {
  const responses = denied.map((resource) =>
    unexpected.includes(resource.resourceType) ? { ...refused(resource), ...failure(ErrorCode.INVALID_REQUEST) } : refused(resource),
  );
  return { ...response, responses: [...response.responses, ...responses] };
}

function splitResources<T extends ConfigResource>(
  access: Access,
  context: RequestContext,
  operation: number,
  resources: readonly T[],
): { allowed: readonly T[]; denied: readonly T[] } {
  return split(resources, (resource) => isAllowed(access, context, operation, resource));
}

function isAllowed(access: Access, context: RequestContext, operation: number, { resourceType, resourceName }: ConfigResource): boolean {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return access.topic(context, operation, resourceName);
    case ConfigResourceType.GROUP:
      return access.group(context, operation, resourceName);
    default:
      // What nobody knows is refused by the handler; until it knows it, only those get there who may do this to the cluster.
      return access.cluster(context, operation);
  }
}

function refused({ resourceType, resourceName }: ConfigResource) {
  return { ...failure(errorOf(resourceType)), resourceType, resourceName };
}

function errorOf(resourceType: number): number {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    case ConfigResourceType.GROUP:
      return ErrorCode.GROUP_AUTHORIZATION_FAILED;
    case ConfigResourceType.BROKER:
    case ConfigResourceType.BROKER_LOGGER:
    case ConfigResourceType.CLIENT_METRICS:
      return ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
    default:
      return ErrorCode.INVALID_REQUEST;
  }
}
