import { ErrorCode, type ListConfigResources, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { CLUSTER_DEFAULT } from '../configs/config-store.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { ResourceType } from './config-resources.ts';
import type { HandlerDeps } from './deps.ts';

type Request = RequestOf<typeof ListConfigResources>;
type Response = ResponseInput<typeof ListConfigResources>;

/** ListConfigResources, versions 0 (client metrics only) and 1 (KIP-1142). */
export function listConfigResourcesHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => {
    const all: readonly number[] = Object.values(ResourceType);
    const asked =
      context.apiVersion === 0 ? [ResourceType.CLIENT_METRICS] : request.resourceTypes.length === 0 ? all : request.resourceTypes;
    if (asked.some((type) => !all.includes(type))) return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] };
    const configResources = asked.flatMap((resourceType) =>
      namesOf(deps, resourceType).map((resourceName) => ({ resourceName, resourceType })),
    );
    return { errorCode: ErrorCode.NONE, configResources };
  };
}

function namesOf(deps: HandlerDeps, resourceType: number): string[] {
  switch (resourceType) {
    case ResourceType.TOPIC:
      return [...deps.topics.all()].map((topic) => topic.name);
    case ResourceType.BROKER:
      return deps.nodes
        .live()
        .map((node) => String(node.id))
        .concat(deps.configs.names('broker').filter((name) => name === CLUSTER_DEFAULT));
    case ResourceType.BROKER_LOGGER:
      return deps.nodes.live().map((node) => String(node.id));
    case ResourceType.GROUP:
      return deps.configs.names('group');
    default:
      return deps.configs.names('client-metrics');
  }
}
