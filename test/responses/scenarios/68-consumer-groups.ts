import { ConsumerGroupDescribe, ConsumerGroupHeartbeat, type RequestInput, type ResponseOf } from '../../../src/protocol/index.ts';
import { makeTopic } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

type Request = RequestInput<typeof ConsumerGroupHeartbeat>;
type Response = ResponseOf<typeof ConsumerGroupHeartbeat>;

/** Ids that a client makes up, as version 1 wants. */
const FIRST_MEMBER = 'ZmlyZmlyZmlyZmlyZmlyZg';
const SECOND_MEMBER = 'c2Vjc2Vjc2Vjc2Vjc2VjcA';
const NAME = 'consumer-groups';

export const consumerGroups: Scenario = {
  name: '68-consumer-groups',
  async run(talk) {
    await makeTopic(talk, NAME, 4);
    for (const version of versionsOf(ConsumerGroupHeartbeat)) {
      await oneMember(talk, version);
      await twoMembers(talk, version);
      await staticMember(talk, version);
      await wrong(talk, version);
    }
    for (const version of versionsOf(ConsumerGroupDescribe)) await describing(talk, version);
  },
};

function joinOf(groupId: string, memberId: string, rest: Partial<Request> = {}): Request {
  return { groupId, memberId, memberEpoch: 0, rebalanceTimeoutMs: 60_000, subscribedTopicNames: [NAME], topicPartitions: [], ...rest };
}

async function oneMember(talk: Talk, version: number): Promise<void> {
  const groupId = `consumer-groups-one-${version}`;
  const call = (step: string, request: Request) => talk.call(step, ConsumerGroupHeartbeat, version, request);
  const joined = await call('joins', joinOf(groupId, version === 0 ? '' : FIRST_MEMBER));
  const memberId = joined.memberId ?? FIRST_MEMBER;
  const { memberEpoch } = joined;
  const owned = joined.assignment?.topicPartitions ?? [];
  await call('beats', { groupId, memberId, memberEpoch });
  await call('says what it owns', { groupId, memberId, memberEpoch, topicPartitions: owned });
  await call('beats with an epoch of before', { groupId, memberId, memberEpoch: memberEpoch - 1 });
  await call('beats with an epoch ahead', { groupId, memberId, memberEpoch: memberEpoch + 5 });
  const renewed = await call('wants another topic', { groupId, memberId, memberEpoch, subscribedTopicNames: ['consumer-groups-nowhere'] });
  await call('has given up everything', { groupId, memberId, memberEpoch: renewed.memberEpoch, topicPartitions: [] });
  await call('leaves', { groupId, memberId, memberEpoch: -1 });
  await call('has left', { groupId, memberId, memberEpoch });
}

async function twoMembers(talk: Talk, version: number): Promise<void> {
  const groupId = `consumer-groups-two-${version}`;
  const call = (step: string, request: Request): Promise<Response> => talk.call(step, ConsumerGroupHeartbeat, version, request);
  const first = await call('the first joins', joinOf(groupId, FIRST_MEMBER, { serverAssignor: 'range' }));
  const id = first.assignment?.topicPartitions[0]?.topicId ?? Buffer.alloc(16);
  const all = first.assignment?.topicPartitions ?? [];
  await call('the first has all', { groupId, memberId: FIRST_MEMBER, memberEpoch: first.memberEpoch, topicPartitions: all });
  const second = await call('the second joins', joinOf(groupId, SECOND_MEMBER, { serverAssignor: 'range' }));
  const asked = await call('the first is to give up some', { groupId, memberId: FIRST_MEMBER, memberEpoch: first.memberEpoch });
  const kept = asked.assignment?.topicPartitions ?? [];
  await call('the second still waits', { groupId, memberId: SECOND_MEMBER, memberEpoch: second.memberEpoch });
  const given = await call('the first gave up some', {
    groupId,
    memberId: FIRST_MEMBER,
    memberEpoch: asked.memberEpoch,
    topicPartitions: kept,
  });
  const got = await call('the second gets some', { groupId, memberId: SECOND_MEMBER, memberEpoch: second.memberEpoch });
  await call('the second has them', {
    groupId,
    memberId: SECOND_MEMBER,
    memberEpoch: got.memberEpoch,
    topicPartitions: got.assignment?.topicPartitions ?? [],
  });
  await call('the first leaves', { groupId, memberId: FIRST_MEMBER, memberEpoch: -1 });
  await call('the second gets the rest', { groupId, memberId: SECOND_MEMBER, memberEpoch: got.memberEpoch });
  await talk.call(`with ${version}, one has left`, ConsumerGroupDescribe, 0, { groupIds: [groupId], includeAuthorizedOperations: false });
  const unowned = [{ topicId: id, partitions: [0, 1, 2, 3] }];
  await call('the first is gone', { groupId, memberId: FIRST_MEMBER, memberEpoch: given.memberEpoch, topicPartitions: unowned });
}

