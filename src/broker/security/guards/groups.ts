/** Guards of the requests of group members and of those who look after groups. */

import {
  ConsumerGroupDescribe,
  ConsumerGroupHeartbeat,
  DeleteGroups,
  DescribeGroups,
  ErrorCode,
  Heartbeat,
  JoinGroup,
  KafkaProtocolError,
  LeaveGroup,
  ListGroups,
  type ResponseInput,
  SyncGroup,
} from '../../../protocol/index.ts';
import type { RequestContext } from '../../seams.ts';
import { Operation, ResourceType } from '../acl/constants.ts';
import { type GuardDeps, type GuardMap, guard, split } from './guard.ts';

type DescribedConsumerGroup = ResponseInput<typeof ConsumerGroupDescribe>['groups'][number];

const DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED;
const NOTHING = Buffer.alloc(0);
/** From here on no protocol is null; before, it was empty. */
const JOIN_WITHOUT_NAME = 7;

export function addGroupGuards(guards: GuardMap, deps: GuardDeps): void {
  addMemberGuards(guards, deps);
  addClassicAdminGuards(guards, deps);
  addConsumerGroupGuards(guards, deps);
}

function addMemberGuards(guards: GuardMap, { access }: GuardDeps): void {
  const mayRead = (context: RequestContext, groupId: string): boolean => access.group(context, Operation.READ, groupId);

  guard(guards, JoinGroup, (request, context, next) => {
    if (mayRead(context, request.groupId)) return next(request);
    const protocolName = context.apiVersion >= JOIN_WITHOUT_NAME ? null : '';
    return { errorCode: DENIED, generationId: -1, protocolName, leader: '', memberId: '', members: [] };
  });
  guard(guards, SyncGroup, (request, context, next) =>
    mayRead(context, request.groupId) ? next(request) : { errorCode: DENIED, assignment: NOTHING },
  );
  guard(guards, Heartbeat, (request, context, next) => (mayRead(context, request.groupId) ? next(request) : { errorCode: DENIED }));
  guard(guards, LeaveGroup, (request, context, next) =>
    mayRead(context, request.groupId) ? next(request) : { errorCode: DENIED, members: [] },
  );
}

function addClassicAdminGuards(guards: GuardMap, { access }: GuardDeps): void {
  guard(guards, DescribeGroups, async (request, context, next) => {
    const { allowed, denied } = split(request.groups, (groupId) => access.group(context, Operation.DESCRIBE, groupId));
    const response = await next({ ...request, groups: [...allowed] });
    const groups = response.groups.map((group) => {
      if (!request.includeAuthorizedOperations || group.errorCode !== ErrorCode.NONE) return group;
      return { ...group, authorizedOperations: access.operations(context, ResourceType.GROUP, group.groupId) };
    });
    const refused = denied.map((groupId) => {
      return { errorCode: DENIED, groupId, groupState: '', protocolType: '', protocolData: '', members: [] };
    });
    return { ...response, groups: [...groups, ...refused] };
  });

  guard(guards, ListGroups, async (request, context, next) => {
    const response = await next(request);
    if (access.cluster(context, Operation.DESCRIBE)) return response;
    return { ...response, groups: response.groups.filter(({ groupId }) => access.group(context, Operation.DESCRIBE, groupId)) };
  });

  guard(guards, DeleteGroups, async (request, context, next) => {
    const { allowed, denied } = split(request.groupsNames, (groupId) => access.group(context, Operation.DELETE, groupId));
    if (denied.length === 0) return next(request);
    const response = await next({ ...request, groupsNames: [...allowed] });
    return { ...response, results: [...response.results, ...denied.map((groupId) => ({ groupId, errorCode: DENIED }))] };
  });
}

function addConsumerGroupGuards(guards: GuardMap, deps: GuardDeps): void {
  const { access } = deps;
  guard(guards, ConsumerGroupHeartbeat, (request, context, next) => {
    if (!access.group(context, Operation.READ, request.groupId)) throw new KafkaProtocolError(DENIED);
    const subscribed = request.subscribedTopicNames ?? [];
    if (subscribed.some((name) => !access.topic(context, Operation.DESCRIBE, name)))
      throw new KafkaProtocolError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    return next(request);
  });

  guard(guards, ConsumerGroupDescribe, async (request, context, next) => {
    const { allowed, denied } = split(request.groupIds, (groupId) => access.group(context, Operation.DESCRIBE, groupId));
    const response = await next({ ...request, groupIds: [...allowed] });
    const shown = response.groups.map((group) => {
      if (showsHiddenTopic(deps, group, context)) {
        const message = 'The group has described topic(s) that the client is not authorized to describe.';
        return emptyGroup(group.groupId, ErrorCode.TOPIC_AUTHORIZATION_FAILED, message);
      }
      if (!request.includeAuthorizedOperations || group.errorCode !== ErrorCode.NONE) return group;
      return { ...group, authorizedOperations: access.operations(context, ResourceType.GROUP, group.groupId) };
    });
    return { ...response, groups: [...denied.map((groupId) => emptyGroup(groupId, DENIED, null)), ...shown] };
  });
}

function showsHiddenTopic({ access }: GuardDeps, { members }: DescribedConsumerGroup, context: RequestContext): boolean {
  return members.some(({ assignment, targetAssignment }) =>
    [assignment, targetAssignment].some(({ topicPartitions }) =>
      topicPartitions.some(({ topicName }) => !access.topic(context, Operation.DESCRIBE, topicName)),
    ),
  );
}

function emptyGroup(groupId: string, errorCode: number, errorMessage: string | null): DescribedConsumerGroup {
  return { errorCode, errorMessage, groupId, groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] };
}
