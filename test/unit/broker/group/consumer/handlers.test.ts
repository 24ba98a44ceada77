import { describe, expect, it } from 'vitest';
import { Code } from '../../../../../src/broker/coordinator/index.ts';
import { groupHandlers } from '../../../../../src/broker/group/handlers.ts';
import {
  ConsumerGroupDescribe,
  ConsumerGroupHeartbeat,
  DeleteGroups,
  DescribeGroups,
  ListGroups,
  OffsetCommit,
  OffsetFetch,
  TxnOffsetCommit,
} from '../../../../../src/protocol/index.ts';
import { fakeBroker } from '../../coordinator/fakes.ts';
import { call, versionsOf } from '../../coordinator/wire.ts';
import { type Started, startGroups } from '../harness.ts';
import { GROUP, TIMEOUT_MS } from './harness.ts';

const transactions = { verifyTransaction: () => 0 };

async function wired(existing?: Started) {
  const { broker, groups } = existing ?? (await startGroups(fakeBroker()));
  const flights = broker.topics.add('flights', 2);
  return { broker, groups, flights, handlers: groupHandlers({ groups, transactions, topics: broker.topics }) };
}

const join = {
  groupId: GROUP,
  memberId: 'a',
  memberEpoch: 0,
  rebalanceTimeoutMs: TIMEOUT_MS,
  subscribedTopicNames: ['flights'],
  topicPartitions: [],
};

const id = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('ConsumerGroupHeartbeat', () => {
  it.each(versionsOf(ConsumerGroupHeartbeat))('%i joins, goes on and leaves', async (version) => {
    const { handlers, flights } = await wired();
    const joined = await call(handlers, ConsumerGroupHeartbeat, version, join);
    expect(joined).toMatchObject({ errorCode: 0, errorMessage: null, memberId: 'a', memberEpoch: 2, heartbeatIntervalMs: 5_000 });
    expect(joined.assignment?.topicPartitions.map(({ topicId, partitions }) => [id(topicId), partitions])).toEqual([
      [id(flights.id), [0, 1]],
    ]);
    const owned = [{ topicId: flights.id, partitions: [0, 1] }];
    const went = await call(handlers, ConsumerGroupHeartbeat, version, {
      groupId: GROUP,
      memberId: 'a',
      memberEpoch: 2,
      topicPartitions: owned,
    });
    expect(went).toMatchObject({ errorCode: 0, memberEpoch: 2, assignment: null });
    const left = await call(handlers, ConsumerGroupHeartbeat, version, { groupId: GROUP, memberId: 'a', memberEpoch: -1 });
    expect(left).toMatchObject({ errorCode: 0, memberId: 'a', memberEpoch: -1, heartbeatIntervalMs: 0, assignment: null });
  });

  it('0 hands out member ids, 1 wants one', async () => {
    const { handlers } = await wired();
    expect((await call(handlers, ConsumerGroupHeartbeat, 0, { ...join, memberId: '' })).memberId).toHaveLength(22);
    expect(await call(handlers, ConsumerGroupHeartbeat, 1, { ...join, memberId: '' })).toMatchObject({
      errorCode: Code.INVALID_REQUEST,
      errorMessage: "MemberId can't be empty.",
      memberId: null,
    });
  });

  it('1 subscribes by regular expression', async () => {
    const { handlers } = await wired();
    const joined = await call(handlers, ConsumerGroupHeartbeat, 1, { ...join, subscribedTopicNames: null, subscribedTopicRegex: 'fl.*' });
    expect(joined.assignment?.topicPartitions[0]?.partitions).toEqual([0, 1]);
  });

  it('is sent to the coordinating node', async () => {
    const world = await startGroups({ ...fakeBroker(), nodes: () => [1, 2].map((node) => ({ id: node, host: 'h', port: node })) });
    const { handlers } = await wired(world);
    expect((await call(handlers, ConsumerGroupHeartbeat, 1, join, 2)).errorCode).toBe(Code.NOT_COORDINATOR);
    expect((await call(handlers, ConsumerGroupHeartbeat, 1, join, 1)).errorCode).toBe(Code.NONE);
  });

  it('matches no topics that the client may not know of', async () => {
    const { groups, broker } = await wired();
    broker.topics.add('fleet', 1);
    const mayDescribe = (context: { readonly principal: string }, topic: string): boolean =>
      context.principal !== 'User:ANONYMOUS' || topic !== 'flights';
    const handlers = groupHandlers({ groups, transactions, topics: broker.topics, mayDescribe });
    const joined = await call(handlers, ConsumerGroupHeartbeat, 1, { ...join, subscribedTopicNames: null, subscribedTopicRegex: 'fl.*' });
    expect(joined.assignment?.topicPartitions.map(({ partitions }) => partitions)).toEqual([[0]]);
  });
});

