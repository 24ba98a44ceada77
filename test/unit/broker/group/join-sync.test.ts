import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/broker/coordinator/index.ts';
import { fakeBroker } from '../coordinator/fakes.ts';
import { GROUP, joinRequest, outcome, REBALANCE_MS, SESSION_MS, stableGroup, startGroups, subscription, syncAll } from './harness.ts';

const syncRequest = {
  groupId: GROUP,
  groupInstanceId: null,
  protocolType: null,
  protocolName: null,
  assignments: new Map<string, Uint8Array>(),
};

describe('joining', () => {
  it('makes the first member leader of generation 1 and tells it who is there', async () => {
    const { groups } = await startGroups();
    const joined = await groups.join(joinRequest());
    expect(joined).toMatchObject({
      errorCode: Code.NONE,
      generationId: 1,
      protocolName: 'range',
      protocolType: 'consumer',
      leader: joined.memberId,
    });
    expect(joined.members.map((member) => member.memberId)).toEqual([joined.memberId]);
    expect(joined.memberId.startsWith('app-')).toBe(true);
  });

  it('hands out a member id first when the client knows of it (KIP-394), and takes it back when unused', async () => {
    const { broker, groups } = await startGroups();
    const first = await groups.join(joinRequest({ requireKnownMemberId: true }));
    expect(first).toMatchObject({ errorCode: Code.MEMBER_ID_REQUIRED, generationId: -1 });
    const joined = await groups.join(joinRequest({ requireKnownMemberId: true, memberId: first.memberId }));
    expect(joined).toMatchObject({ errorCode: Code.NONE, memberId: first.memberId });
    const unused = await groups.join(joinRequest({ requireKnownMemberId: true }));
    await broker.clock.advance(SESSION_MS + 1);
    expect(await groups.join(joinRequest({ memberId: unused.memberId }))).toMatchObject({ errorCode: Code.UNKNOWN_MEMBER_ID });
  });

  it('waits for a member id handed out before it ends a running rebalance', async () => {
    const { broker, groups } = await startGroups();
    const [member] = await stableGroup(groups, [{}]);
    const pending = await groups.join(joinRequest({ requireKnownMemberId: true }));
    const again = groups.join(joinRequest({ memberId: member!.memberId }));
    expect(await outcome(again)).toBe('pending');
    const other = groups.join(joinRequest({ memberId: pending.memberId }));
    expect((await Promise.all([again, other])).map((one) => one.generationId)).toEqual([2, 2]);
    expect(broker.clock.timerCount).toBeGreaterThan(0);
  });

  it('checks group id, session timeout, member id and protocols', async () => {
    const { groups } = await startGroups();
    const code = async (changes: Parameters<typeof joinRequest>[0]): Promise<number> => (await groups.join(joinRequest(changes))).errorCode;
    expect(await code({ groupId: '' })).toBe(Code.INVALID_GROUP_ID);
    expect(await code({ sessionTimeoutMs: 5_999 })).toBe(Code.INVALID_SESSION_TIMEOUT);
    expect(await code({ sessionTimeoutMs: 1_800_001 })).toBe(Code.INVALID_SESSION_TIMEOUT);
    expect(await code({ memberId: 'never-seen' })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(await code({ protocols: [] })).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
    await stableGroup(groups, [{}]);
    expect(await code({ protocols: [{ name: 'sticky', metadata: subscription() }] })).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
    expect(await code({ protocolType: 'connect' })).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
    expect(await code({ memberId: 'never-seen' })).toBe(Code.UNKNOWN_MEMBER_ID);
  });

  it('turns members away beyond group.max.size', async () => {
    const { groups } = await startGroups(fakeBroker({ 'group.max.size': '1' }));
    await stableGroup(groups, [{}]);
    expect(await groups.join(joinRequest())).toMatchObject({ errorCode: Code.GROUP_MAX_SIZE_REACHED });
  });

  it('chooses the protocol most members prefer among those all of them speak', async () => {
    const { groups } = await startGroups();
    const named = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: subscription('flights') })) });
    const joined = await stableGroup(groups, [named('range', 'sticky', 'own'), named('sticky', 'range'), named('sticky', 'range')]);
    expect(joined.map((one) => one.protocolName)).toEqual(['sticky', 'sticky', 'sticky']);
  });

  it.each([
    ['range', 'rr', 'rr'],
    ['range', 'sticky', 'sticky'],
    ['range', 'cooperative-sticky', 'range'],
    ['roundrobin', 'range', 'range'],
  ])('of %s and %s, wanted equally, chooses as Kafka does: %s', async (first, second, chosen) => {
    const { groups } = await startGroups();
    const named = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: subscription('flights') })) });
    const joined = await stableGroup(groups, [named(first, second), named(second, first)]);
    expect(joined.map((one) => one.protocolName)).toEqual([chosen, chosen]);
  });

  it('delays the first rebalance of an empty group, again for each newcomer, up to the rebalance timeout', async () => {
    const { broker, groups } = await startGroups(fakeBroker({ 'group.initial.rebalance.delay.ms': '3000' }));
    const first = groups.join(joinRequest({ rebalanceTimeoutMs: 7_000 }));
    await broker.clock.advance(2_000);
    const second = groups.join(joinRequest({ rebalanceTimeoutMs: 7_000 }));
    await broker.clock.advance(2_000);
    expect(await outcome(first)).toBe('pending');
    await broker.clock.advance(2_000);
    expect((await Promise.all([first, second])).map((one) => [one.errorCode, one.generationId])).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('ends the initial delay when the rebalance timeout is used up, however many keep coming', async () => {
    const { broker, groups } = await startGroups(fakeBroker({ 'group.initial.rebalance.delay.ms': '3000' }));
    const joins = [groups.join(joinRequest({ rebalanceTimeoutMs: 7_000 }))];
    for (let passedMs = 0; passedMs < 7_000; passedMs += 1_000) {
      joins.push(groups.join(joinRequest({ rebalanceTimeoutMs: 7_000 })));
      await broker.clock.advance(1_000);
    }
    expect((await Promise.all(joins)).every((one) => one.generationId === 1)).toBe(true);
  });
});

