import { describe, expect, it } from 'vitest';
import { Code } from '../../../../../src/broker/coordinator/index.ts';
import type { ConsumerHeartbeat } from '../../../../../src/broker/group/consumer/types.ts';
import { consumerGroup, converge, GROUP, heartbeatOf, joinOf, memberOf, partitionNames, SimulatedMember, started } from './harness.ts';

const ALL = 'flights-0 flights-1 flights-2 flights-3';

describe('joining', () => {
  it('gives the only member everything', async () => {
    const { groups, broker } = await started();
    const result = await groups.consumerHeartbeat(joinOf('a'));
    expect(result).toMatchObject({ errorCode: Code.NONE, memberId: 'a', memberEpoch: 2, heartbeatIntervalMs: 5_000 });
    expect(partitionNames(broker, result.assignment)).toBe(ALL);
    expect(consumerGroup(groups)).toMatchObject({ state: 'Stable', groupEpoch: 2, assignmentEpoch: 2 });
  });

  it('makes an id for a member that brings none (version 0)', async () => {
    const { groups } = await started();
    const { memberId } = await groups.consumerHeartbeat(joinOf('', { bringsMemberId: false }));
    expect(memberId).toMatch(/^\w[\w-]{21}$/);
    expect(memberOf(groups, memberId!).memberEpoch).toBe(2);
  });

  it('lets a newcomer wait for what another member has to give up first', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    const joined = await b.heartbeat(groups);
    expect([joined.memberEpoch, partitionNames(broker, joined.assignment)]).toEqual([3, '']);
    expect(memberOf(groups, 'b').state).toBe('unreleased');
    expect(consumerGroup(groups).state).toBe('Reconciling');

    const told = await groups.consumerHeartbeat(a.request());
    expect([told.memberEpoch, partitionNames(broker, told.assignment)]).toEqual([2, 'flights-0 flights-1']);
    expect(memberOf(groups, 'a').state).toBe('unrevoked');
    // As long as it has not said that they are gone, nobody else gets them.
    expect(partitionNames(broker, memberOf(groups, 'a').pendingRevocation)).toBe('flights-2 flights-3');
    expect((await b.heartbeat(groups)).assignment).toBeNull();

    a.accept(told);
    expect((await a.heartbeat(groups)).memberEpoch).toBe(3);
    expect(partitionNames(broker, (await b.heartbeat(groups)).assignment)).toBe('flights-2 flights-3');
    expect(consumerGroup(groups).state).toBe('Stable');
  });

  it('refuses somebody new in a full group, but not its members', async () => {
    const { groups } = await started({ flights: 4 }, { 'group.consumer.max.size': '1' });
    const a = new SimulatedMember('a');
    await a.heartbeat(groups);
    expect(await groups.consumerHeartbeat(joinOf('b'))).toMatchObject({ errorCode: Code.GROUP_MAX_SIZE_REACHED });
    expect(await a.heartbeat(groups)).toMatchObject({ errorCode: Code.NONE });
  });

  it('uses the assignor most members ask for', async () => {
    const { groups, broker } = await started({ flights: 3, seats: 3 });
    const wants = { topicNames: ['flights', 'seats'], serverAssignor: 'range' };
    await groups.consumerHeartbeat(joinOf('a', wants));
    await groups.consumerHeartbeat(joinOf('b', wants));
    const group = consumerGroup(groups);
    expect(partitionNames(broker, group.target('a'))).toBe('flights-0 flights-1 seats-0 seats-1');
    expect(partitionNames(broker, group.target('b'))).toBe('flights-2 seats-2');
  });

  it('may be told to wait between two assignments', async () => {
    const { groups, broker } = await started({ flights: 4 }, { 'group.consumer.assignment.interval.ms': '1000' });
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    await b.heartbeat(groups);
    expect(consumerGroup(groups)).toMatchObject({ groupEpoch: 3, assignmentEpoch: 2, state: 'Assigning' });
    await broker.clock.advance(1_000);
    await converge(groups, [a, b]);
    expect(consumerGroup(groups)).toMatchObject({ assignmentEpoch: 3, state: 'Stable' });
  });
});

