/** Guards of the requests that need a right on the cluster as a whole, or none. */

import {
  AlterReplicaLogDirs,
  AlterUserScramCredentials,
  ApiVersions,
  CreateAcls,
  DeleteAcls,
  DescribeAcls,
  DescribeLogDirs,
  DescribeUserScramCredentials,
  ErrorCode,
  ListConfigResources,
  SaslAuthenticate,
  SaslHandshake,
} from '../../../protocol/index.ts';
import type { Access } from '../access.ts';
import { Operation } from '../acl/constants.ts';
import { type AnyGuard, failure, type GuardDeps, type GuardMap, guard } from './guard.ts';

const FIRST_LOG_DIRS_ERROR = 3;
const DENIED = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;

/** What a client needs to get to know the broker, and to log in. */
const OPEN_TO_ALL = [ApiVersions.key, SaslHandshake.key, SaslAuthenticate.key];

/** Requests that are refused as a whole, by key: the operation on the cluster that they need. */
const CLUSTER_OPERATIONS: readonly (readonly [key: number, operation: number])[] = [
  [DescribeAcls.key, Operation.DESCRIBE],
  [CreateAcls.key, Operation.ALTER],
  [DeleteAcls.key, Operation.ALTER],
  [43 /* ElectLeaders */, Operation.ALTER],
  [45 /* AlterPartitionReassignments */, Operation.ALTER],
  [46 /* ListPartitionReassignments */, Operation.DESCRIBE],
  [48 /* DescribeClientQuotas */, Operation.DESCRIBE_CONFIGS],
  [49 /* AlterClientQuotas */, Operation.ALTER_CONFIGS],
  [DescribeUserScramCredentials.key, Operation.DESCRIBE],
  [55 /* DescribeQuorum */, Operation.DESCRIBE],
  [57 /* UpdateFeatures */, Operation.ALTER],
  [64 /* UnregisterBroker */, Operation.ALTER],
  [ListConfigResources.key, Operation.DESCRIBE_CONFIGS],
];

export function addClusterGuards(guards: GuardMap, deps: GuardDeps): void {
  const { access } = deps;
  for (const key of OPEN_TO_ALL) guards.set(key, (handler) => handler);
  for (const [key, operation] of CLUSTER_OPERATIONS) guards.set(key, clusterGuard(access, operation));
  addLogDirGuards(guards, deps);

  guard(guards, AlterUserScramCredentials, (request, context, next) => {
    if (access.cluster(context, Operation.ALTER)) return next(request);
    const users = new Set([...request.deletions, ...request.upsertions].map(({ name }) => name));
    return { results: [...users].map((user) => ({ user, ...failure(DENIED) })) };
  });
}

function addLogDirGuards(guards: GuardMap, { access }: GuardDeps): void {
  guard(guards, AlterReplicaLogDirs, (request, context, next) => {
    if (access.cluster(context, Operation.ALTER)) return next(request);
    const results = request.dirs.flatMap(({ topics }) =>
      topics.map(({ name, partitions }) => ({
        topicName: name,
        partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode: DENIED })),
      })),
    );
    return { results };
  });

  guard(guards, DescribeLogDirs, (request, context, next) => {
    if (access.cluster(context, Operation.DESCRIBE)) return next(request);
    // Before there was a place for an error, an empty list had to do.
    return { results: [], ...(context.apiVersion >= FIRST_LOG_DIRS_ERROR && { errorCode: DENIED }) };
  });
}

/** For requests whose error is told once, or in each item, as the dispatcher does it. */
export function clusterGuard(access: Access, operation: number): AnyGuard {
  return (handler) => (request, context) => {
    access.requireCluster(context, operation);
    return handler(request, context);
  };
}
