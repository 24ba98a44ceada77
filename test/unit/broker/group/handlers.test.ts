import { describe, expect, it } from 'vitest';
import { Code, type HandlerMap, type TransactionSupport } from '../../../../src/broker/coordinator/index.ts';
import { groupHandlers } from '../../../../src/broker/group/handlers.ts';
import {
  DeleteGroups,
  DescribeGroups,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  SyncGroup,
  TxnOffsetCommit,
} from '../../../../src/protocol/index.ts';
import { fakeBroker } from '../coordinator/fakes.ts';
import { call, versionsOf } from '../coordinator/wire.ts';
import { classicGroup, GROUP, REBALANCE_MS, SESSION_MS, type Started, startGroups, subscription } from './harness.ts';

interface Wired extends Started {
  readonly handlers: HandlerMap;
  /** How TxnOffsetCommit asked for verification, and what it is answered. */
  readonly verified: TransactionSupport[];
  verdict: number;
}

async function wired(nodes = 1): Promise<Wired> {
  const broker = fakeBroker();
  broker.topics.add('flights', 2);
  const started = await startGroups({
    ...broker,
    nodes: () => Array.from({ length: nodes }, (_, index) => ({ id: index + 1, host: 'h', port: 1 })),
  });
  const result: Wired = {
    ...started,
    handlers: new Map(),
    verified: [],
    verdict: Code.NONE,
  };
  const transactions = {
    verifyTransaction: (...asked: [string | null, number, number, string, number, TransactionSupport]): number => {
      result.verified.push(asked[5]);
      return result.verdict;
    },
  };
  for (const [key, handler] of groupHandlers({ groups: started.groups, transactions, topics: broker.topics }))
    result.handlers.set(key, handler);
  return result;
}

const join = {
  groupId: GROUP,
  sessionTimeoutMs: SESSION_MS,
  rebalanceTimeoutMs: REBALANCE_MS,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscription('flights') }],
};

/** Joins and syncs one member with whatever steps the version needs. */
async function member(handlers: HandlerMap, version: number): Promise<string> {
  let joined = await call(handlers, JoinGroup, version, join);
  if (version >= 4) {
    expect(joined.errorCode).toBe(Code.MEMBER_ID_REQUIRED);
    joined = await call(handlers, JoinGroup, version, { ...join, memberId: joined.memberId });
  }
  expect(joined).toMatchObject({
    errorCode: 0,
    generationId: 1,
    protocolName: 'range',
    leader: joined.memberId,
    members: [{ memberId: joined.memberId }],
  });
  const synced = await call(handlers, SyncGroup, Math.min(version, 5), {
    groupId: GROUP,
    generationId: 1,
    memberId: joined.memberId,
    ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
    assignments: [{ memberId: joined.memberId, assignment: Buffer.from('mine') }],
  });
  expect([synced.errorCode, Buffer.from(synced.assignment).toString()]).toEqual([0, 'mine']);
  return joined.memberId;
}

