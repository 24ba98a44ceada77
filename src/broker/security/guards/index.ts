/** All guards. */

import { Fetch } from '../../../protocol/index.ts';
import type { AnyApiHandler } from '../../coordinator/handler-map.ts';
import { Operation } from '../acl/constants.ts';
import { addClusterGuards, clusterGuard } from './cluster.ts';
import { addConfigGuards } from './configs.ts';
import { addDataGuards } from './data.ts';
import { addGroupGuards } from './groups.ts';
import type { GuardDeps, GuardMap } from './guard.ts';
import { addMetadataGuards } from './metadata.ts';
import { addOffsetGuards } from './offsets.ts';
import { addTopicGuards } from './topics.ts';
import { addTransactionGuards } from './transactions.ts';

export type { GuardDeps } from './guard.ts';

export function guardsOf(deps: GuardDeps): GuardMap {
  const guards: GuardMap = new Map();
  // A session keeps partitions from one fetch to the next, so the handler asks for each partition when it reads it.
  guards.set(Fetch.key, (handler) => handler);
  addDataGuards(guards, deps);
  addMetadataGuards(guards, deps);
  addTopicGuards(guards, deps);
  addGroupGuards(guards, deps);
  addOffsetGuards(guards, deps);
  addTransactionGuards(guards, deps);
  addConfigGuards(guards, deps);
  addClusterGuards(guards, deps);
  return guards;
}

/**
 * The handler with its guard. One for which nobody has written a guard is only for those who may do what brokers do: a
 * new API must not be open by mistake.
 */
export function guarded(guards: GuardMap, { access }: GuardDeps, key: number, handler: AnyApiHandler): AnyApiHandler {
  const make = guards.get(key) ?? clusterGuard(access, Operation.CLUSTER_ACTION);
  return make(handler);
}