describe('going on', () => {
  it('says the assignment only when it is new or asked for', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    await a.heartbeat(groups);
    expect((await a.heartbeat(groups)).assignment).toBeNull();
    const full = joinOf('a', { memberEpoch: 2, owned: a.copyOfOwned() });
    expect(partitionNames(broker, (await groups.consumerHeartbeat(full)).assignment)).toBe(ALL);
  });

  it('writes nothing when nothing changes', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    await a.heartbeat(groups);
    const batches = broker.topics.log('__consumer_offsets').batchCount;
    await a.heartbeat(groups);
    await a.heartbeat(groups);
    expect(broker.topics.log('__consumer_offsets').batchCount).toBe(batches);
  });

  it('accepts the epoch before with nothing but what is assigned: the answer was lost', async () => {
    const { groups } = await started();
    const a = new SimulatedMember('a');
    await a.heartbeat(groups);
    const b = new SimulatedMember('b');
    await b.heartbeat(groups);
    await a.heartbeat(groups);
    const acknowledged = a.request();
    expect((await groups.consumerHeartbeat(acknowledged)).memberEpoch).toBe(3);
    expect(await groups.consumerHeartbeat(acknowledged)).toMatchObject({ errorCode: Code.NONE, memberEpoch: 3 });
  });

  it.each([
    ['greater', { memberEpoch: 9 }],
    ['smaller', { memberEpoch: 1 }],
    ['the previous one without saying what is owned', { memberEpoch: 2, owned: null }],
  ])('fences a member whose epoch is %s', async (_, changes) => {
    const { groups } = await started();
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    await b.heartbeat(groups);
    await converge(groups, [a, b]);
    expect(await groups.consumerHeartbeat(heartbeatOf({ memberId: 'a', ...changes }))).toMatchObject({
      errorCode: Code.FENCED_MEMBER_EPOCH,
    });
    expect(memberOf(groups, 'a').memberEpoch).toBe(3);
  });

  it('takes a member back that joins again under its id, with the same partitions', async () => {
    const { groups, broker } = await started();
    await groups.consumerHeartbeat(joinOf('a'));
    const again = await groups.consumerHeartbeat(joinOf('a'));
    expect([again.memberEpoch, partitionNames(broker, again.assignment)]).toEqual([2, ALL]);
  });

  it('takes partitions of a topic away at once that a member has left', async () => {
    const { groups, broker } = await started({ flights: 2, seats: 2 });
    const both = new SimulatedMember('a', { topicNames: ['flights', 'seats'] });
    await both.heartbeat(groups);
    const told = await groups.consumerHeartbeat(heartbeatOf({ memberEpoch: both.epoch, topicNames: ['seats'], owned: both.copyOfOwned() }));
    expect(partitionNames(broker, told.assignment)).toBe('seats-0 seats-1');
    expect(memberOf(groups, 'a').state).toBe('unrevoked');
  });

  it('does not know members that never joined, nor their group', async () => {
    const { groups } = await started();
    const unknown = heartbeatOf({ memberId: 'x', memberEpoch: 3 });
    expect(await groups.consumerHeartbeat(unknown)).toMatchObject({
      errorCode: Code.GROUP_ID_NOT_FOUND,
      errorMessage: `Consumer group ${GROUP} not found.`,
    });
    await groups.consumerHeartbeat(joinOf('a'));
    expect(await groups.consumerHeartbeat(unknown)).toMatchObject({ errorCode: Code.UNKNOWN_MEMBER_ID });
  });
});

describe('requests that make no sense', () => {
  const cases: readonly (readonly [string, Partial<ConsumerHeartbeat>, number])[] = [
    ['no member id', joinOf(''), Code.INVALID_REQUEST],
    ['a blank group id', joinOf('a', { groupId: ' ' }), Code.INVALID_REQUEST],
    ['a blank instance id', joinOf('a', { instanceId: '' }), Code.INVALID_REQUEST],
    ['a blank rack', joinOf('a', { rackId: '' }), Code.INVALID_REQUEST],
    ['a join without a rebalance timeout', joinOf('a', { rebalanceTimeoutMs: -1 }), Code.INVALID_REQUEST],
    ['a join that does not say it owns nothing', joinOf('a', { owned: null }), Code.INVALID_REQUEST],
    ['a join that owns partitions', joinOf('a', { owned: new Map([['00', new Set([1])]]) }), Code.INVALID_REQUEST],
    ['a join without a subscription', joinOf('a', { topicNames: null }), Code.INVALID_REQUEST],
    ['leaving for a while without an instance id', heartbeatOf({ memberEpoch: -2 }), Code.INVALID_REQUEST],
    ['an epoch there is not', heartbeatOf({ memberEpoch: -3 }), Code.INVALID_REQUEST],
    ['a member id that fits no record', joinOf('x'.repeat(10_001)), Code.INVALID_REQUEST],
    ['a topic name that fits no record', joinOf('a', { topicNames: ['x'.repeat(10_001)] }), Code.INVALID_REQUEST],
    ['an assignor there is not', joinOf('a', { serverAssignor: 'mine' }), Code.UNSUPPORTED_ASSIGNOR],
    ['an expression that is none', joinOf('a', { topicRegex: '(' }), Code.INVALID_REGULAR_EXPRESSION],
  ];
  it.each(cases)('%s', async (_, request, errorCode) => {
    const { groups } = await started();
    expect(await groups.consumerHeartbeat(heartbeatOf(request))).toMatchObject({ errorCode, memberId: null });
    expect(groups.find(GROUP)).toBeUndefined();
  });
});

