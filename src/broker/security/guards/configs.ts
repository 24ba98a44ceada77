/** Guards of the requests about configs of things: each thing needs its own right. */

import {
  AlterConfigs,
  DescribeConfigs,
  ErrorCode,
  IncrementalAlterConfigs,
  type RequestOf,
  type ResponseInput,
} from '../../../protocol/index.ts';
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
    return withRefused(await next({ ...request, resources: [...allowed] }), denied);
  });

  guard(guards, IncrementalAlterConfigs, async (request, context, next) => {
    const { allowed, denied } = splitResources(access, context, Operation.ALTER_CONFIGS, request.resources);
    if (denied.length === 0) return next(request);
    return withRefused(await next({ ...request, resources: [...allowed] }), denied);
  });
}

type Altered = ResponseInput<typeof AlterConfigs>;

function withRefused(response: Altered, denied: readonly ConfigResource[]): Altered {
  return { ...response, responses: [...response.responses, ...denied.map(refused)] };
}

function splitResources<T extends RequestOf<typeof AlterConfigs>['resources'][number] | ConfigResource>(
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
      // Of a type that nobody knows, only those learn who may do this to the cluster.
      return access.cluster(context, operation);
  }
}

function refused({ resourceType, resourceName }: ConfigResource) {
  return { ...failure(errorOf(resourceType)), resourceType, resourceName };
}

function errorOf(resourceType: number): number {
  if (resourceType === ConfigResourceType.TOPIC) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return resourceType === ConfigResourceType.GROUP ? ErrorCode.GROUP_AUTHORIZATION_FAILED : ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
}