async function staticMember(talk: Talk, version: number): Promise<void> {
  const groupId = `consumer-groups-static-${version}`;
  const call = (step: string, request: Request) => talk.call(step, ConsumerGroupHeartbeat, version, request);
  await call('a static one joins', joinOf(groupId, FIRST_MEMBER, { instanceId: 'one' }));
  await call('its instance id is taken', joinOf(groupId, SECOND_MEMBER, { instanceId: 'one' }));
  await call('it leaves for a while', { groupId, memberId: FIRST_MEMBER, memberEpoch: -2, instanceId: 'one' });
  await call('another takes its place', joinOf(groupId, SECOND_MEMBER, { instanceId: 'one' }));
  await call('the one before is fenced', { groupId, memberId: FIRST_MEMBER, memberEpoch: 1, instanceId: 'one' });
  await call('an unknown instance', { groupId, memberId: SECOND_MEMBER, memberEpoch: 1, instanceId: 'nobody' });
}

async function wrong(talk: Talk, version: number): Promise<void> {
  const groupId = `consumer-groups-wrong-${version}`;
  const call = (step: string, rest: Partial<Request>) =>
    talk.call(step, ConsumerGroupHeartbeat, version, { ...joinOf(groupId, FIRST_MEMBER), ...rest });
  await call('no group id', { groupId: '' });
  await call('a blank group id', { groupId: ' ' });
  if (version >= 1) await call('no member id', { memberId: '' });
  await call('no time for a rebalance', { rebalanceTimeoutMs: -1 });
  await call('no subscription', { subscribedTopicNames: null });
  await call('an empty subscription', { subscribedTopicNames: [] });
  await call('partitions already', { topicPartitions: [{ topicId: Buffer.alloc(16, 7), partitions: [0] }] });
  await call('no partitions', { topicPartitions: null });
  await call('an unknown assignor', { serverAssignor: 'nobody' });
  await call('an empty assignor', { serverAssignor: '' });
  await call('an empty instance id', { instanceId: '' });
  await call('an empty rack', { rackId: '' });
  await call('an epoch below all', { memberEpoch: -3 });
  await call('a static leave without an instance id', { memberEpoch: -2 });
  await call('an unknown group', { groupId: 'consumer-groups-nowhere', memberEpoch: 3 });
  await call('an unknown member', { memberId: SECOND_MEMBER, memberEpoch: 3 });
  if (version < 1) return;
  await call('a regular expression', { subscribedTopicNames: null, subscribedTopicRegex: 'consumer-gr.*' });
  await call('a broken regular expression', { subscribedTopicNames: null, subscribedTopicRegex: '(' });
}

async function describing(talk: Talk, version: number): Promise<void> {
  const groupId = `consumer-groups-described-${version}`;
  const joined = await talk.quiet(ConsumerGroupHeartbeat, 1, joinOf(groupId, FIRST_MEMBER, { serverAssignor: 'range', rackId: 'rack' }));
  const { memberEpoch } = joined;
  await talk.quiet(ConsumerGroupHeartbeat, 1, {
    groupId,
    memberId: FIRST_MEMBER,
    memberEpoch,
    topicPartitions: joined.assignment?.topicPartitions ?? [],
  });
  const ask = (step: string, groupIds: readonly string[], includeAuthorizedOperations = false) =>
    talk.ask(step, ConsumerGroupDescribe, version, { groupIds, includeAuthorizedOperations });
  await ask('a stable group', [groupId]);
  await ask('operations', [groupId], true);
  await ask('an unknown group', ['consumer-groups-nowhere']);
  await ask('an empty group id', ['']);
  await ask('no groups', []);
  await talk.quiet(ConsumerGroupHeartbeat, 1, { groupId, memberId: FIRST_MEMBER, memberEpoch: -1 });
  await ask('an empty group', [groupId]);
}
