/** What is asked about one consumer group, and the answers in a form that two brokers can be compared by. */

import {
  type Api,
  ConsumerGroupDescribe,
  ConsumerGroupHeartbeat,
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetFetch,
  type RequestInput,
  type ResponseOf,
  SyncGroup,
} from '../../../../../../src/protocol/index.ts';

/** A broker, by sockets or without. */
export interface Endpoint {
  send<A extends Api>(api: A, version: number, request: RequestInput<A>): Promise<ResponseOf<A>>;
}

/** Topic → partitions. */
export type Partitions = Readonly<Record<string, readonly number[]>>;

/** Members of the new protocol are named by their id, classic ones by a name for the id the broker gives them. */
export type Step =
  | {
      readonly op: 'heartbeat';
      readonly member: string;
      readonly epoch: number;
      readonly instance: string | null;
      /** Null: unchanged. */
      readonly topics: readonly string[] | null;
      readonly owned: Partitions | null;
      /** With rebalance timeout and assignor. */
      readonly full: boolean;
    }
  | {
      readonly op: 'join';
      readonly member: string;
      readonly instance: string;
      readonly topics: readonly string[];
      readonly owned: Partitions;
    }
  | { readonly op: 'sync' | 'beat'; readonly member: string; readonly instance: string; readonly generation: number }
  | { readonly op: 'leave'; readonly instance: string }
  | {
      readonly op: 'commit';
      readonly member: string;
      readonly instance: string | null;
      readonly epoch: number;
      readonly topic: string;
      readonly partition: number;
    }
  | { readonly op: 'fetch'; readonly member: string; readonly epoch: number }
  | { readonly op: 'describe' };

export interface Answer {
  readonly errorCode: number;
  readonly [fact: string]: unknown;
}

export const TOPICS: Readonly<Record<string, number>> = { ta: 5, tb: 3, tc: 4 };

const REBALANCE_MS = 60_000;
const SESSION_MS = 45_000;
const PROTOCOL = 'cooperative-sticky';

export class Conversation {
  readonly #endpoint: Endpoint;
  readonly #group: string;
  /** Ids of the topics there. */
  readonly #topicIds: ReadonlyMap<string, Buffer>;
  readonly #memberIds = new Map<string, string>();

  constructor(endpoint: Endpoint, group: string, topicIds: ReadonlyMap<string, Buffer>) {
    this.#endpoint = endpoint;
    this.#group = group;
    this.#topicIds = topicIds;
  }

  ask(step: Step): Promise<Answer> {
    switch (step.op) {
      case 'heartbeat':
        return this.#heartbeat(step);
      case 'join':
        return this.#join(step);
      case 'sync':
        return this.#sync(step);
      case 'beat':
        return this.#beat(step);
      case 'leave':
        return this.#leave(step);
      case 'commit':
        return this.#commit(step);
      case 'fetch':
        return this.#fetch(step);
      case 'describe':
        return this.#describe();
    }
  }

  async #heartbeat(step: Extract<Step, { op: 'heartbeat' }>): Promise<Answer> {
    const { member: memberId, epoch: memberEpoch, instance: instanceId, owned, full } = step;
    const topicPartitions =
      owned === null ? null : Object.entries(owned).map(([topic, partitions]) => ({ topicId: this.#topicIds.get(topic)!, partitions }));
    const said = full ? { rebalanceTimeoutMs: REBALANCE_MS, serverAssignor: 'range' } : {};
    const subscribedTopicNames = step.topics;
    const request = { groupId: this.#group, memberId, memberEpoch, instanceId, subscribedTopicNames, topicPartitions, ...said };
    const answer = await this.#endpoint.send(ConsumerGroupHeartbeat, 1, request);
    const { errorCode, heartbeatIntervalMs } = answer;
    // The ids of classic members are the broker's own.
    const message = answer.errorMessage?.replaceAll(this.#group, 'G').replace(/(owned|fenced) by .*/, '$1') ?? null;
    const assignment = answer.assignment === null ? null : this.#readable(answer.assignment.topicPartitions);
    return { errorCode, message, memberId: answer.memberId, epoch: answer.memberEpoch, heartbeatIntervalMs, assignment };
  }

  async #join({ member, instance: groupInstanceId, topics, owned }: Extract<Step, { op: 'join' }>): Promise<Answer> {
    const ownedPartitions = Object.entries(owned).map(([topic, partitions]) => ({ topic, partitions }));
    const metadata = encodeVersioned(ConsumerProtocolSubscription, 3, { topics, ownedPartitions });
    const known = this.#memberIds.get(member) ?? '';
    const answer = await this.#endpoint.send(JoinGroup, 9, {
      groupId: this.#group,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      memberId: known,
      groupInstanceId,
      protocolType: 'consumer',
      protocols: [{ name: PROTOCOL, metadata }],
    });
    const { errorCode, generationId, protocolType, protocolName, leader, members, memberId } = answer;
    if (memberId !== '') this.#memberIds.set(member, memberId);
    return {
      errorCode,
      generationId,
      protocolType,
      protocolName,
      leader: leader === '' ? '' : 'somebody',
      members: members.length,
      kept: memberId === known,
    };
  }

  async #sync({ member, instance: groupInstanceId, generation: generationId }: Extract<Step, { op: 'sync' | 'beat' }>): Promise<Answer> {
    const memberId = this.#memberIds.get(member)!;
    const request = {
      groupId: this.#group,
      generationId,
      memberId,
      groupInstanceId,
      protocolType: 'consumer',
      protocolName: PROTOCOL,
      assignments: [],
    };
    const { errorCode, protocolType, protocolName, assignment } = await this.#endpoint.send(SyncGroup, 5, request);
    const partitions = assignment.length === 0 ? [] : decodeVersioned(ConsumerProtocolAssignment, assignment).assignedPartitions;
    const assigned = sorted(partitions.map(({ topic, partitions: numbers }) => [topic, numbers] as const));
    return { errorCode, protocolType, protocolName, bytes: assignment.length > 0, assigned };
  }

