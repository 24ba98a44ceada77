/** Guards of the requests of transactional producers and of those who look after transactions. */

import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  DescribeProducers,
  DescribeTransactions,
  EndTxn,
  ErrorCode,
  FindCoordinator,
  InitProducerId,
  KafkaProtocolError,
  kafkaError,
  ListTransactions,
  type RequestOf,
  type ResponseInput,
  WriteTxnMarkers,
} from '../../../protocol/index.ts';
import type { RequestContext } from '../../seams.ts';
import { INTERNAL_TOPICS } from '../../topic-names.ts';
import { Operation } from '../acl/constants.ts';
import { failure, type GuardDeps, type GuardMap, guard } from './guard.ts';

type AddResponse = ResponseInput<typeof AddPartitionsToTxn>;
type Coordinator = NonNullable<ResponseInput<typeof FindCoordinator>['coordinators']>[number];

const FIRST_ADD_OF_BROKERS = 4;
const FIRST_FIND_OF_SEVERAL = 4;
const KEY_TYPE_GROUP = 0;
const KEY_TYPE_TRANSACTION = 1;
const NO_NODE = { nodeId: -1, host: '', port: -1 };
const DENIED = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
const TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;

export function addTransactionGuards(guards: GuardMap, deps: GuardDeps): void {
  addFindCoordinatorGuard(guards, deps);
  addProducerGuards(guards, deps);
  addPartitionsGuard(guards, deps);
  addAdminGuards(guards, deps);
}

function addFindCoordinatorGuard(guards: GuardMap, { access }: GuardDeps): void {
  const problemOf = (context: RequestContext, keyType: number, key: string): number => {
    if (keyType === KEY_TYPE_GROUP && !access.group(context, Operation.DESCRIBE, key)) return ErrorCode.GROUP_AUTHORIZATION_FAILED;
    if (keyType === KEY_TYPE_TRANSACTION && !access.transactionalId(context, Operation.DESCRIBE, key)) return DENIED;
    return ErrorCode.NONE;
  };
  guard(guards, FindCoordinator, async (request, context, next) => {
    const { keyType, key, coordinatorKeys } = request;
    if (context.apiVersion < FIRST_FIND_OF_SEVERAL) {
      const problem = problemOf(context, keyType, key);
      return problem === ErrorCode.NONE ? next(request) : { ...NO_NODE, ...failure(problem) };
    }
    const problems = coordinatorKeys.map((one) => problemOf(context, keyType, one));
    const response = await next({ ...request, coordinatorKeys: coordinatorKeys.filter((_, index) => problems[index] === ErrorCode.NONE) });
    const refused = coordinatorKeys.flatMap((one, index): Coordinator[] => {
      const errorCode = problems[index]!;
      return errorCode === ErrorCode.NONE ? [] : [{ key: one, ...NO_NODE, errorCode, errorMessage: '' }];
    });
    return { ...response, coordinators: [...(response.coordinators ?? []), ...refused] };
  });
}

function addProducerGuards(guards: GuardMap, { access }: GuardDeps): void {
  const requireId = (context: RequestContext, transactionalId: string): void => {
    if (!access.transactionalId(context, Operation.WRITE, transactionalId)) throw new KafkaProtocolError(DENIED);
  };

  guard(guards, InitProducerId, (request, context, next) => {
    if (request.transactionalId !== null) requireId(context, request.transactionalId);
    else if (!access.cluster(context, Operation.IDEMPOTENT_WRITE) && !access.someTopic(context, Operation.WRITE))
      throw new KafkaProtocolError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    return next(request);
  });

  guard(guards, AddOffsetsToTxn, (request, context, next) => {
    requireId(context, request.transactionalId);
    if (!access.group(context, Operation.READ, request.groupId)) throw new KafkaProtocolError(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    return next(request);
  });

  guard(guards, EndTxn, (request, context, next) => {
    requireId(context, request.transactionalId);
    return next(request);
  });
}

function addPartitionsGuard(guards: GuardMap, deps: GuardDeps): void {
  const { access } = deps;
  guard(guards, AddPartitionsToTxn, (request, context, next) => {
    if (context.apiVersion >= FIRST_ADD_OF_BROKERS) {
      access.requireCluster(context, Operation.CLUSTER_ACTION);
      return next(request);
    }
    const { v3AndBelowTransactionalId: transactionalId, v3AndBelowTopics: topics } = request;
    const mayUse = access.transactionalId(context, Operation.WRITE, transactionalId);
    if (!mayUse) return eachPartition(request, () => DENIED);
    const mayWrite = new Map(topics.map(({ name }) => [name, !INTERNAL_TOPICS.has(name) && access.topic(context, Operation.WRITE, name)]));
    if ([...mayWrite.values()].every((may) => may)) return next(request);
    // One partition that cannot be added keeps all others from being added.
    return eachPartition(request, (name, partition) => {
      if (mayWrite.get(name) !== true) return TOPIC_DENIED;
      const exists = deps.topics.get(name)?.partitions[partition] !== undefined;
      return exists ? ErrorCode.OPERATION_NOT_ATTEMPTED : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    });
  });
}

function eachPartition(request: RequestOf<typeof AddPartitionsToTxn>, codeOf: (topic: string, partition: number) => number): AddResponse {
  const results = request.v3AndBelowTopics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partition) => ({ partitionIndex: partition, partitionErrorCode: codeOf(name, partition) })),
  }));
  return { resultsByTopicV3AndBelow: results };
}

function addAdminGuards(guards: GuardMap, { access }: GuardDeps): void {
  guard(guards, WriteTxnMarkers, (request, context, next) => {
    if (!access.cluster(context, Operation.ALTER)) access.requireCluster(context, Operation.CLUSTER_ACTION);
    return next(request);
  });

  guard(guards, DescribeProducers, async (request, context, next) => {
    const allowed = request.topics.filter(({ name }) => access.topic(context, Operation.READ, name));
    if (allowed.length === request.topics.length) return next(request);
    const response = await next({ ...request, topics: allowed });
    const denied = request.topics.filter(({ name }) => !access.topic(context, Operation.READ, name));
    const { message } = kafkaError(TOPIC_DENIED);
    const refused = denied.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        return { partitionIndex, errorCode: TOPIC_DENIED, errorMessage: message, activeProducers: [] };
      }),
    }));
    return { ...response, topics: [...response.topics, ...refused] };
  });

  guard(guards, DescribeTransactions, async (request, context, next) => {
    const mayDescribe = (transactionalId: string): boolean => access.transactionalId(context, Operation.DESCRIBE, transactionalId);
    const response = await next({ ...request, transactionalIds: request.transactionalIds.filter(mayDescribe) });
    const shown = response.transactionStates.map((state) => {
      return { ...state, topics: state.topics.filter(({ topic }) => access.topic(context, Operation.DESCRIBE, topic)) };
    });
    const refused = request.transactionalIds.filter((id) => !mayDescribe(id)).map(hiddenTransaction);
    return { ...response, transactionStates: [...shown, ...refused] };
  });

  guard(guards, ListTransactions, async (request, context, next) => {
    const response = await next(request);
    const mayDescribe = ({ transactionalId }: { readonly transactionalId: string }): boolean =>
      access.transactionalId(context, Operation.DESCRIBE, transactionalId);
    return { ...response, transactionStates: response.transactionStates.filter(mayDescribe) };
  });
}

function hiddenTransaction(transactionalId: string): ResponseInput<typeof DescribeTransactions>['transactionStates'][number] {
  return {
    errorCode: DENIED,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}
