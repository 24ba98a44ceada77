import type { AlterConfigs, RequestOf, ResponseInput } from '../../protocol/index.ts';
import { replaceAll } from '../configs/alter.ts';
import type { ServedRequest } from '../dispatcher.ts';
import { alterEach } from './44-incremental-alter-configs.ts';
import type { HandlerDeps } from './deps.ts';

type Request = RequestOf<typeof AlterConfigs>;
type Response = ResponseInput<typeof AlterConfigs>;

/** AlterConfigs, versions 0 to 2: replaces all configs of a resource. Kafka's clients dropped it, kafkajs has nothing else. */
export function alterConfigsHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => ({
    responses: alterEach(deps, context, request, (_, { configs }) => replaceAll(configs)),
  });
}
