import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/broker/coordinator/index.ts';
import { NEW_MEMBER_JOIN_TIMEOUT_MS } from '../../../../src/broker/group/join.ts';
import { GROUP, joinRequest, offsetsLog, outcome, restart, SESSION_MS, stableGroup, startGroups, syncAll } from './harness.ts';

const beat = { groupId: GROUP, groupInstanceId: null };
const sync = { groupId: GROUP, groupInstanceId: null, protocolType: null, protocolName: null, assignments: new Map<string, Uint8Array>() };

describe('sessions', () => {
  it('keeps a member alive by heartbeats and removes it one session after the last', async () => {
    const { broker, groups } = await startGroups();
    const [member] = await stableGroup(groups, [{}]);
    for (let round = 0; round < 5; round++) {
      await broker.clock.advance(SESSION_MS - 1);
      expect(groups.heartbeat({ ...beat, generationId: 1, memberId: member!.memberId })).toBe(Code.NONE);
    }
    await broker.clock.advance(SESSION_MS);
    expect(groups.admin.describe(GROUP)).toMatchObject({ state: 'Empty', members: [] });
    expect(groups.heartbeat({ ...beat, generationId: 1, memberId: member!.memberId })).toBe(Code.UNKNOWN_MEMBER_ID);
  });

  it('makes the others rebalance when one session expires', async () => {
    const { broker, groups } = await startGroups();
    const [, follower] = await stableGroup(groups, [{}, { sessionTimeoutMs: 60_000 }]);
    await broker.clock.advance(SESSION_MS);
    expect(groups.heartbeat({ ...beat, generationId: 2, memberId: follower!.memberId })).toBe(Code.REBALANCE_IN_PROGRESS);
    expect(await groups.join(joinRequest({ memberId: follower!.memberId }))).toMatchObject({ generationId: 3, leader: follower!.memberId });
  });

  it('does not expire a member whose request is parked at the broker', async () => {
    const { broker, groups } = await startGroups();
    const [first] = await stableGroup(groups, [{ sessionTimeoutMs: 120_000 }]);
    const second = groups.join(joinRequest());
    const again = await Promise.all([groups.join(joinRequest({ memberId: first!.memberId, sessionTimeoutMs: 120_000 })), second]);
    const waiting = groups.sync({ ...sync, generationId: 2, memberId: again[1].memberId });
    await broker.clock.advance(SESSION_MS * 3);
    expect(await outcome(waiting)).toBe('pending');
    await syncAll(groups, again);
    expect(groups.heartbeat({ ...beat, generationId: 2, memberId: again[1].memberId })).toBe(Code.NONE);
  });

  it('gives a parked first join up after five minutes, when the group would still wait', async () => {
    const { broker, groups } = await startGroups();
    const slow = { sessionTimeoutMs: 1_800_000, rebalanceTimeoutMs: 1_800_000 };
    await stableGroup(groups, [slow]);
    const newcomer = groups.join(joinRequest(slow));
    await broker.clock.advance(NEW_MEMBER_JOIN_TIMEOUT_MS);
    expect(await newcomer).toMatchObject({ errorCode: Code.UNKNOWN_MEMBER_ID });
  });

  it('checks heartbeats', async () => {
    const { groups } = await startGroups();
    const [member] = await stableGroup(groups, [{}]);
    const { memberId } = member!;
    expect(groups.heartbeat({ ...beat, groupId: '', generationId: 1, memberId })).toBe(Code.INVALID_GROUP_ID);
    expect(groups.heartbeat({ ...beat, groupId: 'other', generationId: 1, memberId })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(groups.heartbeat({ ...beat, generationId: 0, memberId })).toBe(Code.ILLEGAL_GENERATION);
    expect(groups.heartbeat({ ...beat, generationId: 1, memberId, groupInstanceId: 'rack-1' })).toBe(Code.UNKNOWN_MEMBER_ID);
  });
});

describe('leaving', () => {
  it('empties the group when the last member leaves and starts over with the next generation', async () => {
    const { groups } = await startGroups();
    const [member] = await stableGroup(groups, [{}]);
    expect(groups.leave(GROUP, [{ memberId: member!.memberId, groupInstanceId: null, reason: null }])).toMatchObject([{ errorCode: 0 }]);
    expect(groups.admin.describe(GROUP)?.state).toBe('Empty');
    expect(await groups.join(joinRequest())).toMatchObject({ generationId: 3 });
  });

  it('takes several members out with one rebalance and reports each', async () => {
    const { groups } = await startGroups();
    const [one, two, three] = await stableGroup(groups, [{}, { groupInstanceId: 'b' }, {}]);
    const results = groups.leave(GROUP, [
      { memberId: one!.memberId, groupInstanceId: null, reason: null },
      { memberId: '', groupInstanceId: 'b', reason: null },
      { memberId: '', groupInstanceId: 'unknown', reason: null },
      { memberId: 'unknown', groupInstanceId: null, reason: null },
      { memberId: 'wrong', groupInstanceId: 'b', reason: null },
    ]);
    expect((results as { errorCode: number }[]).map(({ errorCode }) => errorCode)).toEqual([0, 0, 25, 25, 25]);
    expect(two!.memberId.startsWith('b-')).toBe(true);
    expect(await groups.join(joinRequest({ memberId: three!.memberId }))).toMatchObject({ generationId: 3 });
  });

  it('refuses a fenced instance and unknown groups', async () => {
    const { groups } = await startGroups();
    await stableGroup(groups, [{ groupInstanceId: 'b' }]);
    expect(groups.leave(GROUP, [{ memberId: 'wrong', groupInstanceId: 'b', reason: null }])).toMatchObject([
      { errorCode: Code.FENCED_INSTANCE_ID },
    ]);
    expect(groups.leave('other', [{ memberId: 'm', groupInstanceId: null, reason: null }])).toMatchObject([
      { errorCode: Code.UNKNOWN_MEMBER_ID },
    ]);
    expect(groups.leave('', [])).toBe(Code.INVALID_GROUP_ID);
  });

  it('lets a rebalance end when the member it waits for leaves', async () => {
    const { groups } = await startGroups();
    const [first] = await stableGroup(groups, [{}]);
    const second = groups.join(joinRequest());
    groups.leave(GROUP, [{ memberId: first!.memberId, groupInstanceId: null, reason: null }]);
    expect(await second).toMatchObject({ errorCode: 0, generationId: 2 });
  });

  it('drops a member id that was only handed out', async () => {
    const { groups } = await startGroups();
    const { memberId } = await groups.join(joinRequest({ requireKnownMemberId: true }));
    expect(groups.leave(GROUP, [{ memberId, groupInstanceId: null, reason: null }])).toMatchObject([{ errorCode: 0 }]);
    expect(await groups.join(joinRequest({ memberId }))).toMatchObject({ errorCode: Code.UNKNOWN_MEMBER_ID });
  });
});

describe('static members', () => {
  const instance = { groupInstanceId: 'rack-1' };

  it('keeps the assignment when an instance comes back without its id, and fences the old one', async () => {
    const { groups } = await startGroups();
    const [old] = await stableGroup(groups, [instance]);
    const back = await groups.join(joinRequest({ ...instance, supportsSkippingAssignment: true }));
    expect(back).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true, leader: back.memberId });
    expect(back.memberId).not.toBe(old!.memberId);
    const kept = await groups.sync({ ...sync, ...instance, generationId: 1, memberId: back.memberId });
    expect(Buffer.from(kept.assignment).toString()).toBe(`for ${old!.memberId}`);
    expect(groups.heartbeat({ ...beat, ...instance, generationId: 1, memberId: old!.memberId })).toBe(Code.FENCED_INSTANCE_ID);
    expect(await groups.sync({ ...sync, ...instance, generationId: 1, memberId: old!.memberId })).toMatchObject({
      errorCode: Code.FENCED_INSTANCE_ID,
    });
    expect(await groups.join(joinRequest({ ...instance, memberId: old!.memberId }))).toMatchObject({ errorCode: Code.FENCED_INSTANCE_ID });
  });

  it('tells an older client the old leader, so that it does not assign', async () => {
    const { groups } = await startGroups();
    const [old] = await stableGroup(groups, [instance]);
    expect(await groups.join(joinRequest(instance))).toMatchObject({ leader: old!.memberId, members: [], skipAssignment: false });
  });

  it('rebalances when the returning instance changes what all members speak', async () => {
    const { groups } = await startGroups();
    await stableGroup(groups, [
      {
        ...instance,
        protocols: [
          { name: 'range', metadata: Buffer.alloc(6) },
          { name: 'sticky', metadata: Buffer.alloc(6) },
        ],
      },
    ]);
    const back = groups.join(
      joinRequest({
        ...instance,
        protocols: [
          { name: 'sticky', metadata: Buffer.alloc(6) },
          { name: 'range', metadata: Buffer.alloc(6) },
        ],
      }),
    );
    expect(await back).toMatchObject({ generationId: 2, protocolName: 'sticky' });
  });

  it('fences a parked request of the same instance and rebalances while the leader decides', async () => {
    const { groups } = await startGroups();
    const first = await groups.join(joinRequest());
    const second = groups.join(joinRequest(instance));
    const [, follower] = await Promise.all([groups.join(joinRequest({ memberId: first.memberId })), second]);
    const waiting = groups.sync({ ...sync, ...instance, generationId: 2, memberId: follower.memberId });
    const back = groups.join(joinRequest(instance));
    expect(await waiting).toMatchObject({ errorCode: Code.FENCED_INSTANCE_ID });
    expect(await outcome(back)).toBe('pending');
    await groups.join(joinRequest({ memberId: first.memberId }));
    expect(await back).toMatchObject({ generationId: 3 });
  });

  it('survives a rebalance it does not join, until its session ends', async () => {
    const { broker, groups } = await startGroups();
    await stableGroup(groups, [{ ...instance, sessionTimeoutMs: 200_000 }]);
    const second = groups.join(joinRequest());
    await broker.clock.advance(60_000);
    expect(await second).toMatchObject({ errorCode: 0 });
    expect(groups.admin.describe(GROUP)?.members.map((member) => member.groupInstanceId)).toEqual(['rack-1', null]);
  });

  it('undoes the replacement when it cannot be stored', async () => {
    const { broker, groups } = await startGroups();
    const [old] = await stableGroup(groups, [instance]);
    offsetsLog(broker).appendErrors.push(Code.NOT_ENOUGH_REPLICAS);
    expect(await groups.join(joinRequest(instance))).toMatchObject({ errorCode: Code.COORDINATOR_NOT_AVAILABLE });
    expect(groups.heartbeat({ ...beat, ...instance, generationId: 1, memberId: old!.memberId })).toBe(Code.NONE);
  });
});

