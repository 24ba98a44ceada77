import { describe, expect, it } from 'vitest';
import { type BrokerConfig, Code } from '../../../../../src/broker/coordinator/index.ts';
import { checkFetch } from '../../../../../src/broker/group/consumer/offset-access.ts';
import type { GroupCoordinator } from '../../../../../src/broker/group/coordinator.ts';
import { expireOffsets } from '../../../../../src/broker/group/offset-expiry.ts';
import { consumerGroup, converge, GROUP, heartbeatOf, joinOf, SimulatedMember, started } from './harness.ts';

interface Commit {
  readonly memberId?: string;
  readonly generationId?: number;
  readonly partition?: number;
  readonly topic?: string;
  readonly groupNotFoundKnown?: boolean;
}

async function commit(groups: GroupCoordinator, { topic = 'flights', partition = 0, ...changes }: Commit): Promise<number> {
  const [code] = await groups.offsets.commit({
    groupId: GROUP,
    memberId: 'a',
    groupInstanceId: null,
    generationId: 2,
    retentionTimeMs: -1,
    offsets: [{ topic, partition, offset: 5, leaderEpoch: -1, metadata: null }],
    groupNotFoundKnown: true,
    ...changes,
  });
  return code!;
}

async function commitInTransaction(groups: GroupCoordinator, { topic = 'flights', partition = 0, ...changes }: Commit): Promise<number> {
  const [code] = await groups.offsets.commitInTransaction({
    groupId: GROUP,
    memberId: 'a',
    groupInstanceId: null,
    generationId: 2,
    producerId: 1,
    producerEpoch: 0,
    offsets: [{ topic, partition, offset: 5, leaderEpoch: -1, metadata: null }],
    ...changes,
  });
  return code!;
}

/** `a` has flights-0 and -1 since epoch 2 and is in epoch 3, `b` has the others since epoch 3. */
async function pair(config: BrokerConfig = {}) {
  const world = await started({ flights: 4 }, config);
  const a = new SimulatedMember('a');
  const b = new SimulatedMember('b');
  await a.heartbeat(world.groups);
  await b.heartbeat(world.groups);
  await converge(world.groups, [a, b]);
  return { ...world, a, b };
}

describe('commits of members of consumer groups', () => {
  it.each<[string, Commit, number]>([
    ['in the current epoch', { generationId: 3 }, Code.NONE],
    ['in an older epoch, of a partition they have had since', { generationId: 2 }, Code.NONE],
    ['in an epoch before they got the partition', { memberId: 'b', generationId: 2, partition: 2 }, Code.STALE_MEMBER_EPOCH],
    ['in an older epoch, of a partition they have no more', { generationId: 2, partition: 3 }, Code.STALE_MEMBER_EPOCH],
    ['in an epoch to come', { generationId: 4 }, Code.STALE_MEMBER_EPOCH],
    ['of nobody', { memberId: 'x', generationId: 3 }, Code.UNKNOWN_MEMBER_ID],
    ['of somebody outside', { memberId: '', generationId: -1 }, Code.UNKNOWN_MEMBER_ID],
    ['in a version that knows no epochs', { generationId: 3, groupNotFoundKnown: false }, Code.UNSUPPORTED_VERSION],
  ])('%s', async (_, request, errorCode) => {
    const { groups } = await pair();
    expect(await commit(groups, request)).toBe(errorCode);
    expect(groups.store.get(GROUP, 'flights', request.partition ?? 0)?.offset).toBe(errorCode === Code.NONE ? 5 : undefined);
  });

  it.each<[string, Commit, number]>([
    ['in the current epoch', { generationId: 3 }, Code.NONE],
    ['in an older epoch, of a partition they have had since', { generationId: 2 }, Code.NONE],
    ['in an epoch before they got the partition', { memberId: 'b', generationId: 2, partition: 2 }, Code.ILLEGAL_GENERATION],
    ['in an epoch to come', { generationId: 4 }, Code.ILLEGAL_GENERATION],
    ['of nobody', { memberId: 'x', generationId: 3 }, Code.UNKNOWN_MEMBER_ID],
    ['of a producer that says nothing of itself', { memberId: '', generationId: -1 }, Code.NONE],
  ])('in a transaction %s', async (_, request, errorCode) => {
    const { groups } = await pair();
    expect(await commitInTransaction(groups, request)).toBe(errorCode);
    expect(groups.store.hasPending(GROUP, 'flights', request.partition ?? 0)).toBe(errorCode === Code.NONE);
  });

  it('may still be of a partition that has to be given up', async () => {
    const { groups } = await started();
    const a = new SimulatedMember('a');
    await a.heartbeat(groups);
    await new SimulatedMember('b').heartbeat(groups);
    await groups.consumerHeartbeat(a.request());
    expect(await commit(groups, { generationId: 2, partition: 3 })).toBe(Code.NONE);
  });

  it('come from anybody while the group is empty', async () => {
    const { groups } = await started();
    await groups.consumerHeartbeat(joinOf('a'));
    await groups.consumerHeartbeat(heartbeatOf({ memberEpoch: -1 }));
    expect(await commit(groups, { memberId: '', generationId: -1 })).toBe(Code.NONE);
  });

  it('from before a static member was away are good until it is back', async () => {
    const { groups } = await started();
    await groups.consumerHeartbeat(joinOf('a', { instanceId: 'seat' }));
    await groups.consumerHeartbeat(heartbeatOf({ instanceId: 'seat', memberEpoch: -2 }));
    await groups.consumerHeartbeat(joinOf('b', { instanceId: 'seat' }));
    expect(await commit(groups, { memberId: 'b', generationId: 1 })).toBe(Code.NONE);
    expect(await commit(groups, { memberId: 'a', generationId: 2 })).toBe(Code.UNKNOWN_MEMBER_ID);
  });
});

