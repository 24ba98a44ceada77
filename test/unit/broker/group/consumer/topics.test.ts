import { describe, expect, it } from 'vitest';
import { Code } from '../../../../../src/broker/coordinator/index.ts';
import { RegexMatcher } from '../../../../../src/broker/group/consumer/regexes.ts';
import type { Started } from '../harness.ts';
import { consumerGroup, converge, heartbeatOf, joinOf, memberOf, partitionNames, SimulatedMember, started } from './harness.ts';

function create({ groups, broker }: Started, name: string, partitions: number): void {
  broker.topics.add(name, partitions);
  groups.onTopicChanged(name, 'created');
}

describe('topics that change', () => {
  it('that grow are assigned anew with the next heartbeat', async () => {
    const { groups, broker } = await started({ flights: 1 });
    const a = new SimulatedMember('a');
    await a.heartbeat(groups);
    broker.topics.grow('flights', 3);
    groups.onTopicChanged('flights', 'grown');
    expect(partitionNames(broker, (await a.heartbeat(groups)).assignment)).toBe('flights-0 flights-1 flights-2');
    expect(consumerGroup(groups).groupEpoch).toBe(3);
  });

  it('that come later are assigned when they are there', async () => {
    const world = await started({});
    const { groups, broker } = world;
    const a = new SimulatedMember('a');
    expect((await a.heartbeat(groups)).assignment?.size).toBe(0);
    create(world, 'flights', 2);
    expect(partitionNames(broker, (await a.heartbeat(groups)).assignment)).toBe('flights-0 flights-1');
  });

  it('that are deleted are taken away, and what has their name later is another topic', async () => {
    const world = await started({ flights: 1, seats: 1 });
    const { groups, broker } = world;
    const a = new SimulatedMember('a', { topicNames: ['flights', 'seats'] });
    await a.heartbeat(groups);
    await broker.topics.delete('flights');
    groups.onTopicChanged('flights', 'deleted');
    expect(partitionNames(broker, (await a.heartbeat(groups)).assignment)).toBe('seats-0');
    create(world, 'flights', 2);
    await converge(groups, [a]);
    expect(partitionNames(broker, memberOf(groups, 'a').assigned)).toBe('flights-0 flights-1 seats-0');
  });

  it('that nobody reads change nothing', async () => {
    const world = await started({ flights: 1 });
    const a = new SimulatedMember('a');
    await a.heartbeat(world.groups);
    create(world, 'seats', 3);
    await a.heartbeat(world.groups);
    expect(consumerGroup(world.groups).groupEpoch).toBe(2);
  });
});

describe('subscriptions by regular expression', () => {
  it('stand for all topics they match as a whole', async () => {
    const { groups, broker } = await started({ flights: 1, 'flights-old': 1, seats: 1 });
    const result = await groups.consumerHeartbeat(joinOf('a', { topicNames: null, topicRegex: 'flights' }));
    expect(partitionNames(broker, result.assignment)).toBe('flights-0');
    const more = await groups.consumerHeartbeat(
      heartbeatOf({ memberEpoch: 2, topicRegex: 'flights.*', owned: new Map(result.assignment) }),
    );
    expect(partitionNames(broker, more.assignment)).toBe('flights-0 flights-old-0');
    expect([...consumerGroup(groups).regexes.keys()]).toEqual(['flights.*']);
  });

  it('notice new topics', async () => {
    const world = await started({ flights: 1 });
    const { groups, broker } = world;
    const a = new SimulatedMember('a', { topicRegex: 'fl.*' });
    await a.heartbeat(groups);
    create(world, 'fleet', 1);
    create(world, 'seats', 1);
    await broker.clock.advance(1_000);
    expect(partitionNames(broker, (await a.heartbeat(groups)).assignment)).toBe('fleet-0 flights-0');
  });

  it('can be joined by names', async () => {
    const { groups, broker } = await started({ flights: 1, seats: 1 });
    const result = await groups.consumerHeartbeat(joinOf('a', { topicNames: ['seats'], topicRegex: 'f.*' }));
    expect(partitionNames(broker, result.assignment)).toBe('flights-0 seats-0');
  });

  it('are forgotten with their last member', async () => {
    const { groups } = await started();
    await groups.consumerHeartbeat(joinOf('a', { topicNames: null, topicRegex: 'f.*' }));
    await groups.consumerHeartbeat(joinOf('b', { topicNames: null, topicRegex: 'f.*' }));
    await groups.consumerHeartbeat(heartbeatOf({ memberId: 'a', memberEpoch: -1 }));
    expect(consumerGroup(groups).regexes.size).toBe(1);
    await groups.consumerHeartbeat(heartbeatOf({ memberId: 'b', memberEpoch: -1 }));
    expect(consumerGroup(groups).regexes.size).toBe(0);
  });

  it('match only what the member may know of', async () => {
    const { groups, broker } = await started({ flights: 1, secrets: 1 });
    const request = joinOf('a', { topicNames: null, topicRegex: '.*s', mayDescribe: (topic) => topic !== 'secrets' });
    expect(partitionNames(broker, (await groups.consumerHeartbeat(request)).assignment)).toBe('__consumer_offsets-0 flights-0');
  });

  it.each(['(', '[a', 'a**', '(?=flights)', '\\1', 'a{2000}', '(?<!x)f'])('refuse what RE2 does not know: %s', async (topicRegex) => {
    const { groups } = await started();
    const result = await groups.consumerHeartbeat(joinOf('a', { topicNames: null, topicRegex }));
    expect(result.errorCode).toBe(Code.INVALID_REGULAR_EXPRESSION);
    expect(result.errorMessage).toContain(topicRegex);
    expect(result.errorMessage).toMatch(/is not a valid regular expression: .+\.$/);
  });

  it('cost linear time: what takes a backtracking engine for ever is matched like any other', async () => {
    const evil = 'x'.repeat(200);
    const { groups, broker } = await started({ [evil]: 1, [`${evil}y`]: 1 });
    const result = await groups.consumerHeartbeat(joinOf('a', { topicNames: null, topicRegex: '(x+x+)+y' }));
    expect(partitionNames(broker, result.assignment)).toBe(`${evil}y-0`);
  });

  it.each([
    ['too many repetitions', 'abc(.{0,900})'.repeat(2)],
    ['too many characters', 'a'.repeat(5_001)],
    ['too many instructions', '(((a{0,20}){0,30}){1,20})'],
  ])('refuse an expression with %s', async (_, topicRegex) => {
    const { groups } = await started();
    const result = await groups.consumerHeartbeat(joinOf('a', { topicNames: null, topicRegex }));
    expect(result).toMatchObject({ errorCode: Code.INVALID_REGULAR_EXPRESSION });
    expect(result.errorMessage).toMatch(/large|repeat/);
  });

  it('let others work while they look at very many topics', async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `topic-${index}-${'x'.repeat(50)}`);
    const matcher = new RegexMatcher();
    await matcher.check('topic-.*(x+x+)+y?');
    let turns = 0;
    let matching = true;
    const others = (): void => {
      turns++;
      if (matching) setImmediate(others);
    };
    setImmediate(others);
    const matches = await matcher.match(['topic-.*(x+x+)+y?'], names);
    matching = false;
    expect(matches.get('topic-.*(x+x+)+y?')).toHaveLength(20_000);
    expect(turns).toBeGreaterThan(1);
  });
});