  async #beat({ member, instance: groupInstanceId, generation: generationId }: Extract<Step, { op: 'sync' | 'beat' }>): Promise<Answer> {
    const memberId = this.#memberIds.get(member)!;
    const { errorCode } = await this.#endpoint.send(Heartbeat, 4, { groupId: this.#group, generationId, memberId, groupInstanceId });
    return { errorCode };
  }

  async #leave({ instance: groupInstanceId }: Extract<Step, { op: 'leave' }>): Promise<Answer> {
    const answer = await this.#endpoint.send(LeaveGroup, 5, { groupId: this.#group, members: [{ memberId: '', groupInstanceId }] });
    return { errorCode: answer.errorCode, members: answer.members.map(({ errorCode }) => errorCode) };
  }

  async #commit({ member, instance: groupInstanceId, epoch, topic: name, partition }: Extract<Step, { op: 'commit' }>): Promise<Answer> {
    const partitions = [{ partitionIndex: partition, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: '' }];
    const answer = await this.#endpoint.send(OffsetCommit, 9, {
      groupId: this.#group,
      memberId: this.#memberIds.get(member) ?? member,
      groupInstanceId,
      generationIdOrMemberEpoch: epoch,
      topics: [{ name, partitions }],
    });
    return { errorCode: answer.topics[0]!.partitions[0]!.errorCode };
  }

  async #fetch({ member, epoch: memberEpoch }: Extract<Step, { op: 'fetch' }>): Promise<Answer> {
    const memberId = this.#memberIds.get(member) ?? member;
    const answer = await this.#endpoint.send(OffsetFetch, 9, { groups: [{ groupId: this.#group, memberId, memberEpoch, topics: null }] });
    return { errorCode: answer.groups[0]!.errorCode };
  }

  async #describe(): Promise<Answer> {
    const [group] = (await this.#endpoint.send(ConsumerGroupDescribe, 1, { groupIds: [this.#group], includeAuthorizedOperations: false }))
      .groups;
    const listed = (await this.#endpoint.send(ListGroups, 5, {})).groups.filter(({ groupId }) => groupId === this.#group);
    const { errorCode, errorMessage, groupState, groupEpoch, assignmentEpoch, assignorName, members } = group!;
    const described = members.map((member) => ({
      name: member.memberType === 1 ? member.memberId : `${member.instanceId}`,
      instance: member.instanceId,
      epoch: member.memberEpoch,
      topics: [...member.subscribedTopicNames].sort(),
      regex: member.subscribedTopicRegex,
      type: member.memberType,
      assignment: this.#readable(member.assignment.topicPartitions),
      target: this.#readable(member.targetAssignment.topicPartitions),
    }));
    described.sort((a, b) => (a.name < b.name ? -1 : 1));
    const list = listed.map(({ groupState: state, groupType, protocolType }) => [state, groupType, protocolType]);
    return {
      errorCode,
      message: errorMessage?.replace(this.#group, 'G') ?? null,
      groupState,
      groupEpoch,
      assignmentEpoch,
      assignorName,
      members: described,
      list,
    };
  }

  #readable(topics: readonly { readonly topicId: Uint8Array; readonly partitions: readonly number[] }[]): Partitions {
    const nameOf = (id: Uint8Array): string => [...this.#topicIds].find(([, known]) => Buffer.compare(known, id) === 0)?.[0] ?? '?';
    return sorted(topics.map(({ topicId, partitions }) => [nameOf(topicId), partitions] as const));
  }
}

function sorted(topics: readonly (readonly [string, readonly number[]])[]): Partitions {
  const ordered = [...topics].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(ordered.map(([topic, partitions]) => [topic, [...partitions].sort((a, b) => a - b)]));
}
