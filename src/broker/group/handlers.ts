/** Request handlers of the group coordinator, by API key. */

import type { HandlerMap, TransactionVerifier } from '../coordinator/index.ts';
import type { TopicRegistryApi } from '../seams.ts';
import type { GroupCoordinator } from './coordinator.ts';
import { addAdminHandlers } from './handlers-admin.ts';
import { addMembershipHandlers } from './handlers-membership.ts';
import { addOffsetCommitHandlers } from './handlers-offset-commit.ts';
import { addOffsetFetchHandlers } from './handlers-offset-fetch.ts';

export interface GroupHandlerDeps {
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionVerifier;
  readonly topics: TopicRegistryApi;
}

/** JoinGroup, SyncGroup, Heartbeat, LeaveGroup, Describe-, List- and DeleteGroups, OffsetCommit, -Fetch and -Delete, TxnOffsetCommit. */
export function groupHandlers(deps: GroupHandlerDeps): HandlerMap {
  const handlers: HandlerMap = new Map();
  addMembershipHandlers(handlers, deps.groups);
  addAdminHandlers(handlers, deps);
  addOffsetCommitHandlers(handlers, deps);
  addOffsetFetchHandlers(handlers, deps);
  return handlers;
}