describe('rebalancing', () => {
  it('waits for all members, then starts one generation for everybody', async () => {
    const { groups } = await startGroups();
    const [first] = await stableGroup(groups, [{}]);
    const second = groups.join(joinRequest());
    expect(await outcome(second)).toBe('pending');
    expect(groups.heartbeat({ groupId: GROUP, generationId: 1, memberId: first!.memberId, groupInstanceId: null })).toBe(
      Code.REBALANCE_IN_PROGRESS,
    );
    const again = await groups.join(joinRequest({ memberId: first!.memberId }));
    expect(again).toMatchObject({ generationId: 2, leader: first!.memberId });
    expect(again.members).toHaveLength(2);
    expect(await second).toMatchObject({ generationId: 2, leader: first!.memberId, members: [] });
  });

  it('drops members that do not rejoin within the rebalance timeout and elects another leader', async () => {
    const { broker, groups } = await startGroups();
    const [leader] = await stableGroup(groups, [{ sessionTimeoutMs: 120_000 }]);
    const second = groups.join(joinRequest());
    await broker.clock.advance(REBALANCE_MS - 1);
    expect(await outcome(second)).toBe('pending');
    await broker.clock.advance(1);
    const joined = await second;
    expect(joined).toMatchObject({ generationId: 2, leader: joined.memberId });
    expect(groups.heartbeat({ groupId: GROUP, generationId: 1, memberId: leader!.memberId, groupInstanceId: null })).toBe(
      Code.UNKNOWN_MEMBER_ID,
    );
  });

  it('repeats the answer to a follower whose join changes nothing, and rebalances for the leader or new metadata', async () => {
    const { groups } = await startGroups();
    const [leader, follower] = await stableGroup(groups, [{}, {}]);
    expect(await groups.join(joinRequest({ memberId: follower!.memberId }))).toMatchObject({ generationId: 2, errorCode: 0 });
    const changed = groups.join(
      joinRequest({ memberId: follower!.memberId, protocols: [{ name: 'range', metadata: subscription('airports') }] }),
    );
    expect(await outcome(changed)).toBe('pending');
    const third = await Promise.all([groups.join(joinRequest({ memberId: leader!.memberId })), changed]);
    expect(third.map((one) => one.generationId)).toEqual([3, 3]);
    await syncAll(groups, third);
    const again = groups.join(joinRequest({ memberId: leader!.memberId }));
    expect(await outcome(again)).toBe('pending');
  });

  it('passes metadata and assignments through untouched', async () => {
    const { groups } = await startGroups();
    const metadata = Buffer.from([0, 1, 2, 0xff, 0]);
    const joined = await groups.join(joinRequest({ protocols: [{ name: 'cooperative-sticky', metadata }] }));
    expect(joined.members[0]!.metadata).toEqual(metadata);
    const assignment = Buffer.from([9, 8, 7]);
    const synced = await groups.sync({
      ...syncRequest,
      generationId: 1,
      memberId: joined.memberId,
      assignments: new Map([[joined.memberId, assignment]]),
    });
    expect(synced).toEqual({ errorCode: 0, protocolType: 'consumer', protocolName: 'cooperative-sticky', assignment });
  });
});