describe('restart', () => {
  it('brings a stable group back with its assignments and gives members a session to show up', async () => {
    const started = await startGroups();
    const [leader, follower] = await stableGroup(started.groups, [{ groupInstanceId: 'a' }, {}]);
    const { broker, groups } = await restart(started);
    expect(groups.admin.describe(GROUP)).toEqual(started.groups.admin.describe(GROUP));
    expect(groups.heartbeat({ ...beat, generationId: 2, memberId: follower!.memberId })).toBe(Code.NONE);
    const kept = await groups.sync({ ...sync, groupInstanceId: 'a', generationId: 2, memberId: leader!.memberId });
    expect(Buffer.from(kept.assignment).toString()).toBe(`for ${leader!.memberId}`);
    await broker.clock.advance(SESSION_MS);
    expect(groups.admin.describe(GROUP)?.members).toHaveLength(0);
  });

  it('does not bring back who left, nor a deleted group', async () => {
    const started = await startGroups();
    const [member] = await stableGroup(started.groups, [{}]);
    started.groups.leave(GROUP, [{ memberId: member!.memberId, groupInstanceId: null, reason: null }]);
    const second = await restart(started);
    expect(second.groups.admin.describe(GROUP)).toMatchObject({ state: 'Empty', members: [] });
    expect(await second.groups.admin.delete(GROUP)).toBe(Code.NONE);
    const third = await restart(second);
    expect(third.groups.admin.describe(GROUP)).toBeUndefined();
  });

  it('shows the last assignment while it rebalances, but no metadata', async () => {
    const { groups } = await startGroups();
    const [first] = await stableGroup(groups, [{}]);
    void groups.join(joinRequest());
    const description = groups.admin.describe(GROUP)!;
    expect(description).toMatchObject({ state: 'PreparingRebalance', protocolName: '' });
    const described = description.members.map(({ metadata, assignment }) => [metadata.length, Buffer.from(assignment).toString()]);
    expect(described).toEqual([
      [0, `for ${first!.memberId}`],
      [0, ''],
    ]);
  });

  it('calls everybody to a rebalance when it has become too large', async () => {
    const started = await startGroups();
    await stableGroup(started.groups, [{}, {}]);
    started.groups.close();
    started.broker.config['group.max.size'] = '1';
    const { groups } = await restart(started);
    expect(groups.admin.describe(GROUP)).toMatchObject({ state: 'PreparingRebalance' });
  });

  it('answers COORDINATOR_LOAD_IN_PROGRESS before and NOT_COORDINATOR after, and leaves no timer', async () => {
    const { broker, groups } = await startGroups();
    await stableGroup(groups, [{ rebalanceTimeoutMs: 300_000, sessionTimeoutMs: 300_000 }]);
    const waiting = groups.join(joinRequest());
    groups.close();
    expect(await waiting).toMatchObject({ errorCode: Code.NOT_COORDINATOR });
    expect(await groups.readiness.check(GROUP, 1)).toBe(Code.COORDINATOR_NOT_AVAILABLE);
    expect(broker.clock.timerCount).toBe(0);
  });
});
