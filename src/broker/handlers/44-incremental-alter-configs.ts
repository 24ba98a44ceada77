import { ErrorCode, type IncrementalAlterConfigs, KafkaProtocolError, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { APPEND, applyChanges, SUBTRACT } from '../configs/alter.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { BROKER_LOGGERS } from './broker-loggers.ts';
import { type ConfigResource, configResource } from './config-resources.ts';
import type { HandlerDeps } from './deps.ts';
import { failureOf } from './failure.ts';

type Request = RequestOf<typeof IncrementalAlterConfigs>;
type Response = ResponseInput<typeof IncrementalAlterConfigs>;

/** IncrementalAlterConfigs, versions 0 and 1: set, delete, append to and subtract from configs (KIP-339). */
export function incrementalAlterConfigsHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => ({
    responses: alterEach(deps, context, request, (resource, { configs }) => {
      if (resource.table === BROKER_LOGGERS) refuseLists(configs);
      const changes = configs.map(({ name, configOperation, value }) => ({ name, operation: configOperation, value }));
      const inForce = new Map(resource.describe().map(({ name, value }) => [name, value]));
      return applyChanges(resource.table, resource.own, changes, ({ name }) => inForce.get(name) ?? null);
    }),
  });
}

/** Levels are no lists, and Kafka says so in other words than for other configs. */
function refuseLists(configs: readonly { readonly configOperation: number }[]): void {
  const names = new Map([
    [APPEND, 'APPEND'],
    [SUBTRACT, 'SUBTRACT'],
  ]);
  const refused = configs.map(({ configOperation }) => names.get(configOperation)).find((each) => each !== undefined);
  if (refused !== undefined) {
    throw new KafkaProtocolError(ErrorCode.INVALID_REQUEST, `${refused} operation is not allowed for the BROKER_LOGGER resource`);
  }
}

interface ResourceRequest {
  readonly resourceType: number;
  readonly resourceName: string;
}

interface AlterRequest<R extends ResourceRequest> {
  readonly resources: readonly R[];
  readonly validateOnly: boolean;
}

interface ResourceResponse extends ResourceRequest {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Alters each resource on its own; one that is named twice is not altered. `next` makes its new configs. */
export function alterEach<R extends ResourceRequest>(
  deps: HandlerDeps,
  context: ServedRequest,
  request: AlterRequest<R>,
  next: (resource: ConfigResource, asked: R) => Record<string, string>,
): ResourceResponse[] {
  const counts = new Map<string, number>();
  const keyOf = ({ resourceType, resourceName }: R): string => `${resourceType} ${resourceName}`;
  for (const resource of request.resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1);
  return request.resources.map((asked) => {
    const { resourceType, resourceName } = asked;
    if (counts.get(keyOf(asked)) !== 1) {
      return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Each resource must appear at most once.', resourceType, resourceName };
    }
    try {
      const resource = configResource(deps, resourceType, resourceName, context.nodeId);
      const config = next(resource, asked);
      resource.check(config);
      if (!request.validateOnly) resource.set(config);
      return { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName };
    } catch (error) {
      const { code, message } = failureOf(deps, `altering configs of ${resourceName}`, error);
      return { errorCode: code, errorMessage: message, resourceType, resourceName };
    }
  });
}
