import { describe, expect, it } from 'vitest';
import { Code } from '../../../../../src/broker/coordinator/index.ts';
import { consumerGroup, converge, heartbeatOf, joinOf, memberOf, partitionNames, SimulatedMember, started } from './harness.ts';

const seat = (memberId: string, instanceId = 'seat') => new SimulatedMember(memberId, { topicNames: ['flights'], instanceId });

async function pair() {
  const { groups, broker } = await started();
  const a = seat('a', 'first');
  const b = seat('b', 'second');
  await a.heartbeat(groups);
  await b.heartbeat(groups);
  await converge(groups, [a, b]);
  return { groups, broker, a, b };
}

describe('static members of consumer groups', () => {
  it('keep their partitions while they are away, and whoever comes back with their instance id gets them', async () => {
    const { groups, broker, a, b } = await pair();
    const had = partitionNames(broker, memberOf(groups, 'a').assigned);
    const left = await groups.consumerHeartbeat(heartbeatOf({ memberId: 'a', instanceId: 'first', memberEpoch: -2 }));
    expect(left).toMatchObject({ errorCode: Code.NONE, memberId: 'a', memberEpoch: -2 });
    expect((await b.heartbeat(groups)).assignment).toBeNull();
    expect(consumerGroup(groups).groupEpoch).toBe(3);

    const back = await groups.consumerHeartbeat(joinOf('c', { instanceId: 'first' }));
    expect([back.errorCode, partitionNames(broker, back.assignment)]).toEqual([Code.NONE, had]);
    expect([...consumerGroup(groups).members.keys()].sort()).toEqual(['b', 'c']);
    expect(await a.heartbeat(groups)).toMatchObject({ errorCode: Code.FENCED_INSTANCE_ID });
  });

  it('may come back under the same member id', async () => {
    const { groups, broker, a } = await pair();
    const had = partitionNames(broker, memberOf(groups, 'a').assigned);
    await groups.consumerHeartbeat(heartbeatOf({ memberId: 'a', instanceId: 'first', memberEpoch: -2 }));
    a.epoch = 0;
    a.owned.clear();
    expect(partitionNames(broker, (await a.heartbeat(groups)).assignment)).toBe(had);
    expect(consumerGroup(groups).members.size).toBe(2);
  });

  it('lose them when their session ends before they are back', async () => {
    const { groups, broker, b } = await pair();
    await groups.consumerHeartbeat(heartbeatOf({ memberId: 'a', instanceId: 'first', memberEpoch: -2 }));
    await broker.clock.advance(30_000);
    await b.heartbeat(groups);
    await broker.clock.advance(15_000);
    await converge(groups, [b]);
    expect(partitionNames(broker, memberOf(groups, 'b').assigned)).toBe('flights-0 flights-1 flights-2 flights-3');
  });

  it('are not driven out by a second one with their instance id', async () => {
    const { groups } = await pair();
    expect(await groups.consumerHeartbeat(joinOf('c', { instanceId: 'first' }))).toMatchObject({ errorCode: Code.UNRELEASED_INSTANCE_ID });
    expect(memberOf(groups, 'a').memberEpoch).toBe(3);
  });

  it('are found by instance id only', async () => {
    const { groups } = await pair();
    const unknown = heartbeatOf({ memberId: 'a', instanceId: 'third', memberEpoch: 3 });
    expect(await groups.consumerHeartbeat(unknown)).toMatchObject({ errorCode: Code.UNKNOWN_MEMBER_ID });
    const other = heartbeatOf({ memberId: 'b', instanceId: 'first', memberEpoch: 3 });
    expect(await groups.consumerHeartbeat(other)).toMatchObject({ errorCode: Code.FENCED_INSTANCE_ID });
    expect(await groups.consumerHeartbeat({ ...other, memberEpoch: -1 })).toMatchObject({ errorCode: Code.FENCED_INSTANCE_ID });
  });

  it('leave for good with -1', async () => {
    const { groups, broker, b } = await pair();
    await groups.consumerHeartbeat(heartbeatOf({ memberId: 'a', instanceId: 'first', memberEpoch: -1 }));
    await converge(groups, [b]);
    expect(partitionNames(broker, memberOf(groups, 'b').assigned)).toBe('flights-0 flights-1 flights-2 flights-3');
  });
});
