import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  DeleteGroups,
  DescribeGroups,
  encodeVersioned,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  type RequestInput,
  type ResponseOf,
  SyncGroup,
} from '../../../src/protocol/index.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const METADATA = encodeVersioned(ConsumerProtocolSubscription, 1, { topics: ['groups-topic'], ownedPartitions: [] });
const ASSIGNMENT = encodeVersioned(ConsumerProtocolAssignment, 1, { assignedPartitions: [{ topic: 'groups-topic', partitions: [0] }] });
const FIRST_MEMBER_ID_REQUIRED = 4;
const FIRST_STATIC = { join: 5, heartbeat: 3, leave: 3, sync: 3 };

type JoinInput = RequestInput<typeof JoinGroup>;
type Joined = ResponseOf<typeof JoinGroup>;

function joinRequest(groupId: string, rest: Partial<JoinInput> = {}): JoinInput {
  const protocols = [
    { name: 'range', metadata: METADATA },
    { name: 'roundrobin', metadata: METADATA },
  ];
  return { groupId, sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000, memberId: '', protocolType: 'consumer', protocols, ...rest };
}

export const groups: Scenario = {
  name: '08-groups',
  async run(talk) {
    for (const version of versionsOf(JoinGroup)) await joining(talk, version);
    for (const version of versionsOf(SyncGroup)) await syncing(talk, version);
    for (const version of versionsOf(Heartbeat)) await beating(talk, version);
    for (const version of versionsOf(LeaveGroup)) await leaving(talk, version);
    await staticMembers(talk);
    for (const version of versionsOf(DescribeGroups)) await describing(talk, version);
    for (const version of versionsOf(ListGroups)) await listing(talk, version);
    for (const version of versionsOf(DeleteGroups)) await deleting(talk, version);
  },
};

/** Joins, with the second request where the version asks for one, and syncs. Nothing is recorded. */
async function member(talk: Talk, groupId: string, rest: Partial<JoinInput> = {}): Promise<Joined> {
  const first = await talk.quiet(JoinGroup, 7, joinRequest(groupId, rest));
  const joined =
    first.errorCode === 79 ? await talk.quiet(JoinGroup, 7, joinRequest(groupId, { ...rest, memberId: first.memberId })) : first;
  if (joined.errorCode !== 0) throw new Error(`Group ${groupId} could not be joined: ${joined.errorCode}`);
  const { generationId, memberId } = joined;
  await talk.quiet(SyncGroup, 3, { groupId, generationId, memberId, assignments: [{ memberId, assignment: ASSIGNMENT }] });
  return joined;
}

async function joining(talk: Talk, version: number): Promise<void> {
  const groupId = `groups-join-${version}`;
  const ask = (step: string, rest: Partial<JoinInput>, group = groupId) => talk.call(step, JoinGroup, version, joinRequest(group, rest));
  const first = await ask('without a member id', {});
  const joined = version >= FIRST_MEMBER_ID_REQUIRED ? await ask('with the id that was given', { memberId: first.memberId }) : first;
  const { memberId, generationId } = joined;
  await talk.quiet(SyncGroup, 3, { groupId, generationId, memberId, assignments: [] });
  await ask('again, unchanged', { memberId });
  await ask('an unknown member', { memberId: 'nobody' });
  await ask('another protocol type', { protocolType: 'connect' });
  await ask('no common protocol', { protocols: [{ name: 'other', metadata: METADATA }] });
  await ask('an empty group id', {}, '');
  await ask('a session that is too short', { sessionTimeoutMs: 1 }, `${groupId}-x`);
  await ask('a session that is too long', { sessionTimeoutMs: 100_000_000 }, `${groupId}-x`);
  await ask('no protocols', { protocols: [] }, `${groupId}-x`);
  await ask('an empty protocol type', { protocolType: '' }, `${groupId}-x`);
  await ask('an unknown member of a group that is not there', { memberId: 'nobody' }, `${groupId}-x`);
}

async function syncing(talk: Talk, version: number): Promise<void> {
  const groupId = `groups-sync-${version}`;
  const { memberId, generationId } = await member(talk, groupId);
  const assignments = [{ memberId, assignment: ASSIGNMENT }];
  const ask = (step: string, rest: Partial<RequestInput<typeof SyncGroup>>) => {
    const names = version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {};
    return talk.ask(step, SyncGroup, version, { groupId, generationId, memberId, assignments, ...names, ...rest });
  };
  await ask('the leader', {});
  await ask('the leader again, with another assignment', { assignments: [{ memberId, assignment: Buffer.from('other') }] });
  await ask('nothing', { assignments: [] });
  await ask('a wrong generation', { generationId: 17 });
  await ask('an unknown member', { memberId: 'nobody' });
  await ask('an unknown group', { groupId: 'groups-nowhere' });
  await ask('an empty group id', { groupId: '' });
  if (version >= FIRST_STATIC.sync) await ask('an instance id of nobody', { groupInstanceId: 'nobody' });
  if (version < 5) return;
  await ask('a wrong protocol type', { protocolType: 'connect' });
  await ask('a wrong protocol', { protocolName: 'other' });
  await ask('no protocol', { protocolType: null, protocolName: null });
}

