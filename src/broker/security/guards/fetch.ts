import type { Fetch, RequestOf } from '../../../protocol/index.ts';
import type { RequestContext } from '../../seams.ts';
import type { Access } from '../access.ts';
import { Operation } from '../acl/constants.ts';

/**
 * Whether a client may fetch from a topic. Undefined without an authorizer: everybody may, and nobody need ask. A client
 * that says that it is a broker needs the right of brokers.
 */
export function fetchPermission(
  access: Access | undefined,
  context: RequestContext,
  { replicaId, replicaState }: Pick<RequestOf<typeof Fetch>, 'replicaId' | 'replicaState'>,
): ((topic: string) => boolean) | undefined {
  if (access === undefined) return undefined;
  const isFollower = replicaId >= 0 || replicaState.replicaId >= 0;
  if (isFollower) return () => access.cluster(context, Operation.CLUSTER_ACTION);
  return (topic) => access.topic(context, Operation.READ, topic);
}
