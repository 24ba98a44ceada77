/** DescribeGroups, ListGroups, DeleteGroups, OffsetDelete: between the wire and the coordinator. */

import { DeleteGroups, DescribeGroups, ListGroups, OffsetDelete, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle } from '../coordinator/index.ts';
import type { GroupCoordinator } from './coordinator.ts';
import type { GroupDescription } from './group-admin.ts';
import type { GroupHandlerDeps } from './handlers.ts';

/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS: everything that can be done to a group, without ACLs. */
export const ALL_GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);
export const OPERATIONS_NOT_ASKED_FOR = -0x8000_0000;

/** From here on an unknown group is an error; before, it was described as dead. */
const DESCRIBE_KNOWS_NOT_FOUND = 6;

type DescribedGroup = ResponseInput<typeof DescribeGroups>['groups'][number];

export function addAdminHandlers(handlers: HandlerMap, { groups, topics }: GroupHandlerDeps): void {
  handle(handlers, DescribeGroups, async (request, context) => {
    const authorizedOperations = request.includeAuthorizedOperations ? ALL_GROUP_OPERATIONS : OPERATIONS_NOT_ASKED_FOR;
    const described = request.groups.map(async (groupId): Promise<DescribedGroup> => {
      const errorCode = await groups.readiness.check(groupId, context.nodeId);
      if (errorCode !== Code.NONE) return emptyDescription(groupId, errorCode, '', null);
      const description = groups.admin.describe(groupId);
      if (description !== undefined) return { ...describedGroup(description), authorizedOperations };
      return context.apiVersion >= DESCRIBE_KNOWS_NOT_FOUND
        ? emptyDescription(groupId, Code.GROUP_ID_NOT_FOUND, 'Dead', notClassic(groups, groupId))
        : { ...emptyDescription(groupId, Code.NONE, 'Dead', null), authorizedOperations };
    });
    return { groups: await Promise.all(described) };
  });

  handle(handlers, ListGroups, (request, context) => {
    const errorCode = groups.readiness.availability();
    if (errorCode !== Code.NONE) return { errorCode, groups: [] };
    // Each node lists the groups it coordinates; clients ask all nodes.
    const listed = groups.admin
      .list(request.statesFilter, request.typesFilter)
      .filter(({ groupId }) => groups.readiness.serves(groupId, context.nodeId));
    return {
      errorCode,
      groups: listed.map(({ groupId, protocolType, state, type }) => ({ groupId, protocolType, groupState: state, groupType: type })),
    };
  });

  handle(handlers, DeleteGroups, async (request, context) => {
    const results = request.groupsNames.map(async (groupId) => {
      const errorCode = await groups.readiness.check(groupId, context.nodeId);
      return { groupId, errorCode: errorCode === Code.NONE ? await groups.admin.delete(groupId) : errorCode };
    });
    return { results: await Promise.all(results) };
  });

  handle(handlers, OffsetDelete, async (request, context) => {
    if (request.groupId === '') return { errorCode: Code.INVALID_GROUP_ID, topics: [] };
    const errorCode = await groups.readiness.check(request.groupId, context.nodeId);
    if (errorCode !== Code.NONE) return { errorCode, topics: [] };
    const exists = ({ topic, partition }: TopicPartition): boolean => topics.get(topic)?.partitions[partition] !== undefined;
    const asked = partitionsOf(request);
    const existing = asked.filter(exists);
    const codes = await groups.offsets.delete(request.groupId, existing);
    if (typeof codes === 'number') return { errorCode: codes, topics: [] };
    const byPartition = new Map(existing.map((one, index) => [`${one.topic}/${one.partition}`, codes[index]!]));
    return { errorCode, topics: deletedTopics(request, byPartition) };
  });
}

interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

function partitionsOf(request: RequestOf<typeof OffsetDelete>): TopicPartition[] {
  return request.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
  );
}

function deletedTopics(
  request: RequestOf<typeof OffsetDelete>,
  codes: ReadonlyMap<string, number>,
): ResponseInput<typeof OffsetDelete>['topics'] {
  return request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: codes.get(`${name}/${partitionIndex}`) ?? Code.UNKNOWN_TOPIC_OR_PARTITION,
    })),
  }));
}

function notClassic(groups: GroupCoordinator, groupId: string): string {
  return groups.find(groupId) === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a classic group.`;
}

function emptyDescription(groupId: string, errorCode: number, groupState: string, errorMessage: string | null): DescribedGroup {
  return { errorCode, errorMessage, groupId, groupState, protocolType: '', protocolData: '', members: [] };
}

function describedGroup(group: GroupDescription): DescribedGroup {
  return {
    errorCode: Code.NONE,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: group.protocolName,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: member.metadata,
      memberAssignment: member.assignment,
    })),
  };
}