describe('ConsumerGroupDescribe', () => {
  it.each(versionsOf(ConsumerGroupDescribe))('%i shows everything', async (version) => {
    const { handlers } = await wired();
    await call(handlers, ConsumerGroupHeartbeat, 1, { ...join, instanceId: 'seat', rackId: 'left' });
    const { groups } = await call(handlers, ConsumerGroupDescribe, version, {
      groupIds: [GROUP, 'none', ''],
      includeAuthorizedOperations: true,
    });
    const partitions = { topicPartitions: [{ topicName: 'flights', partitions: [0, 1] }] };
    expect(groups[0]).toMatchObject({
      errorCode: 0,
      groupId: GROUP,
      groupState: 'Stable',
      groupEpoch: 2,
      assignmentEpoch: 2,
      assignorName: 'uniform',
      members: [
        {
          memberId: 'a',
          instanceId: 'seat',
          rackId: 'left',
          memberEpoch: 2,
          clientId: 'app',
          clientHost: '/127.0.0.1',
          subscribedTopicNames: ['flights'],
          subscribedTopicRegex: '',
          assignment: partitions,
          targetAssignment: partitions,
          memberType: version >= 1 ? 1 : -1,
        },
      ],
    });
    expect(groups[0]?.authorizedOperations).toBeGreaterThan(0);
    expect(groups[1]).toMatchObject({ errorCode: Code.GROUP_ID_NOT_FOUND, errorMessage: 'Group none not found.' });
    expect(groups[2]).toMatchObject({ errorCode: Code.INVALID_GROUP_ID });
  });
});

describe('other requests for a consumer group', () => {
  it.each(versionsOf(DescribeGroups))('DescribeGroups %i does not know it', async (version) => {
    const { handlers } = await wired();
    await call(handlers, ConsumerGroupHeartbeat, 1, join);
    const { groups } = await call(handlers, DescribeGroups, version, { groups: [GROUP] });
    expect(groups[0]).toMatchObject({ groupState: 'Dead', errorCode: version >= 6 ? Code.GROUP_ID_NOT_FOUND : 0 });
    if (version >= 6) expect(groups[0]?.errorMessage).toBe(`Group ${GROUP} is not a classic group.`);
  });

  it('ListGroups lists it by state and type', async () => {
    const { handlers } = await wired();
    await call(handlers, ConsumerGroupHeartbeat, 1, join);
    const list = async (filter: object) => (await call(handlers, ListGroups, 5, filter)).groups;
    expect(await list({})).toMatchObject([{ groupId: GROUP, protocolType: 'consumer', groupState: 'Stable', groupType: 'consumer' }]);
    expect(await list({ typesFilter: ['Classic'] })).toEqual([]);
    expect(await list({ typesFilter: ['CONSUMER'], statesFilter: ['stable'] })).toHaveLength(1);
    expect(await list({ statesFilter: ['Empty', 'Assigning', 'Reconciling'] })).toEqual([]);
  });

  it('DeleteGroups deletes it once it is empty', async () => {
    const { handlers } = await wired();
    await call(handlers, ConsumerGroupHeartbeat, 1, join);
    const remove = async () => (await call(handlers, DeleteGroups, 2, { groupsNames: [GROUP] })).results[0]?.errorCode;
    expect(await remove()).toBe(Code.NON_EMPTY_GROUP);
    await call(handlers, ConsumerGroupHeartbeat, 1, { groupId: GROUP, memberId: 'a', memberEpoch: -1 });
    expect(await remove()).toBe(Code.NONE);
    expect((await call(handlers, ListGroups, 5, {})).groups).toEqual([]);
  });

  it.each([8, 9, 10])('OffsetCommit %i goes by the member epoch', async (version) => {
    const { handlers, flights } = await wired();
    await call(handlers, ConsumerGroupHeartbeat, 1, join);
    const topic = version >= 10 ? { topicId: flights.id } : { name: 'flights' };
    const commit = async (generationIdOrMemberEpoch: number) => {
      const partitions = [{ partitionIndex: 1, committedOffset: 3, committedLeaderEpoch: -1, committedMetadata: null }];
      const request = { groupId: GROUP, memberId: 'a', generationIdOrMemberEpoch, topics: [{ ...topic, partitions }] };
      return (await call(handlers, OffsetCommit, version, request)).topics[0]?.partitions[0]?.errorCode;
    };
    expect(await commit(2)).toBe(version < 9 ? Code.UNSUPPORTED_VERSION : Code.NONE);
    expect(await commit(7)).toBe(version < 9 ? Code.UNSUPPORTED_VERSION : Code.STALE_MEMBER_EPOCH);
  });

  it('TxnOffsetCommit says ILLEGAL_GENERATION for a stale epoch', async () => {
    const { handlers } = await wired();
    await call(handlers, ConsumerGroupHeartbeat, 1, join);
    const partitions = [{ partitionIndex: 1, committedOffset: 3, committedLeaderEpoch: -1, committedMetadata: null }];
    const request = {
      transactionalId: 't',
      groupId: GROUP,
      producerId: 1,
      producerEpoch: 0,
      generationId: 7,
      memberId: 'a',
      topics: [{ name: 'flights', partitions }],
    };
    expect((await call(handlers, TxnOffsetCommit, 5, request)).topics[0]?.partitions[0]?.errorCode).toBe(Code.ILLEGAL_GENERATION);
  });

  it('OffsetFetch checks who says who it is', async () => {
    const { handlers } = await wired();
    await call(handlers, ConsumerGroupHeartbeat, 1, join);
    const fetch = async (who: object) =>
      (await call(handlers, OffsetFetch, 9, { groups: [{ groupId: GROUP, topics: null, ...who }] })).groups[0]?.errorCode;
    expect(await fetch({})).toBe(Code.NONE);
    expect(await fetch({ memberId: 'a', memberEpoch: 2 })).toBe(Code.NONE);
    expect(await fetch({ memberId: 'a', memberEpoch: 1 })).toBe(Code.STALE_MEMBER_EPOCH);
    expect(await fetch({ memberId: 'x', memberEpoch: 2 })).toBe(Code.UNKNOWN_MEMBER_ID);
  });
});
