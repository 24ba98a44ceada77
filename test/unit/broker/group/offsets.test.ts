import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/broker/coordinator/index.ts';
import type { OffsetCommit, OffsetToCommit, TransactionalOffsetCommit } from '../../../../src/broker/group/offset-commits.ts';
import { fakeBroker } from '../coordinator/fakes.ts';
import { GROUP, joinRequest, offsetsLog, outcome, restart, stableGroup, startGroups, subscription } from './harness.ts';

const DAY_MS = 86_400_000;

function at(offset: number, changes: Partial<OffsetToCommit> = {}): OffsetToCommit {
  return { topic: 'flights', partition: 0, offset, leaderEpoch: 3, metadata: 'note', ...changes };
}

function commit(changes: Partial<OffsetCommit> = {}): OffsetCommit {
  return {
    groupId: GROUP,
    memberId: '',
    groupInstanceId: null,
    generationId: -1,
    retentionTimeMs: -1,
    offsets: [at(5)],
    groupNotFoundKnown: true,
    ...changes,
  };
}

function inTransaction(changes: Partial<TransactionalOffsetCommit> = {}): TransactionalOffsetCommit {
  return {
    groupId: GROUP,
    memberId: '',
    groupInstanceId: null,
    generationId: -1,
    producerId: 9,
    producerEpoch: 0,
    offsets: [at(7)],
    ...changes,
  };
}

