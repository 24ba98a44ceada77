import { describe, expect, it } from 'vitest';
import { Code, OFFSETS_TOPIC, replayPartition } from '../../../../../src/broker/coordinator/index.ts';
import { decodeEvent, encodeEvent, type GroupRecord } from '../../../../../src/broker/group/consumer/records.ts';
import type { FakeBroker } from '../../coordinator/fakes.ts';
import { offsetsLog, outcome, restart } from '../harness.ts';
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

async function stored(broker: FakeBroker): Promise<GroupRecord[]> {
  const records: GroupRecord[] = [];
  await replayPartition(offsetsLog(broker), { record: ({ key, value }) => records.push(decodeEvent(key!, value)) });
  return records;
}

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));

// Bytes as Kafka 4.3's generated classes write them.
describe('records of consumer groups', () => {
  const id = `${'00'.repeat(15)}07`;

  it("are Kafka's, byte for byte", () => {
    const bytes = (event: GroupRecord['event']) => {
      const { key, value } = encodeEvent('g', event);
      return [hex(key), hex(value)];
    };
    expect(bytes({ kind: 'group', value: { epoch: 3, metadataHash: 5 } })).toEqual([
      '0003000167',
      `0000${'00000003'}01${'0008'}${'0000000000000005'}`,
    ]);
    expect(bytes({ kind: 'group', value: { epoch: 3, metadataHash: 0 } })).toEqual(['0003000167', '00000000000300']);
    expect(bytes({ kind: 'partition-metadata', value: null })).toEqual(['0004000167', null]);
    expect(bytes({ kind: 'target-epoch', value: { epoch: 2, timestampMs: 9 } })).toEqual([
      '0006000167',
      `000000000002010008${'0000000000000009'}`,
    ]);
    expect(bytes({ kind: 'target', memberId: 'm', value: new Map([[id, new Set([1, 0])]]) })).toEqual([
      `0007${'000167'}${'00016d'}`,
      `0000${'02'}${id}${'03'}${'00000000'}${'00000001'}${'00'}${'00'}`,
    ]);
    expect(
      bytes({
        kind: 'progress',
        memberId: 'm',
        value: {
          memberEpoch: 4,
          previousMemberEpoch: 3,
          state: 'unreleased',
          assigned: new Map([[id, new Map([[1, 4]])]]),
          pendingRevocation: new Map(),
        },
      }),
    ).toEqual([
      `0008${'000167'}${'00016d'}`,
      `0000${'00000004'}${'00000003'}${'02'}${'02'}${id}${'02'}${'00000001'}${'01'}${'0005'}${'02'}${'00000004'}${'01'}${'00'}`,
    ]);
    expect(bytes({ kind: 'regex', regex: 'f.*', value: { topics: ['f'], version: 1, timestampMs: 2 } })).toEqual([
      `0010${'000167'}${'0003662e2a'}`,
      `0000${'02'}${'0266'}${'0000000000000001'}${'0000000000000002'}${'00'}`,
    ]);
    expect(
      bytes({
        kind: 'member',
        memberId: 'm',
        value: {
          instanceId: 'i',
          rackId: null,
          clientId: 'c',
          clientHost: '/h',
          topicNames: ['t'],
          topicRegex: '',
          rebalanceTimeoutMs: 7,
          serverAssignor: null,
          classic: { sessionTimeoutMs: 8, protocols: [{ name: 'p', metadata: Buffer.from([9]) }] },
        },
      }),
    ).toEqual([
      `0005${'000167'}${'00016d'}`,
      `0000${'0269'}${'00'}${'0263'}${'032f68'}${'02'}${'0274'}${'01'}${'00000007'}${'00'}${'01'}${'000c'}${'01'}${'00000008'}${'02'}${'0270'}${'0209'}${'00'}${'00'}`,
    ]);
  });

  it("of Kafka before 4.3, without epochs of partitions, are read with the member's", () => {
    const value = Buffer.from(`0000${'00000004'}${'00000003'}${'00'}${'02'}${id}${'02'}${'00000001'}${'00'}${'01'}${'00'}`, 'hex');
    const { event } = decodeEvent(Buffer.from(`0008${'000167'}${'00016d'}`, 'hex'), value);
    expect(event.value).toMatchObject({ assigned: new Map([[id, new Map([[1, 4]])]]) });
  });

  it('of a state that is not known here, let the member join from the start', async () => {
    const world = await started();
    await world.groups.consumerHeartbeat(joinOf('a'));
    const member = memberOf(world.groups, 'a');
    world.groups.topic.append(GROUP, [encodeEvent(GROUP, { kind: 'progress', memberId: 'a', value: { ...member, state: 'unknown' } })]);
    const { groups } = await restart(world);
    const beat = heartbeatOf({ memberEpoch: 2, owned: new Map([['00', new Set([1])]]) });
    expect(await groups.consumerHeartbeat(beat)).toMatchObject({ errorCode: Code.FENCED_MEMBER_EPOCH });
    expect(await groups.consumerHeartbeat(joinOf('a'))).toMatchObject({ errorCode: Code.NONE, memberEpoch: 2 });
  });
});