describe('leaving', () => {
  it('gives the others what the member had', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    await b.heartbeat(groups);
    await converge(groups, [a, b]);
    expect(await groups.consumerHeartbeat(heartbeatOf({ memberId: 'a', memberEpoch: -1 }))).toMatchObject({
      errorCode: 0,
      memberId: 'a',
      memberEpoch: -1,
    });
    await converge(groups, [b]);
    expect(partitionNames(broker, memberOf(groups, 'b').assigned)).toBe(ALL);
    expect(broker.clock.timerCount).toBe(2);
  });

  it('leaves the group behind empty, and without timers of its own', async () => {
    const { groups, broker } = await started();
    await groups.consumerHeartbeat(joinOf('a'));
    await groups.consumerHeartbeat(heartbeatOf({ memberEpoch: -1 }));
    expect(consumerGroup(groups).state).toBe('Empty');
    expect(broker.clock.timerCount).toBe(1);
    expect(await groups.consumerHeartbeat(heartbeatOf({ memberEpoch: -1 }))).toMatchObject({ errorCode: Code.UNKNOWN_MEMBER_ID });
  });
});

describe('deadlines', () => {
  it('removes a member whose session ended', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    await b.heartbeat(groups);
    await broker.clock.advance(44_000);
    await b.heartbeat(groups);
    await broker.clock.advance(1_000);
    expect([...consumerGroup(groups).members.keys()]).toEqual(['b']);
    expect(await a.heartbeat(groups)).toMatchObject({ errorCode: Code.UNKNOWN_MEMBER_ID });
    await converge(groups, [b]);
    expect(partitionNames(broker, memberOf(groups, 'b').assigned)).toBe(ALL);
  });

  it('goes by the session timeout of the group, also when it is changed', async () => {
    const own = { 'consumer.session.timeout.ms': '50000', 'consumer.heartbeat.interval.ms': '7000' };
    const { groups, broker } = await started({ flights: 1 }, {}, own);
    const a = new SimulatedMember('a');
    expect((await a.heartbeat(groups)).heartbeatIntervalMs).toBe(7_000);
    await broker.clock.advance(49_999);
    expect(consumerGroup(groups).members.size).toBe(1);
    own['consumer.session.timeout.ms'] = '10000';
    await a.heartbeat(groups);
    await broker.clock.advance(10_000);
    expect(consumerGroup(groups).members.size).toBe(0);
  });

  it('removes a member that does not give up its partitions in its rebalance timeout', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    await b.heartbeat(groups);
    for (let elapsed = 0; elapsed < 60_000; elapsed += 20_000) {
      // It is alive, but says it still has everything.
      await groups.consumerHeartbeat(a.request());
      await b.heartbeat(groups);
      await broker.clock.advance(20_000);
    }
    expect([...consumerGroup(groups).members.keys()]).toEqual(['b']);
    await converge(groups, [b]);
    expect(partitionNames(broker, memberOf(groups, 'b').assigned)).toBe(ALL);
  });

  it('lets a member go on that gave them up in time', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    await b.heartbeat(groups);
    await converge(groups, [a, b]);
    for (let elapsed = 0; elapsed < 80_000; elapsed += 20_000) {
      await broker.clock.advance(20_000);
      await converge(groups, [a, b]);
    }
    expect(consumerGroup(groups).members.size).toBe(2);
  });
});