describe('committing', () => {
  it('stores offset, epoch and metadata, and has them after a restart', async () => {
    const started = await startGroups();
    expect(
      await started.groups.offsets.commit(commit({ offsets: [at(5), at(6, { partition: 1, metadata: null, leaderEpoch: -1 })] })),
    ).toEqual([0, 0]);
    const { groups } = await restart(started);
    expect(groups.store.get(GROUP, 'flights', 0)).toMatchObject({ offset: 5, leaderEpoch: 3, metadata: 'note', recordOffset: 0 });
    expect(groups.store.get(GROUP, 'flights', 1)).toMatchObject({ offset: 6, leaderEpoch: -1, metadata: '', recordOffset: 1 });
    expect(groups.admin.describe(GROUP)).toMatchObject({ state: 'Empty', protocolType: '' });
  });

  it('answers when durable, and not with success when the log fails', async () => {
    const { broker, groups } = await startGroups();
    offsetsLog(broker).holdFlush = true;
    const waiting = groups.offsets.commit(commit());
    expect(await outcome(waiting)).toBe('pending');
    offsetsLog(broker).releaseFlush();
    expect(await waiting).toEqual([0]);
    offsetsLog(broker).flushFails = true;
    expect(await groups.offsets.commit(commit())).toEqual([Code.NOT_COORDINATOR]);
    offsetsLog(broker).appendErrors.push(Code.MESSAGE_TOO_LARGE);
    expect(await groups.offsets.commit(commit({ offsets: [at(99)] }))).toEqual([Code.INVALID_COMMIT_OFFSET_SIZE]);
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(5);
  });

  it('refuses too much metadata for that partition alone', async () => {
    const { groups } = await startGroups();
    const codes = await groups.offsets.commit(
      commit({ offsets: [at(1, { metadata: 'x'.repeat(4_097) }), at(2, { partition: 1, metadata: 'x'.repeat(4_096) })] }),
    );
    expect(codes).toEqual([Code.OFFSET_METADATA_TOO_LARGE, Code.NONE]);
  });

  it('checks who commits', async () => {
    const { groups } = await startGroups();
    const code = async (changes: Partial<OffsetCommit>): Promise<number> => (await groups.offsets.commit(commit(changes)))[0]!;
    expect(await code({ groupId: 'none', generationId: 1, memberId: 'm' })).toBe(Code.GROUP_ID_NOT_FOUND);
    expect(await code({ groupId: 'none', generationId: 1, memberId: 'm', groupNotFoundKnown: false })).toBe(Code.ILLEGAL_GENERATION);
    const [member] = await stableGroup(groups, [{ groupInstanceId: 'a' }]);
    const { memberId } = member!;
    expect(await code({})).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(await code({ memberId, generationId: 1 })).toBe(Code.NONE);
    expect(await code({ memberId, generationId: 0 })).toBe(Code.ILLEGAL_GENERATION);
    expect(await code({ memberId: 'other', generationId: 1 })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(await code({ memberId: 'other', groupInstanceId: 'a', generationId: 1 })).toBe(Code.FENCED_INSTANCE_ID);
  });

  it('lets members commit while a rebalance gathers them, but not between join and sync', async () => {
    const { groups } = await startGroups();
    const [member] = await stableGroup(groups, [{}]);
    const { memberId } = member!;
    const second = groups.join(joinRequest());
    expect(await groups.offsets.commit(commit({ memberId, generationId: 1 }))).toEqual([Code.NONE]);
    await Promise.all([groups.join(joinRequest({ memberId })), second]);
    expect(await groups.offsets.commit(commit({ memberId, generationId: 2 }))).toEqual([Code.REBALANCE_IN_PROGRESS]);
  });

  it('keeps a session alive', async () => {
    const { broker, groups } = await startGroups();
    const [member] = await stableGroup(groups, [{}]);
    await broker.clock.advance(9_000);
    await groups.offsets.commit(commit({ memberId: member!.memberId, generationId: 1 }));
    await broker.clock.advance(9_000);
    expect(groups.admin.describe(GROUP)?.members).toHaveLength(1);
  });
});

describe('committing in a transaction', () => {
  it('shows offsets when the transaction commits and drops them when it aborts', async () => {
    const { groups } = await startGroups();
    await groups.offsets.commit(commit());
    await groups.offsets.commitInTransaction(inTransaction());
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(5);
    expect(groups.store.hasPending(GROUP, 'flights', 0)).toBe(true);
    groups.endTransaction(0, 9, false);
    expect([groups.store.get(GROUP, 'flights', 0)?.offset, groups.store.hasPending(GROUP, 'flights', 0)]).toEqual([5, false]);
    await groups.offsets.commitInTransaction(inTransaction());
    groups.endTransaction(0, 9, true);
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(7);
  });

  it('lets the later of two commits win, whichever becomes visible last', async () => {
    const { groups } = await startGroups();
    await groups.offsets.commitInTransaction(inTransaction());
    await groups.offsets.commit(commit({ offsets: [at(8)] }));
    groups.endTransaction(0, 9, true);
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(8);
  });

  it('has pending offsets after a restart, and knows from markers how others ended', async () => {
    const started = await startGroups();
    const log = offsetsLog(started.broker);
    for (const producerId of [1, 2, 3]) {
      await started.groups.offsets.commitInTransaction(inTransaction({ producerId, offsets: [at(producerId, { partition: producerId })] }));
    }
    log.appendMarker({ producerId: 1, producerEpoch: 0, commit: true, coordinatorEpoch: 0 });
    log.appendMarker({ producerId: 2, producerEpoch: 0, commit: false, coordinatorEpoch: 0 });
    const { groups } = await restart(started);
    expect([1, 2, 3].map((partition) => groups.store.get(GROUP, 'flights', partition)?.offset)).toEqual([1, undefined, undefined]);
    expect([1, 2, 3].map((partition) => groups.store.hasPending(GROUP, 'flights', partition))).toEqual([false, false, true]);
    groups.endTransaction(0, 3, true);
    expect(groups.store.get(GROUP, 'flights', 3)?.offset).toBe(3);
  });

  it('checks the member only when one is named, and not the rebalance (KIP-447)', async () => {
    const { groups } = await startGroups();
    const code = async (changes: Partial<TransactionalOffsetCommit>): Promise<number> =>
      (await groups.offsets.commitInTransaction(inTransaction(changes)))[0]!;
    expect(await code({ groupId: 'none', generationId: 1 })).toBe(Code.ILLEGAL_GENERATION);
    const joined = await groups.join(joinRequest({ groupInstanceId: 'a' }));
    const { memberId } = joined;
    expect(await code({})).toBe(Code.NONE);
    expect(await code({ memberId, generationId: 1 })).toBe(Code.NONE);
    expect(await code({ memberId, generationId: 2 })).toBe(Code.ILLEGAL_GENERATION);
    expect(await code({ memberId: 'other', generationId: 1 })).toBe(Code.UNKNOWN_MEMBER_ID);
    expect(await code({ memberId: 'other', groupInstanceId: 'a', generationId: 1 })).toBe(Code.FENCED_INSTANCE_ID);
  });
});

describe('deleting', () => {
  it('deletes offsets of topics nobody in the group reads', async () => {
    const started = await startGroups();
    const { groups } = started;
    await groups.offsets.commit(commit({ offsets: [at(1), at(1, { topic: 'old' })] }));
    await stableGroup(groups, [{}]);
    const both = [
      { topic: 'flights', partition: 0 },
      { topic: 'old', partition: 0 },
    ];
    expect(await groups.offsets.delete(GROUP, both)).toEqual([Code.GROUP_SUBSCRIBED_TO_TOPIC, Code.NONE]);
    expect(await groups.offsets.delete('none', both)).toBe(Code.GROUP_ID_NOT_FOUND);
    const after = await restart(started);
    expect(after.groups.store.partitionsOf(GROUP)).toEqual([{ topic: 'flights', partition: 0 }]);
  });

  it('deletes a group with everything it has, but only an empty one', async () => {
    const started = await startGroups();
    const { groups } = started;
    await groups.offsets.commit(commit());
    await groups.offsets.commitInTransaction(inTransaction({ offsets: [at(2, { partition: 4 })] }));
    const [member] = await stableGroup(groups, [{}]);
    expect(await groups.admin.delete(GROUP)).toBe(Code.NON_EMPTY_GROUP);
    groups.leave(GROUP, [{ memberId: member!.memberId, groupInstanceId: null, reason: null }]);
    expect(await groups.admin.delete(GROUP)).toBe(Code.NONE);
    expect(await groups.admin.delete(GROUP)).toBe(Code.GROUP_ID_NOT_FOUND);
    const after = await restart(started);
    expect([after.groups.store.partitionsOf(GROUP), after.groups.admin.list([], [])]).toEqual([[], []]);
  });

  it('drops the offsets of a deleted topic', async () => {
    const started = await startGroups();
    await started.groups.offsets.commit(commit({ offsets: [at(1), at(1, { topic: 'kept' })] }));
    await started.groups.onTopicDeleted('flights');
    const after = await restart(started);
    expect(after.groups.store.partitionsOf(GROUP)).toEqual([{ topic: 'kept', partition: 0 }]);
  });
});

describe('retention', () => {
  const config = { 'offsets.retention.minutes': String(24 * 60), 'offsets.retention.check.interval.ms': String(DAY_MS / 4) };

  it('expires offsets of a group without members a day after it emptied, then the group', async () => {
    const { broker, groups } = await startGroups(fakeBroker(config));
    const [member] = await stableGroup(groups, [{ sessionTimeoutMs: 1_800_000 }]);
    await groups.offsets.commit(commit({ memberId: member!.memberId, generationId: 1 }));
    groups.leave(GROUP, [{ memberId: member!.memberId, groupInstanceId: null, reason: null }]);
    await broker.clock.advance(DAY_MS * 0.9);
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(5);
    await broker.clock.advance(DAY_MS * 0.4);
    expect(groups.store.get(GROUP, 'flights', 0)).toBeUndefined();
    expect(groups.find(GROUP)).toBeUndefined();
  });

  it('keeps what live members read and expires what they no longer read', async () => {
    const { broker, groups } = await startGroups(fakeBroker({ ...config, 'group.max.session.timeout.ms': '2147483647' }));
    await groups.offsets.commit(commit({ offsets: [at(1), at(1, { topic: 'old' })] }));
    await stableGroup(groups, [{ sessionTimeoutMs: 2_000_000_000, protocols: [{ name: 'range', metadata: subscription('flights') }] }]);
    await broker.clock.advance(DAY_MS * 2);
    expect(groups.store.partitionsOf(GROUP)).toEqual([{ topic: 'flights', partition: 0 }]);
  });

  it('expires nothing that a transaction is about to move, and nothing of a group it cannot read', async () => {
    const { broker, groups } = await startGroups(fakeBroker({ ...config, 'group.max.session.timeout.ms': '2147483647' }));
    await groups.offsets.commit(commit());
    await groups.offsets.commitInTransaction(inTransaction());
    await groups.offsets.commit(commit({ groupId: 'connect' }));
    await groups.join(
      joinRequest({ groupId: 'connect', protocolType: 'connect', sessionTimeoutMs: 2_000_000_000, rebalanceTimeoutMs: 2_000_000_000 }),
    );
    await broker.clock.advance(DAY_MS * 2);
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(5);
    expect(groups.store.get('connect', 'flights', 0)?.offset).toBe(5);
  });

  it('honours a retention the client asked for, also after a restart', async () => {
    const started = await startGroups(fakeBroker({ ...config, 'offsets.retention.check.interval.ms': '1000' }));
    await started.groups.offsets.commit(commit({ retentionTimeMs: 5_000 }));
    started.groups.close();
    const { broker, groups } = await restart(started);
    await broker.clock.advance(4_000);
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(5);
    await broker.clock.advance(2_000);
    expect(groups.store.get(GROUP, 'flights', 0)).toBeUndefined();
  });
});

describe('listing', () => {
  it('filters by state and type without regard to case', async () => {
    const { groups } = await startGroups();
    await stableGroup(groups, [{}]);
    await groups.offsets.commit(commit({ groupId: 'tool' }));
    const ids = (states: string[], types: string[]): string[] => groups.admin.list(states, types).map(({ groupId }) => groupId);
    expect(ids([], [])).toEqual([GROUP, 'tool']);
    expect(ids(['stable'], ['CLASSIC'])).toEqual([GROUP]);
    expect(ids(['Empty'], [])).toEqual(['tool']);
    expect(ids([], ['consumer'])).toEqual([]);
  });
});

describe('readiness', () => {
  it('creates the topic on first use and sends clients to its leader', async () => {
    const broker = {
      ...fakeBroker(),
      nodes: () => [
        { id: 1, host: 'a', port: 1 },
        { id: 2, host: 'b', port: 2 },
      ],
    };
    const { groups } = await startGroups(broker);
    expect(broker.topics.get('__consumer_offsets')).toMatchObject({ internal: true, config: { 'cleanup.policy': 'compact' } });
    expect([await groups.readiness.check(GROUP, 1), await groups.readiness.check(GROUP, 2)]).toEqual([Code.NONE, Code.NOT_COORDINATOR]);
    expect(broker.topics.created).toBe(1);
  });

  it('says so when the topic cannot be created, and tries again', async () => {
    const broker = fakeBroker();
    broker.topics.createFails = true;
    await expect(startGroups(broker)).rejects.toThrow('not ready');
    broker.topics.createFails = false;
    expect((await startGroups(broker)).groups.readiness.availability()).toBe(Code.NONE);
  });
});
