import { describe, expect, it } from 'vitest';
import { Code } from '../../../../../src/broker/coordinator/index.ts';
import type { GroupCoordinator } from '../../../../../src/broker/group/coordinator.ts';
import type { JoinRequest, JoinResult, SyncResult } from '../../../../../src/broker/group/types.ts';
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
} from '../../../../../src/protocol/index.ts';
import { settle } from '../../coordinator/fakes.ts';
import { classicGroup, joinRequest, outcome, restart, type Started } from '../harness.ts';
import {
  consumerGroup,
  converge,
  dump,
  GROUP,
  heartbeatOf,
  joinOf,
  memberOf,
  partitionNames,
  SimulatedMember,
  started,
} from './harness.ts';

const ALL = 'flights-0 flights-1 flights-2 flights-3';

/** What a classic consumer says of itself; cooperative ones say what they have. */
function metadata(owned: readonly number[] = []): Buffer {
  const ownedPartitions = owned.length === 0 ? [] : [{ topic: 'flights', partitions: owned }];
  return encodeVersioned(ConsumerProtocolSubscription, 3, { topics: ['flights'], ownedPartitions });
}

const classicJoin = (changes: Partial<JoinRequest> = {}): JoinRequest =>
  joinRequest({ protocols: [{ name: 'cooperative-sticky', metadata: metadata() }], requireKnownMemberId: true, ...changes });

function sync(groups: GroupCoordinator, { memberId, generationId }: JoinResult, assignments = new Map<string, Uint8Array>()) {
  const protocolName = 'cooperative-sticky';
  const request = { groupId: GROUP, memberId, generationId, groupInstanceId: null, protocolType: 'consumer', protocolName, assignments };
  return Promise.resolve(groups.sync(request));
}

function partitionsOf({ assignment }: SyncResult): number[] {
  return decodeVersioned(ConsumerProtocolAssignment, assignment).assignedPartitions.flatMap(({ partitions }) => partitions);
}

async function known(groups: GroupCoordinator, changes: Partial<JoinRequest> = {}): Promise<string> {
  const { errorCode, memberId } = await groups.join(classicJoin(changes));
  expect(errorCode).toBe(Code.MEMBER_ID_REQUIRED);
  return memberId;
}

/** A stable classic group with one member that has everything. */
async function classicWithOne({ groups }: Started): Promise<JoinResult> {
  const joined = await groups.join(classicJoin({ memberId: await known(groups) }));
  const everything = encodeVersioned(ConsumerProtocolAssignment, 3, {
    assignedPartitions: [{ topic: 'flights', partitions: [0, 1, 2, 3] }],
  });
  await sync(groups, joined, new Map([[joined.memberId, everything]]));
  return joined;
}

const classicHeartbeat = (groups: GroupCoordinator, { memberId, generationId }: JoinResult) =>
  groups.heartbeat({ groupId: GROUP, memberId, generationId, groupInstanceId: null });

