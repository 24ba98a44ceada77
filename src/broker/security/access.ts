/** What request guards ask: may this client do that? The shape of Kafka's `AuthHelper`. */

import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';
import type { RequestContext } from '../seams.ts';
import type { AclAuthorizer } from './acl/authorizer.ts';
import { CLUSTER_NAME, nameOf, Operation, ResourceType, SUPPORTED_OPERATIONS } from './acl/constants.ts';

export class Access {
  readonly #authorizer: AclAuthorizer;

  constructor(authorizer: AclAuthorizer) {
    this.#authorizer = authorizer;
  }

  topic(context: RequestContext, operation: number, name: string): boolean {
    return this.#authorizer.allows(context, operation, ResourceType.TOPIC, name);
  }

  group(context: RequestContext, operation: number, groupId: string): boolean {
    return this.#authorizer.allows(context, operation, ResourceType.GROUP, groupId);
  }

  transactionalId(context: RequestContext, operation: number, transactionalId: string): boolean {
    return this.#authorizer.allows(context, operation, ResourceType.TRANSACTIONAL_ID, transactionalId);
  }

  cluster(context: RequestContext, operation: number): boolean {
    return this.#authorizer.allows(context, operation, ResourceType.CLUSTER, CLUSTER_NAME);
  }

  /** Throws KafkaProtocolError CLUSTER_AUTHORIZATION_FAILED. */
  requireCluster(context: RequestContext, operation: number): void {
    if (this.cluster(context, operation)) return;
    const problem = `${context.principal} needs ${nameOf(Operation, operation)} permission on the cluster.`;
    throw new KafkaProtocolError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, problem);
  }

  /** Whether there may be a topic that the client may do this to. */
  someTopic(context: RequestContext, operation: number): boolean {
    return this.#authorizer.allowsSome(context, operation, ResourceType.TOPIC);
  }

  /** Bit set of what the client may do to a thing (KIP-430). */
  operations(context: RequestContext, resourceType: number, name: string): number {
    let bits = 0;
    for (const operation of SUPPORTED_OPERATIONS[resourceType] ?? []) {
      if (this.#authorizer.allows(context, operation, resourceType, name)) bits |= 1 << operation;
    }
    return bits;
  }
}