describe('group handlers, version by version', () => {
  it.each(versionsOf(JoinGroup))('JoinGroup %i joins, and errors can be encoded', async (version) => {
    const { handlers } = await wired();
    await member(handlers, version);
    expect(await call(handlers, JoinGroup, version, { ...join, memberId: 'unknown' })).toMatchObject({
      errorCode: Code.UNKNOWN_MEMBER_ID,
      protocolName: version >= 7 ? null : '',
    });
  });

  it('takes the session timeout for both in JoinGroup 0', async () => {
    const { handlers, groups } = await wired();
    const memberId = await member(handlers, 0);
    expect(groups.find(GROUP)?.members.get(memberId)?.rebalanceTimeoutMs).toBe(SESSION_MS);
  });

  it('keeps copies of metadata and assignments, as the frame they came in is not its own', async () => {
    const { handlers, groups } = await wired();
    const metadata = subscription('flights');
    const context = {
      apiKey: 11,
      apiVersion: 3,
      correlationId: 1,
      clientId: 'app',
      clientHost: '/h',
      principal: 'User:ANONYMOUS',
      nodeId: 1,
      connectionId: 'c',
    };
    const joining = { ...join, groupInstanceId: null, reason: null, protocols: [{ name: 'range', metadata }] };
    const { memberId } = (await handlers.get(11)!(joining, context)) as { memberId: string };
    const assignment = Buffer.from('mine');
    const syncing = {
      groupId: GROUP,
      generationId: 1,
      memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: [{ memberId, assignment }],
    };
    await handlers.get(14)!(syncing, { ...context, apiKey: 14 });
    metadata.fill(0);
    assignment.fill(0);
    const kept = classicGroup(groups).members.get(memberId)!;
    expect([Buffer.from(kept.protocols[0]!.metadata), Buffer.from(kept.assignment).toString()]).toEqual([subscription('flights'), 'mine']);
  });

  it.each(versionsOf(Heartbeat))('Heartbeat %i', async (version) => {
    const { handlers } = await wired();
    const memberId = await member(handlers, 3);
    expect((await call(handlers, Heartbeat, version, { groupId: GROUP, generationId: 1, memberId })).errorCode).toBe(Code.NONE);
    expect((await call(handlers, Heartbeat, version, { groupId: GROUP, generationId: 0, memberId })).errorCode).toBe(
      Code.ILLEGAL_GENERATION,
    );
  });

  it('Heartbeat says that all is well while the groups are being read back', async () => {
    const { handlers, groups } = await wired();
    const moving = groups.onLeaderMoved(0);
    expect((await call(handlers, Heartbeat, 4, { groupId: GROUP, generationId: 1, memberId: 'a' })).errorCode).toBe(Code.NONE);
    await moving;
    expect((await call(handlers, Heartbeat, 4, { groupId: GROUP, generationId: 1, memberId: 'a' })).errorCode).toBe(Code.UNKNOWN_MEMBER_ID);
  });

  it.each(versionsOf(LeaveGroup))('LeaveGroup %i', async (version) => {
    const { handlers, groups } = await wired();
    const memberId = await member(handlers, 3);
    const leave = (id: string) =>
      call(handlers, LeaveGroup, version, version < 3 ? { groupId: GROUP, memberId: id } : { groupId: GROUP, members: [{ memberId: id }] });
    const unknown = await leave('unknown');
    expect(version < 3 ? unknown.errorCode : unknown.members[0]?.errorCode).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(await leave(memberId)).toMatchObject({ errorCode: 0, members: version < 3 ? [] : [{ memberId, errorCode: 0 }] });
    expect(groups.admin.describe(GROUP)?.state).toBe('Empty');
  });

  it.each(versionsOf(DescribeGroups))('DescribeGroups %i', async (version) => {
    const { handlers } = await wired();
    const memberId = await member(handlers, 3);
    const { groups } = await call(handlers, DescribeGroups, version, {
      groups: [GROUP, 'none'],
      ...(version >= 3 ? { includeAuthorizedOperations: true } : {}),
    });
    expect(groups[0]).toMatchObject({
      errorCode: 0,
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [{ memberId, clientId: 'app', clientHost: '/127.0.0.1' }],
    });
    expect(groups[1]).toMatchObject({ groupState: 'Dead', errorCode: version >= 6 ? Code.GROUP_ID_NOT_FOUND : Code.NONE });
  });

  it.each(versionsOf(ListGroups))('ListGroups %i', async (version) => {
    const { handlers } = await wired();
    await member(handlers, 3);
    const listed = await call(handlers, ListGroups, version, version >= 4 ? { statesFilter: ['Stable', 'Dead'] } : {});
    expect(listed).toMatchObject({
      errorCode: 0,
      groups: [
        { groupId: GROUP, protocolType: 'consumer', groupState: version >= 4 ? 'Stable' : '', groupType: version >= 5 ? 'classic' : '' },
      ],
    });
    if (version >= 5) expect((await call(handlers, ListGroups, version, { typesFilter: ['consumer'] })).groups).toEqual([]);
  });

  it.each(versionsOf(DeleteGroups))('DeleteGroups %i', async (version) => {
    const { handlers, groups } = await wired();
    await member(handlers, 3);
    groups.create('idle');
    const { results } = await call(handlers, DeleteGroups, version, { groupsNames: [GROUP, 'idle', 'none'] });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([Code.NON_EMPTY_GROUP, Code.NONE, Code.GROUP_ID_NOT_FOUND]);
  });

  it.each(versionsOf(OffsetCommit))('OffsetCommit %i', async (version) => {
    const { broker, handlers, groups } = await wired();
    const partitions = [0, 1, 2].map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 7 + partitionIndex,
      committedMetadata: 'm',
      ...(version >= 6 ? { committedLeaderEpoch: 4 } : {}),
    }));
    const named = (name: string) => (version >= 10 ? { topicId: broker.topics.get(name)?.id ?? Buffer.alloc(16, 9) } : { name });
    const { topics } = await call(handlers, OffsetCommit, version, {
      groupId: GROUP,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [
        { ...named('nowhere'), partitions: partitions.slice(0, 1) },
        { ...named('flights'), partitions },
      ],
    });
    const unknown = version >= 10 ? Code.UNKNOWN_TOPIC_ID : Code.UNKNOWN_TOPIC_OR_PARTITION;
    expect(topics.map((topic) => topic.partitions.map(({ errorCode }) => errorCode))).toEqual([
      [unknown],
      [0, 0, Code.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
    expect(groups.store.get(GROUP, 'flights', 1)).toMatchObject({ offset: 8, metadata: 'm', leaderEpoch: version >= 6 ? 4 : -1 });
    expect(
      (
        await call(handlers, OffsetCommit, version, {
          groupId: 'none',
          generationIdOrMemberEpoch: 3,
          memberId: 'm',
          topics: [{ ...named('flights'), partitions }],
        })
      ).topics[0]?.partitions[0]?.errorCode,
    ).toBe(version >= 9 ? Code.GROUP_ID_NOT_FOUND : Code.ILLEGAL_GENERATION);
  });

  it.each(versionsOf(OffsetFetch))('OffsetFetch %i', async (version) => {
    const { broker, handlers, groups } = await wired();
    await groups.offsets.commit({
      groupId: GROUP,
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      retentionTimeMs: -1,
      groupNotFoundKnown: true,
      offsets: [{ topic: 'flights', partition: 0, offset: 7, leaderEpoch: 3, metadata: 'm' }],
    });
    await groups.offsets.commitInTransaction({
      groupId: GROUP,
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      producerId: 1,
      producerEpoch: 0,
      offsets: [{ topic: 'flights', partition: 1, offset: 9, leaderEpoch: -1, metadata: null }],
    });
    const fetch = async (all: boolean, requireStable: boolean) => {
      const name = version >= 10 ? { topicId: broker.topics.get('flights')!.id } : { name: 'flights' };
      const stable = version >= 7 ? { requireStable } : {};
      if (version >= 8) {
        const response = await call(handlers, OffsetFetch, version, {
          groups: [{ groupId: GROUP, topics: all ? null : [{ ...name, partitionIndexes: [0, 1] }] }],
          ...stable,
        });
        return response.groups[0]!;
      }
      return call(handlers, OffsetFetch, version, {
        groupId: GROUP,
        topics: all ? null : [{ name: 'flights', partitionIndexes: [0, 1] }],
        ...stable,
      });
    };
    const some = await fetch(false, true);
    expect(some.errorCode).toBe(0);
    expect(some.topics[0]?.partitions).toMatchObject([
      { partitionIndex: 0, committedOffset: 7, metadata: 'm', errorCode: 0, committedLeaderEpoch: version >= 5 ? 3 : -1 },
      { partitionIndex: 1, committedOffset: -1, metadata: '', errorCode: version >= 7 ? Code.UNSTABLE_OFFSET_COMMIT : 0 },
    ]);
    expect((await fetch(false, false)).topics[0]?.partitions[1]).toMatchObject({ committedOffset: -1, errorCode: 0 });
    if (version >= 2)
      expect((await fetch(true, false)).topics).toMatchObject([{ partitions: [{ partitionIndex: 0, committedOffset: 7 }] }]);
  });

  it('OffsetFetch 10 answers an unknown topic id', async () => {
    const { handlers } = await wired();
    const response = await call(handlers, OffsetFetch, 10, {
      groups: [{ groupId: GROUP, topics: [{ topicId: Buffer.alloc(16, 9), partitionIndexes: [0] }] }],
    });
    expect(response.groups[0]?.topics[0]?.partitions[0]).toMatchObject({ errorCode: Code.UNKNOWN_TOPIC_ID, committedOffset: -1 });
  });

  it('OffsetDelete 0', async () => {
    const { handlers, groups } = await wired();
    await groups.offsets.commit({
      groupId: GROUP,
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      retentionTimeMs: -1,
      groupNotFoundKnown: true,
      offsets: [{ topic: 'flights', partition: 0, offset: 7, leaderEpoch: 3, metadata: 'm' }],
    });
    const request = { groupId: GROUP, topics: [{ name: 'flights', partitions: [{ partitionIndex: 0 }, { partitionIndex: 9 }] }] };
    expect(await call(handlers, OffsetDelete, 0, request)).toMatchObject({
      errorCode: 0,
      topics: [{ name: 'flights', partitions: [{ errorCode: 0 }, { errorCode: Code.UNKNOWN_TOPIC_OR_PARTITION }] }],
    });
    expect(groups.store.get(GROUP, 'flights', 0)).toBeUndefined();
    expect(await call(handlers, OffsetDelete, 0, { ...request, groupId: 'none' })).toMatchObject({
      errorCode: Code.GROUP_ID_NOT_FOUND,
      topics: [],
    });
  });

  it.each(versionsOf(TxnOffsetCommit))('TxnOffsetCommit %i asks the transaction coordinator first', async (version) => {
    const started = await wired();
    const { handlers, groups, verified } = started;
    const commit = async (topic = 'flights') => {
      const response = await call(handlers, TxnOffsetCommit, version, {
        transactionalId: 't',
        groupId: GROUP,
        producerId: 1,
        producerEpoch: 0,
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: null }] }],
      });
      return response.topics[0]?.partitions[0]?.errorCode;
    };
    started.verdict = Code.INVALID_PRODUCER_EPOCH;
    expect(await commit()).toBe(Code.INVALID_PRODUCER_EPOCH);
    started.verdict = Code.NOT_ENOUGH_REPLICAS;
    expect(await commit()).toBe(Code.COORDINATOR_NOT_AVAILABLE);
    expect(groups.store.hasPending(GROUP, 'flights', 0)).toBe(false);
    started.verdict = Code.NONE;
    expect(await commit('nowhere')).toBe(Code.UNKNOWN_TOPIC_OR_PARTITION);
    expect(await commit()).toBe(Code.NONE);
    expect(groups.store.hasPending(GROUP, 'flights', 0)).toBe(true);
    const support = version >= 5 ? 'implicit' : version === 4 ? 'abortable' : 'classic';
    expect(verified).toEqual([support, support, support]);
  });
});