async function beating(talk: Talk, version: number): Promise<void> {
  const groupId = `groups-heartbeat-${version}`;
  const { memberId, generationId } = await member(talk, groupId);
  const ask = (step: string, rest: Partial<RequestInput<typeof Heartbeat>>) =>
    talk.ask(step, Heartbeat, version, { groupId, generationId, memberId, ...rest });
  await ask('a member', {});
  await ask('a wrong generation', { generationId: 17 });
  await ask('an unknown member', { memberId: 'nobody' });
  await ask('no member', { memberId: '' });
  await ask('an unknown group', { groupId: 'groups-nowhere' });
  await ask('an empty group id', { groupId: '' });
  if (version >= FIRST_STATIC.heartbeat) await ask('an instance id of nobody', { groupInstanceId: 'nobody' });
}

async function leaving(talk: Talk, version: number): Promise<void> {
  const groupId = `groups-leave-${version}`;
  const { memberId } = await member(talk, groupId);
  if (version < FIRST_STATIC.leave) {
    const ask = (step: string, id: string, group = groupId) => talk.ask(step, LeaveGroup, version, { groupId: group, memberId: id });
    await ask('an unknown member', 'nobody');
    await ask('an unknown group', memberId, 'groups-nowhere');
    await ask('an empty group id', memberId, '');
    await ask('a member', memberId);
    await ask('a member that has left', memberId);
    return;
  }
  const ask = (step: string, ids: readonly (readonly [string, string | null])[], group = groupId) => {
    const members = ids.map(([id, groupInstanceId]) => ({ memberId: id, groupInstanceId }));
    return talk.ask(step, LeaveGroup, version, { groupId: group, members });
  };
  await ask('nobody', []);
  await ask('an unknown member', [['nobody', null]]);
  await ask('an unknown group', [[memberId, null]], 'groups-nowhere');
  await ask('an empty group id', [[memberId, null]], '');
  await ask('an unknown instance', [['', 'nobody']]);
  await ask('a member and an unknown one', [
    [memberId, null],
    ['nobody', null],
  ]);
  await ask('a member that has left', [[memberId, null]]);
}

async function staticMembers(talk: Talk): Promise<void> {
  for (const version of versionsOf(JoinGroup, FIRST_STATIC.join)) {
    const groupId = `groups-static-${version}`;
    const ask = (step: string, rest: Partial<JoinInput>) => talk.call(step, JoinGroup, version, joinRequest(groupId, rest));
    const first = await ask('a static member', { groupInstanceId: 'one' });
    const { memberId, generationId } = first;
    const assignments = [{ memberId, assignment: ASSIGNMENT }];
    await talk.call(`its assignment, joined with ${version}`, SyncGroup, 3, {
      groupId,
      generationId,
      memberId,
      groupInstanceId: 'one',
      assignments,
    });
    const second = await ask('the same instance, started again', { groupInstanceId: 'one' });
    await ask('the one before', { groupInstanceId: 'one', memberId });
    const old = { groupId, generationId, memberId, groupInstanceId: 'one' };
    await talk.ask(`the one before, joined with ${version}`, Heartbeat, 3, old);
    await talk.ask(`the one before syncs, joined with ${version}`, SyncGroup, 3, { ...old, assignments: [] });
    await talk.ask(`the one before leaves, joined with ${version}`, LeaveGroup, 3, {
      groupId,
      members: [{ memberId, groupInstanceId: 'one' }],
    });
    await talk.ask(`the new one, joined with ${version}`, Heartbeat, 3, { ...old, memberId: second.memberId });
    await talk.ask(`static ones, joined with ${version}`, DescribeGroups, 4, { groups: [groupId] });
    await talk.ask(`by its instance id, joined with ${version}`, LeaveGroup, 3, {
      groupId,
      members: [{ memberId: '', groupInstanceId: 'one' }],
    });
  }
}

async function describing(talk: Talk, version: number): Promise<void> {
  const groupId = `groups-describe-${version}`;
  const { memberId } = await member(talk, groupId);
  const ask = (step: string, names: readonly string[], rest = {}) => talk.ask(step, DescribeGroups, version, { groups: names, ...rest });
  await ask('a stable group', [groupId]);
  await ask('an unknown group', ['groups-nowhere']);
  await ask('an empty group id', ['']);
  await ask('no groups', []);
  await ask('two groups', [groupId, 'groups-nowhere']);
  if (version >= 3) await ask('operations', [groupId], { includeAuthorizedOperations: true });
  await talk.quiet(LeaveGroup, 1, { groupId, memberId });
  await ask('an empty group', [groupId]);
}

async function listing(talk: Talk, version: number): Promise<void> {
  const only = `groups-list-${version}`;
  await member(talk, `${only}-stable`);
  const { memberId } = await member(talk, `${only}-empty`);
  await talk.quiet(LeaveGroup, 1, { groupId: `${only}-empty`, memberId });
  await talk.ask('all', ListGroups, version, {}, { only });
  if (version >= 4) {
    for (const state of ['Stable', 'empty', 'Nonsense', 'Dead'])
      await talk.ask(`state ${state}`, ListGroups, version, { statesFilter: [state] }, { only });
  }
  if (version >= 5) {
    for (const type of ['classic', 'Consumer', 'nonsense'])
      await talk.ask(`type ${type}`, ListGroups, version, { typesFilter: [type] }, { only });
  }
}

async function deleting(talk: Talk, version: number): Promise<void> {
  const groupId = `groups-delete-${version}`;
  const ask = (step: string, groupsNames: readonly string[]) => talk.ask(step, DeleteGroups, version, { groupsNames });
  const { memberId } = await member(talk, groupId);
  await ask('a group with members', [groupId]);
  await talk.quiet(LeaveGroup, 1, { groupId, memberId });
  await ask('an empty group and an unknown one', [groupId, 'groups-nowhere']);
  await ask('a group that is gone', [groupId]);
  await ask('an empty group id', ['']);
  await ask('nothing', []);
}