describe('a classic group whose members change to the new protocol', () => {
  it('becomes a consumer group without anybody losing what is not wanted elsewhere', async () => {
    const world = await started();
    const { groups, broker } = world;
    const old = await classicWithOne(world);
    const b = new SimulatedMember('b');
    const joined = await b.heartbeat(groups);
    expect([joined.memberEpoch, partitionNames(broker, joined.assignment)]).toEqual([2, '']);
    expect(memberOf(groups, old.memberId)).toMatchObject({ memberEpoch: 1, classic: { sessionTimeoutMs: 10_000 } });

    expect(classicHeartbeat(groups, old)).toBe(Code.REBALANCE_IN_PROGRESS);
    // It says what it has, is told what it may keep, gives up the rest, and joins again.
    const first = await groups.join(
      classicJoin({ memberId: old.memberId, protocols: [{ name: 'cooperative-sticky', metadata: metadata([0, 1, 2, 3]) }] }),
    );
    expect(first).toMatchObject({ errorCode: 0, generationId: 1, leader: '', members: [], protocolName: 'cooperative-sticky' });
    expect(partitionsOf(await sync(groups, first))).toEqual([0, 1]);
    expect(classicHeartbeat(groups, first)).toBe(Code.REBALANCE_IN_PROGRESS);
    const second = await groups.join(
      classicJoin({ memberId: old.memberId, protocols: [{ name: 'cooperative-sticky', metadata: metadata([0, 1]) }] }),
    );
    expect(second.generationId).toBe(2);
    expect(partitionsOf(await sync(groups, second))).toEqual([0, 1]);
    expect(classicHeartbeat(groups, second)).toBe(Code.NONE);
    expect(partitionNames(broker, (await b.heartbeat(groups)).assignment)).toBe('flights-2 flights-3');
    expect(consumerGroup(groups).state).toBe('Stable');
  });

  it('answers members that wait in a rebalance', async () => {
    const world = await started({ flights: 4 }, { 'group.initial.rebalance.delay.ms': '3000' });
    const { groups } = world;
    const waiting = groups.join(classicJoin({ memberId: await known(groups) }));
    expect(await outcome(waiting)).toBe('pending');
    expect(await groups.consumerHeartbeat(joinOf('b'))).toMatchObject({ errorCode: Code.NONE });
    expect((await waiting).errorCode).toBe(Code.REBALANCE_IN_PROGRESS);
    expect(consumerGroup(groups).members.size).toBe(2);
  });

  it.each([
    ['the policy forbids it', { 'group.consumer.migration.policy': 'downgrade' }],
    ['there is no room', { 'group.consumer.max.size': '0' }],
  ])('stays a classic group when %s', async (_, config) => {
    const world = await started({ flights: 4 }, config);
    await classicWithOne(world);
    expect(await world.groups.consumerHeartbeat(joinOf('b'))).toMatchObject({ errorCode: Code.GROUP_ID_NOT_FOUND });
    expect(classicGroup(world.groups).is('Stable')).toBe(true);
  });

  it('stays one when its members are no consumers, or have an assignor of their own', async () => {
    const { groups } = await started();
    const joined = await groups.join(classicJoin({ protocolType: 'connect', requireKnownMemberId: false }));
    expect(await groups.consumerHeartbeat(joinOf('b'))).toMatchObject({ errorCode: Code.GROUP_ID_NOT_FOUND });
    expect(classicGroup(groups).members.has(joined.memberId)).toBe(true);

    const own = await started();
    const consumer = await own.groups.join(classicJoin({ memberId: await known(own.groups) }));
    const assignment = encodeVersioned(ConsumerProtocolAssignment, 1, { assignedPartitions: [], userData: Buffer.from('mine') });
    await sync(own.groups, consumer, new Map([[consumer.memberId, assignment]]));
    const refused = await own.groups.consumerHeartbeat(joinOf('b'));
    expect(refused.errorMessage).toContain('custom assignor');
  });

  it('is a new group when it was empty', async () => {
    const { groups } = await started();
    await groups.offsets.commit({
      groupId: GROUP,
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      retentionTimeMs: -1,
      offsets: [{ topic: 'flights', partition: 0, offset: 7, leaderEpoch: -1, metadata: null }],
      groupNotFoundKnown: true,
    });
    expect(await groups.consumerHeartbeat(joinOf('a'))).toMatchObject({ errorCode: 0, memberEpoch: 2 });
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(7);
  });
});

