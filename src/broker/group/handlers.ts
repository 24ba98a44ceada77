/** Request handlers of the group coordinator, by API key. */

import type { HandlerMap, TransactionVerifier } from '../coordinator/index.ts';
import type { RequestContext, TopicRegistryApi } from '../seams.ts';
import type { GroupCoordinator } from './coordinator.ts';
import { addAdminHandlers } from './handlers-admin.ts';
import { addConsumerHandlers } from './handlers-consumer.ts';
import { addMembershipHandlers } from './handlers-membership.ts';
import { addOffsetCommitHandlers } from './handlers-offset-commit.ts';
import { addOffsetFetchHandlers } from './handlers-offset-fetch.ts';

export interface GroupHandlerDeps {
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionVerifier;
  readonly topics: TopicRegistryApi;
  /** Whether the client may know of the topic; what it may not, its regular expressions do not match. Left out: it may. */
  readonly mayDescribe?: (context: RequestContext, topic: string) => boolean;
}

/** JoinGroup, SyncGroup, Heartbeat, LeaveGroup, ConsumerGroupHeartbeat, everything that describes, lists and deletes groups, and offsets. */
export function groupHandlers(deps: GroupHandlerDeps): HandlerMap {
  const handlers: HandlerMap = new Map();
  addMembershipHandlers(handlers, deps.groups);
  addAdminHandlers(handlers, deps);
  addConsumerHandlers(handlers, deps);
  addOffsetCommitHandlers(handlers, deps);
  addOffsetFetchHandlers(handlers, deps);
  return handlers;
}