describe('at the wrong node', () => {
  it('answers NOT_COORDINATOR and lists nothing', async () => {
    const { handlers, groups } = await wired(2);
    groups.create(GROUP);
    expect((await call(handlers, JoinGroup, 5, join, 2)).errorCode).toBe(Code.NOT_COORDINATOR);
    expect(
      (await call(handlers, OffsetFetch, 1, { groupId: GROUP, topics: [{ name: 'flights', partitionIndexes: [0] }] }, 2)).topics[0]
        ?.partitions[0]?.errorCode,
    ).toBe(Code.NOT_COORDINATOR);
    expect((await call(handlers, OffsetFetch, 9, { groups: [{ groupId: GROUP, topics: null }] }, 2)).groups[0]?.errorCode).toBe(
      Code.NOT_COORDINATOR,
    );
    expect((await call(handlers, DescribeGroups, 5, { groups: [GROUP] }, 2)).groups[0]?.errorCode).toBe(Code.NOT_COORDINATOR);
    expect((await call(handlers, ListGroups, 4, {}, 2)).groups).toEqual([]);
    expect((await call(handlers, ListGroups, 4, {}, 1)).groups).toHaveLength(1);
    expect((await call(handlers, DeleteGroups, 2, { groupsNames: [GROUP] }, 2)).results[0]?.errorCode).toBe(Code.NOT_COORDINATOR);
  });
});

describe('hostile names', () => {
  it('are refused instead of breaking the log', async () => {
    const { handlers } = await wired();
    const long = 'x'.repeat(30_000);
    expect((await call(handlers, JoinGroup, 9, { ...join, groupId: long })).errorCode).toBe(Code.INVALID_REQUEST);
    expect((await call(handlers, JoinGroup, 9, { ...join, groupInstanceId: long })).errorCode).toBe(Code.INVALID_REQUEST);
    expect((await call(handlers, JoinGroup, 9, { ...join, protocols: [{ name: long, metadata: Buffer.alloc(0) }] })).errorCode).toBe(
      Code.INVALID_REQUEST,
    );
  });
});
