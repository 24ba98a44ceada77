import { decodeAssignment } from '../../client/group/index.ts';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { fromTopicLists, type TopicPartition } from '../../client/topic-partition.ts';
import { isMillraceError } from '../../errors.ts';
import { ConsumerGroupDescribe, DescribeGroups, ErrorCode, FindCoordinator, ListGroups } from '../../protocol/index.ts';

/** Kafka's key type of groups in FindCoordinator. */
const GROUP_KEY = 0;

export interface ListedGroup {
  readonly groupId: string;
  /** `Classic`, `Consumer`, `Share`, `Streams`; empty from brokers that do not say. */
  readonly type: string;
  /** `consumer`, `connect`; empty for groups that only have offsets. */
  readonly protocolType: string;
  readonly state: string;
}

export interface GroupMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly partitions: readonly TopicPartition[];
}

export interface DescribedGroup extends ListedGroup {
  /** The assignor that the group uses; empty when it has no members. */
  readonly assignor: string;
  /** Node that coordinates the group. */
  readonly coordinator: number;
  readonly members: readonly GroupMember[];
}

/** The groups of all brokers, by name. */
export async function listGroups(client: KafkaClient, states: readonly string[], types: readonly string[]): Promise<ListedGroup[]> {
  await client.metadata([]);
  const answers = await Promise.all(
    client.nodes.map(({ id }) =>
      client.request(
        ListGroups,
        ({ version }) => ({ ...(version >= 4 && { statesFilter: [...states] }), ...(version >= 5 && { typesFilter: [...types] }) }),
        { node: id },
        { errorOf: ({ errorCode }) => errorCode, minVersion: types.length > 0 ? 5 : states.length > 0 ? 4 : 0 },
      ),
    ),
  );
  return answers
    .flatMap(({ groups }) => groups)
    .map(({ groupId, groupType, protocolType, groupState }) => ({ groupId, type: groupType, protocolType, state: groupState }))
    .sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
}

/** State and members of a group, of either protocol. GROUP_ID_NOT_FOUND when there is no such group. */
export async function describeGroup(client: KafkaClient, groupId: string): Promise<DescribedGroup> {
  return (await describeConsumerGroup(client, groupId)) ?? (await describeClassicGroup(client, groupId));
}

/** By the protocol of KIP-848; undefined when the group, or the broker, has only the classic one. */
async function describeConsumerGroup(client: KafkaClient, groupId: string): Promise<DescribedGroup | undefined> {
  try {
    const { groups } = await client.request(
      ConsumerGroupDescribe,
      { groupIds: [groupId], includeAuthorizedOperations: false },
      { coordinator: ['group', groupId] },
    );
    const [group] = groups;
    if (group === undefined || group.errorCode !== ErrorCode.NONE) return undefined;
    return {
      groupId,
      type: 'Consumer',
      protocolType: 'consumer',
      state: group.groupState,
      assignor: group.assignorName,
      coordinator: await coordinatorOf(client, groupId),
      members: group.members.map(({ memberId, instanceId, clientId, clientHost, assignment }) => ({
        memberId,
        instanceId,
        clientId,
        host: clientHost,
        partitions: fromTopicLists(assignment.topicPartitions.map(({ topicName, partitions }) => ({ topic: topicName, partitions }))),
      })),
    };
  } catch (error) {
    if (isMillraceError(error) && error.code === 'UNSUPPORTED_VERSION') return undefined;
    throw error;
  }
}

async function describeClassicGroup(client: KafkaClient, groupId: string): Promise<DescribedGroup> {
  const { groups } = await client.request(DescribeGroups, { groups: [groupId] }, { coordinator: ['group', groupId] });
  const [group] = groups;
  const code = group?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
  // Before version 6 a group that is not there is one that is dead.
  if (group === undefined || code !== ErrorCode.NONE || group.groupState === 'Dead') {
    const found = code === ErrorCode.NONE ? ErrorCode.GROUP_ID_NOT_FOUND : code;
    throw kafkaFailure(found, `Describing group ${groupId}`, { context: { groupId } });
  }
  return {
    groupId,
    type: 'Classic',
    protocolType: group.protocolType,
    state: group.groupState,
    assignor: group.protocolData,
    coordinator: await coordinatorOf(client, groupId),
    members: group.members.map(({ memberId, groupInstanceId, clientId, clientHost, memberAssignment }) => ({
      memberId,
      instanceId: groupInstanceId,
      clientId,
      host: clientHost,
      // Other kinds of groups, such as those of Connect, have bytes of their own.
      partitions: group.protocolType === 'consumer' ? decodeAssignment(memberAssignment).partitions : [],
    })),
  };
}

async function coordinatorOf(client: KafkaClient, groupId: string): Promise<number> {
  const answer = await client.request(
    FindCoordinator,
    ({ version }) =>
      version >= 4 ? { keyType: GROUP_KEY, coordinatorKeys: [groupId] } : { key: groupId, ...(version >= 1 && { keyType: GROUP_KEY }) },
    'any',
    { errorOf: ({ coordinators: [first], errorCode }) => first?.errorCode ?? errorCode },
  );
  return answer.coordinators[0]?.nodeId ?? answer.nodeId;
}