describe('a consumer group with classic members', () => {
  async function mixed() {
    const world = await started();
    const b = new SimulatedMember('b');
    await b.heartbeat(world.groups);
    const memberId = await known(world.groups);
    const joined = await world.groups.join(classicJoin({ memberId }));
    await converge(world.groups, [b]);
    return { ...world, b, classic: joined };
  }

  it('gives them their part', async () => {
    const { groups, classic } = await mixed();
    expect(classic.generationId).toBe(3);
    expect(partitionsOf(await sync(groups, classic))).toEqual([]);
    expect(classicHeartbeat(groups, classic)).toBe(Code.REBALANCE_IN_PROGRESS);
    const again = await groups.join(classicJoin({ memberId: classic.memberId }));
    expect(partitionsOf(await sync(groups, again))).toEqual([2, 3]);
    expect(classicHeartbeat(groups, again)).toBe(Code.NONE);
  });

  it('tells wrong members so', async () => {
    const { groups, classic } = await mixed();
    const beat = (changes: object) =>
      groups.heartbeat({ groupId: GROUP, memberId: classic.memberId, generationId: 3, groupInstanceId: null, ...changes });
    expect(beat({ memberId: 'x' })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(beat({ memberId: 'b' })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(beat({ generationId: 2 })).toBe(Code.ILLEGAL_GENERATION);
    expect((await sync(groups, { ...classic, generationId: 9 })).errorCode).toBe(Code.ILLEGAL_GENERATION);
    const other = await groups.join(classicJoin({ protocols: [{ name: 'range', metadata: metadata() }] }));
    expect(other.errorCode).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
    const connect = await groups.join(classicJoin({ protocolType: 'connect' }));
    expect(connect.errorCode).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
    const garbage = await groups.join(
      classicJoin({ memberId: 'c', protocols: [{ name: 'cooperative-sticky', metadata: Buffer.from([9]) }] }),
    );
    expect(garbage.errorCode).toBe(Code.INCONSISTENT_GROUP_PROTOCOL);
  });

  it.each([
    ['sends no heartbeat', 10_000],
    ['does not sync', 60_000],
  ])('removes one that %s', async (why, timeoutMs) => {
    const { groups, broker, b, classic } = await mixed();
    for (let elapsed = 0; elapsed < timeoutMs; elapsed += 5_000) {
      await converge(groups, [b]);
      if (why !== 'sends no heartbeat') classicHeartbeat(groups, classic);
      await broker.clock.advance(5_000);
    }
    expect(consumerGroup(groups).members.has(classic.memberId)).toBe(false);
    await converge(groups, [b]);
    expect(partitionNames(broker, memberOf(groups, 'b').assigned)).toBe(ALL);
  });

  it('removes one that is called to join again and does not', async () => {
    const { groups, broker, b, classic } = await mixed();
    await sync(groups, classic);
    for (let elapsed = 0; elapsed < 60_000; elapsed += 5_000) {
      await converge(groups, [b]);
      expect(classicHeartbeat(groups, classic)).toBe(Code.REBALANCE_IN_PROGRESS);
      await broker.clock.advance(5_000);
    }
    expect(consumerGroup(groups).members.has(classic.memberId)).toBe(false);
  });

  it('lets them leave, by instance id too', async () => {
    const { groups, classic } = await mixed();
    const fixed = await groups.join(classicJoin({ groupInstanceId: 'seat' }));
    expect(fixed.errorCode).toBe(Code.NONE);
    const leaving = [
      { memberId: classic.memberId, groupInstanceId: null, reason: null },
      { memberId: '', groupInstanceId: 'seat', reason: null },
      { memberId: 'x', groupInstanceId: null, reason: null },
      { memberId: 'x', groupInstanceId: 'seat', reason: null },
    ];
    const results = (await groups.leave(GROUP, leaving)) as { errorCode: number }[];
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 0, Code.UNKNOWN_MEMBER_ID, Code.FENCED_INSTANCE_ID]);
    expect([...consumerGroup(groups).members.keys()]).toEqual(['b']);
  });

  it('comes back from the log as it was', async () => {
    const world = await mixed();
    const before = dump(consumerGroup(world.groups));
    world.groups.close();
    const { groups } = await restart(world);
    expect(dump(consumerGroup(groups))).toEqual(before);
    expect(classicHeartbeat(groups, world.classic)).toBe(Code.REBALANCE_IN_PROGRESS);
  });

  it('becomes a classic group when the last other member leaves', async () => {
    const world = await mixed();
    const { groups, classic } = world;
    const again = await groups.join(classicJoin({ memberId: classic.memberId }));
    await sync(groups, again);
    await groups.consumerHeartbeat(heartbeatOf({ memberId: 'b', memberEpoch: -1 }));
    expect(classicGroup(groups)).toMatchObject({ generationId: 3, protocolName: 'cooperative-sticky', leaderId: classic.memberId });
    expect(classicHeartbeat(groups, again)).toBe(Code.REBALANCE_IN_PROGRESS);
    const rejoined = await groups.join(classicJoin({ memberId: classic.memberId }));
    expect(rejoined).toMatchObject({ generationId: 4, leader: classic.memberId });
    await settle();
    groups.close();
    const reloaded = await restart(world);
    expect([...classicGroup(reloaded.groups).members.keys()]).toEqual([classic.memberId]);
  });

  it('becomes one when the session of the last other member ends, but not when the policy forbids it', async () => {
    for (const [policy, type] of [
      ['bidirectional', 'classic'],
      ['upgrade', 'consumer'],
    ] as const) {
      const { groups, broker } = await started({ flights: 4 }, { 'group.consumer.migration.policy': policy });
      await groups.consumerHeartbeat(joinOf('b'));
      const memberId = await known(groups, { sessionTimeoutMs: 60_000 });
      await groups.join(classicJoin({ memberId, sessionTimeoutMs: 60_000 }));
      await broker.clock.advance(45_000);
      expect(groups.find(GROUP)).toMatchObject({ type });
      expect([...groups.find(GROUP)!.members.keys()]).toEqual([memberId]);
    }
  });

  it('becomes one when a static classic member takes the place of the last other one', async () => {
    const { groups, broker } = await started();
    await groups.consumerHeartbeat(joinOf('a', { instanceId: 'seat' }));
    const joined = await groups.join(classicJoin({ groupInstanceId: 'seat' }));
    expect(joined).toMatchObject({ errorCode: Code.NONE, generationId: 2 });
    const group = classicGroup(groups);
    expect([...group.staticMembers]).toEqual([['seat', joined.memberId]]);
    const synced = await sync(groups, joined);
    expect(partitionsOf(synced)).toEqual([0, 1, 2, 3]);
    expect(broker.clock.timerCount).toBe(2);
  });

  it('goes back and forth with a static member', async () => {
    const { groups, broker } = await started();
    await groups.consumerHeartbeat(joinOf('a', { instanceId: 'seat' }));
    const joined = await groups.join(classicJoin({ groupInstanceId: 'seat' }));
    await sync(groups, joined);
    const back = await groups.consumerHeartbeat(joinOf('c', { instanceId: 'seat' }));
    expect([back.errorCode, partitionNames(broker, back.assignment)]).toEqual([Code.NONE, ALL]);
    expect([...consumerGroup(groups).members.keys()]).toEqual(['c']);
  });

  it('makes place for a classic group when it is empty', async () => {
    const { groups } = await started();
    await groups.consumerHeartbeat(joinOf('a'));
    await groups.consumerHeartbeat(heartbeatOf({ memberEpoch: -1 }));
    expect((await groups.join(classicJoin({ memberId: 'x' }))).errorCode).toBe(Code.UNKNOWN_MEMBER_ID);
    const joined = await groups.join(classicJoin({ requireKnownMemberId: false }));
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1 });
    expect(classicGroup(groups).members.size).toBe(1);
  });
});