describe('reading offsets of a consumer group', () => {
  it.each([
    [null, -1, Code.NONE],
    ['a', 3, Code.NONE],
    ['a', 2, Code.STALE_MEMBER_EPOCH],
    ['x', 3, Code.UNKNOWN_MEMBER_ID],
    [null, 3, Code.UNKNOWN_MEMBER_ID],
  ])('as %s in epoch %i: %i', async (memberId, memberEpoch, errorCode) => {
    const { groups } = await pair();
    expect(checkFetch(consumerGroup(groups), memberId, memberEpoch)).toBe(errorCode);
  });
});

describe('offsets that nobody needs', () => {
  it('can be deleted, those of subscribed topics cannot', async () => {
    const { groups, broker } = await pair();
    broker.topics.add('seats', 1);
    await commit(groups, { generationId: 3 });
    await commit(groups, { generationId: 3, topic: 'seats' });
    const asked = [
      { topic: 'flights', partition: 0 },
      { topic: 'seats', partition: 0 },
    ];
    expect(await groups.offsets.delete(GROUP, asked)).toEqual([Code.GROUP_SUBSCRIBED_TO_TOPIC, Code.NONE]);
    expect(groups.store.get(GROUP, 'seats', 0)).toBeUndefined();
  });

  it('expire with their group, once it is empty', async () => {
    const { groups, broker, a, b } = await pair({ 'offsets.retention.minutes': '1' });
    await commit(groups, { generationId: 3 });
    for (let elapsed = 0; elapsed < 90_000; elapsed += 30_000) {
      await broker.clock.advance(30_000);
      await converge(groups, [a, b]);
    }
    await expireOffsets(groups, groups.offsets);
    expect(groups.store.get(GROUP, 'flights', 0)?.offset).toBe(5);
    for (const memberId of ['a', 'b']) await groups.consumerHeartbeat(heartbeatOf({ memberId, memberEpoch: -1 }));
    await expireOffsets(groups, groups.offsets);
    expect(groups.find(GROUP)).toBeUndefined();
    expect(groups.store.hasOffsets(GROUP)).toBe(false);
  });
});

describe('deleting a consumer group', () => {
  it('needs it to be empty', async () => {
    const { groups } = await pair();
    expect(await groups.admin.delete(GROUP)).toBe(Code.NON_EMPTY_GROUP);
    for (const memberId of ['a', 'b']) await groups.consumerHeartbeat(heartbeatOf({ memberId, memberEpoch: -1 }));
    expect(await groups.admin.delete(GROUP)).toBe(Code.NONE);
    expect(await groups.admin.delete(GROUP)).toBe(Code.GROUP_ID_NOT_FOUND);
  });
});