describe('syncing', () => {
  it('gives everybody their part when the leader has decided, and again on a repeat', async () => {
    const { groups } = await startGroups();
    const [leader, follower] = await stableGroup(groups, [{}, {}]);
    const again = await groups.sync({ ...syncRequest, generationId: 2, memberId: follower!.memberId });
    expect(Buffer.from(again.assignment).toString()).toBe(`for ${follower!.memberId}`);
    expect(groups.admin.describe(GROUP)).toMatchObject({ state: 'Stable', protocolName: 'range' });
    expect(leader!.leader).toBe(leader!.memberId);
  });

  it('checks member, generation and protocol', async () => {
    const { groups } = await startGroups();
    const [member] = await stableGroup(groups, [{}]);
    const { memberId } = member!;
    const code = async (changes: object): Promise<number> =>
      (await groups.sync({ ...syncRequest, generationId: 1, memberId, ...changes })).errorCode;
    expect(await code({ memberId: 'other' })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(await code({ groupId: 'other' })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(await code({ generationId: 2 })).toBe(Code.ILLEGAL_GENERATION);
    expect(await code({ protocolType: 'connect' })).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
    expect(await code({ protocolName: 'sticky' })).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
    expect(await code({ protocolName: 'range', protocolType: 'consumer' })).toBe(Code.NONE);
  });

  it('answers REBALANCE_IN_PROGRESS to those who wait when somebody else joins', async () => {
    const { groups } = await startGroups();
    const first = await groups.join(joinRequest());
    const second = groups.join(joinRequest());
    const [leader, follower] = await Promise.all([groups.join(joinRequest({ memberId: first.memberId })), second]);
    const waiting = groups.sync({ ...syncRequest, generationId: 2, memberId: follower.memberId });
    void groups.join(joinRequest());
    expect(await waiting).toMatchObject({ errorCode: Code.REBALANCE_IN_PROGRESS });
    expect(await groups.sync({ ...syncRequest, generationId: 2, memberId: leader.memberId })).toMatchObject({
      errorCode: Code.REBALANCE_IN_PROGRESS,
    });
  });

  it('removes who does not sync within the rebalance timeout', async () => {
    const { broker, groups } = await startGroups();
    const first = await groups.join(joinRequest({ sessionTimeoutMs: 120_000 }));
    const second = groups.join(joinRequest({ sessionTimeoutMs: 120_000 }));
    const [leader, follower] = await Promise.all([
      groups.join(joinRequest({ memberId: first.memberId, sessionTimeoutMs: 120_000 })),
      second,
    ]);
    const waiting = groups.sync({ ...syncRequest, generationId: 2, memberId: follower.memberId });
    await broker.clock.advance(REBALANCE_MS);
    expect(await waiting).toMatchObject({ errorCode: Code.REBALANCE_IN_PROGRESS });
    expect(groups.heartbeat({ groupId: GROUP, generationId: 2, memberId: leader.memberId, groupInstanceId: null })).toBe(
      Code.UNKNOWN_MEMBER_ID,
    );
  });

  it('answers only when the assignment is durable', async () => {
    const { broker, groups } = await startGroups();
    const joined = await groups.join(joinRequest());
    broker.topics.log('__consumer_offsets').holdFlush = true;
    const synced = syncAll(groups, [joined]);
    expect(await outcome(synced)).toBe('pending');
    broker.topics.log('__consumer_offsets').releaseFlush();
    expect((await synced)[0]).toMatchObject({ errorCode: 0 });
  });

  it('fails the sync and rebalances when the assignment cannot be stored', async () => {
    const { broker, groups } = await startGroups();
    const joined = await groups.join(joinRequest());
    broker.topics.log('__consumer_offsets').appendErrors.push(Code.KAFKA_STORAGE_ERROR);
    expect((await syncAll(groups, [joined]))[0]).toMatchObject({ errorCode: Code.NOT_COORDINATOR });
    expect(groups.admin.describe(GROUP)?.state).toBe('PreparingRebalance');
    expect(await groups.join(joinRequest({ memberId: joined.memberId }))).toMatchObject({ errorCode: 0, generationId: 2 });
  });
});
