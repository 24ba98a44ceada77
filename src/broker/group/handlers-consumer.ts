/** ConsumerGroupHeartbeat and ConsumerGroupDescribe (KIP-848): between the wire and the coordinator. */

import {
  ConsumerGroupDescribe,
  ConsumerGroupHeartbeat,
  KafkaProtocolError,
  type RequestOf,
  type ResponseInput,
} from '../../protocol/index.ts';
import { Code, type HandlerMap, handle, intSetting } from '../coordinator/index.ts';
import type { RequestContext } from '../seams.ts';
import { assignmentFromWire, assignmentToWire } from './consumer/assignment.ts';
import { describeConsumerGroup } from './consumer/describe.ts';
import { type ConsumerHeartbeat, type ConsumerHeartbeatResult, heartbeatError } from './consumer/types.ts';
import type { GroupCoordinator } from './coordinator.ts';
import type { GroupHandlerDeps } from './handlers.ts';
import { ALL_GROUP_OPERATIONS, OPERATIONS_NOT_ASKED_FOR } from './handlers-admin.ts';

/** From here on clients make their member ids themselves. */
const CLIENT_BRINGS_MEMBER_ID = 1;

type DescribedGroup = ResponseInput<typeof ConsumerGroupDescribe>['groups'][number];

export function addConsumerHandlers(handlers: HandlerMap, { groups, mayDescribe = () => true }: GroupHandlerDeps): void {
  handle(handlers, ConsumerGroupHeartbeat, async (request, context) => {
    requireConsumerProtocol(groups);
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    if (errorCode !== Code.NONE) return heartbeatResponse(heartbeatError(errorCode, null));
    const heartbeat = heartbeatOf(request, context, (topic) => mayDescribe(context, topic));
    return heartbeatResponse(await groups.consumerHeartbeat(heartbeat));
  });

  handle(handlers, ConsumerGroupDescribe, async (request, context) => {
    requireConsumerProtocol(groups);
    const authorizedOperations = request.includeAuthorizedOperations ? ALL_GROUP_OPERATIONS : OPERATIONS_NOT_ASKED_FOR;
    const described = request.groupIds.map(async (groupId): Promise<DescribedGroup> => {
      if (groupId === '') return undescribed(groupId, Code.INVALID_GROUP_ID, null);
      const errorCode = await groups.readiness.check(groupId, context.nodeId);
      if (errorCode !== Code.NONE) return undescribed(groupId, errorCode, null);
      return describe(groups, groupId, authorizedOperations);
    });
    return { groups: await Promise.all(described) };
  });
}

/** While the feature is switched off, requests are answered as by a broker that has never heard of them. */
function requireConsumerProtocol({ config }: GroupCoordinator): void {
  if (intSetting(config, 'group.version') < 1) throw new KafkaProtocolError(Code.UNSUPPORTED_VERSION);
}

function heartbeatOf(
  request: RequestOf<typeof ConsumerGroupHeartbeat>,
  context: RequestContext,
  mayDescribe: (topic: string) => boolean,
): ConsumerHeartbeat {
  const { groupId, memberId, memberEpoch, instanceId, rackId, rebalanceTimeoutMs, serverAssignor, topicPartitions } = request;
  return {
    groupId,
    memberId,
    memberEpoch,
    instanceId,
    rackId,
    rebalanceTimeoutMs,
    topicNames: request.subscribedTopicNames,
    topicRegex: request.subscribedTopicRegex,
    serverAssignor,
    owned: topicPartitions === null ? null : assignmentFromWire(topicPartitions),
    clientId: context.clientId ?? '',
    // As Java writes addresses; tools show it so.
    clientHost: `/${context.clientHost}`,
    bringsMemberId: context.apiVersion >= CLIENT_BRINGS_MEMBER_ID,
    mayDescribe,
  };
}

function heartbeatResponse(result: ConsumerHeartbeatResult): ResponseInput<typeof ConsumerGroupHeartbeat> {
  const { assignment, ...rest } = result;
  return { ...rest, assignment: assignment === null ? null : { topicPartitions: assignmentToWire(assignment) } };
}

function describe(groups: GroupCoordinator, groupId: string, authorizedOperations: number): DescribedGroup {
  const group = groups.find(groupId);
  if (group?.type !== 'consumer') {
    const message = group === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a consumer group.`;
    return { ...undescribed(groupId, Code.GROUP_ID_NOT_FOUND, message), authorizedOperations };
  }
  const [defaultAssignor] = groups.settings.assignors;
  const description = describeConsumerGroup(group, groups.topics, defaultAssignor?.name ?? '');
  return { errorCode: Code.NONE, errorMessage: null, groupId, ...description, authorizedOperations };
}

function undescribed(groupId: string, errorCode: number, errorMessage: string | null): DescribedGroup {
  return { errorCode, errorMessage, groupId, groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] };
}