describe('a consumer group after a restart', () => {
  it('is what it was, and its members go on in their epochs', async () => {
    const world = await started({ flights: 4, seats: 2 });
    const a = new SimulatedMember('a', { topicNames: ['flights'], instanceId: 'seat' });
    const b = new SimulatedMember('b', { topicRegex: '(flights|seats)' });
    await a.heartbeat(world.groups);
    await b.heartbeat(world.groups);
    const before = dump(consumerGroup(world.groups));
    const { groups } = await restart(world);
    expect(dump(consumerGroup(groups))).toEqual(before);
    await converge(groups, [a, b]);
    expect(consumerGroup(groups).state).toBe('Stable');
    expect(a.epoch).toBe(b.epoch);
  });

  it('gives everybody a whole session to show up', async () => {
    const world = await started();
    await new SimulatedMember('a').heartbeat(world.groups);
    await world.broker.clock.advance(40_000);
    world.groups.close();
    const { groups, broker } = await restart(world);
    await broker.clock.advance(44_999);
    expect(consumerGroup(groups).members.size).toBe(1);
    await broker.clock.advance(1);
    expect(consumerGroup(groups).members.size).toBe(0);
  });

  it('still waits for partitions to be given up, but not for ever', async () => {
    const world = await started();
    const a = new SimulatedMember('a');
    await a.heartbeat(world.groups);
    await new SimulatedMember('b').heartbeat(world.groups);
    await world.groups.consumerHeartbeat(a.request());
    world.groups.close();
    const { groups, broker } = await restart(world);
    for (let elapsed = 0; elapsed < 60_000; elapsed += 20_000) {
      await groups.consumerHeartbeat(a.request());
      await broker.clock.advance(20_000);
    }
    expect(consumerGroup(groups).members.has('a')).toBe(false);
  });

  it('is gone when it was deleted, and all its keys have tombstones', async () => {
    const world = await started();
    await world.groups.consumerHeartbeat(joinOf('a', { topicRegex: 'f.*' }));
    await world.groups.consumerHeartbeat(heartbeatOf({ memberEpoch: -1 }));
    await world.groups.admin.delete(GROUP);
    const latest = new Map((await stored(world.broker)).map(({ event }) => [JSON.stringify({ ...event, value: 0 }), event.value]));
    expect([...latest.values()]).toEqual([...latest.values()].map(() => null));
    const { groups } = await restart(world);
    expect(groups.find(GROUP)).toBeUndefined();
  });

  it('removes what Kafka before 4.1 wrote about its topics', async () => {
    const world = await started();
    await world.groups.consumerHeartbeat(joinOf('a'));
    world.groups.topic.append(GROUP, [
      { key: Buffer.from(`0004${'0006'}${Buffer.from(GROUP).toString('hex')}`, 'hex'), value: Buffer.from('00000100', 'hex') },
    ]);
    const { groups, broker } = await restart(world);
    expect(consumerGroup(groups).hasPartitionMetadata).toBe(true);
    await groups.consumerHeartbeat(heartbeatOf({ memberEpoch: 2, owned: new Map() }));
    expect((await stored(broker)).at(-1)).toEqual({ groupId: GROUP, event: { kind: 'partition-metadata', value: null } });
  });
});

describe('a log that takes nothing', () => {
  it('leaves the group as it was', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    await a.heartbeat(groups);
    const before = dump(consumerGroup(groups));
    broker.topics.log(OFFSETS_TOPIC).appendErrors.push(Code.NOT_ENOUGH_REPLICAS);
    expect(await groups.consumerHeartbeat(joinOf('b'))).toMatchObject({ errorCode: Code.COORDINATOR_NOT_AVAILABLE });
    expect(dump(consumerGroup(groups))).toEqual(before);
    expect(await groups.consumerHeartbeat(joinOf('b'))).toMatchObject({ errorCode: Code.NONE });
    expect(broker.topics.log(OFFSETS_TOPIC).appendErrors).toEqual([]);
  });

  it('makes no group of the first join', async () => {
    const { groups, broker } = await started();
    broker.topics.log(OFFSETS_TOPIC).appendErrors.push(Code.KAFKA_STORAGE_ERROR);
    expect(await groups.consumerHeartbeat(joinOf('a'))).toMatchObject({ errorCode: Code.NOT_COORDINATOR });
    expect(groups.find(GROUP)).toBeUndefined();
  });

  it('keeps an overdue member until it can be removed', async () => {
    const { groups, broker } = await started();
    await groups.consumerHeartbeat(joinOf('a'));
    broker.topics.log(OFFSETS_TOPIC).appendErrors.push(Code.KAFKA_STORAGE_ERROR);
    await broker.clock.advance(45_000);
    expect(consumerGroup(groups).members.size).toBe(1);
    await broker.clock.advance(45_000);
    expect(consumerGroup(groups).members.size).toBe(0);
  });

  it('lets nobody hear of what is not safe yet, not even who asks again', async () => {
    const { groups, broker } = await started();
    const log = broker.topics.log(OFFSETS_TOPIC);
    log.holdFlush = true;
    const first = groups.consumerHeartbeat(joinOf('a'));
    const again = groups.consumerHeartbeat(joinOf('a'));
    expect([await outcome(first), await outcome(again)]).toEqual(['pending', 'pending']);
    log.releaseFlush();
    expect([(await first).memberEpoch, (await again).memberEpoch]).toEqual([2, 2]);
  });
});

describe('a coordinator that moves', () => {
  it('reads its groups again; they go on', async () => {
    const { groups, broker } = await started();
    const a = new SimulatedMember('a');
    const b = new SimulatedMember('b');
    await a.heartbeat(groups);
    await b.heartbeat(groups);
    const before = dump(consumerGroup(groups));
    const moving = groups.onLeaderMoved(0);
    expect(await groups.readiness.check(GROUP, 1)).toBe(Code.COORDINATOR_LOAD_IN_PROGRESS);
    await moving;
    expect(await groups.readiness.check(GROUP, 1)).toBe(Code.NONE);
    expect(dump(consumerGroup(groups))).toEqual(before);
    await converge(groups, [a, b]);
    expect(partitionNames(broker, memberOf(groups, 'b').assigned)).toBe('flights-2 flights-3');
  });
});
