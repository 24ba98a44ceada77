import { JoinGroup, OffsetCommit, OffsetDelete, OffsetFetch, type RequestInput, SyncGroup } from '../../../src/protocol/index.ts';
import { makeTopic } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const FIRST_TOPIC_ID_VERSION = 10;
const FIRST_GROUPS_VERSION = 8;
const UNKNOWN_ID = Buffer.alloc(16, 7);
const NAME = 'commits';

type CommitInput = RequestInput<typeof OffsetCommit>;
type PartitionInput = CommitInput['topics'][number]['partitions'][number];

export const offsetCommits: Scenario = {
  name: '09-offset-commits',
  async run(talk) {
    const id = await makeTopic(talk, NAME, 3);
    for (const version of versionsOf(OffsetCommit)) await committing(talk, version, id);
    for (const version of versionsOf(OffsetCommit)) await committingAsMember(talk, version, id);
    for (const version of versionsOf(OffsetFetch)) await fetching(talk, version, id);
    await deleting(talk);
  },
};

function topicOf(version: number, id: Buffer, name = NAME) {
  return version >= FIRST_TOPIC_ID_VERSION ? { topicId: id } : { name };
}

const partitionOf = (partitionIndex: number, committedOffset: number, rest: Partial<PartitionInput> = {}): PartitionInput => ({
  partitionIndex,
  committedOffset,
  committedMetadata: 'note',
  ...rest,
});

async function committing(talk: Talk, version: number, id: Buffer): Promise<void> {
  const groupId = `commits-simple-${version}`;
  const ask = (step: string, partitions: readonly PartitionInput[], rest: Partial<CommitInput> = {}) =>
    talk.ask(step, OffsetCommit, version, { groupId, memberId: '', topics: [{ ...topicOf(version, id), partitions }], ...rest });
  await ask('two partitions', [partitionOf(0, 5), partitionOf(1, 6, { committedMetadata: null })]);
  await ask('a negative offset', [partitionOf(0, -1)]);
  await ask('a partition that is not there', [partitionOf(9, 1)]);
  await ask('long metadata', [partitionOf(0, 1, { committedMetadata: 'x'.repeat(5_000) })]);
  await ask('an unknown topic', [], { topics: [{ ...topicOf(version, UNKNOWN_ID, 'commits-nowhere'), partitions: [partitionOf(0, 1)] }] });
  await ask('a generation of a group without members', [partitionOf(0, 1)], { generationIdOrMemberEpoch: 3, memberId: 'somebody' });
  await ask('an unknown member', [partitionOf(0, 1)], { memberId: 'somebody' });
  await ask('an empty group id', [partitionOf(0, 1)], { groupId: '' });
  await ask('nothing', [], { topics: [] });
  await ask('no partitions', []);
}

async function committingAsMember(talk: Talk, version: number, id: Buffer): Promise<void> {
  const groupId = `commits-member-${version}`;
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
  const join = { groupId, sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000, memberId: '', protocolType: 'consumer', protocols };
  const { memberId, generationId } = await talk.quiet(JoinGroup, 3, join);
  const topics = [{ ...topicOf(version, id), partitions: [partitionOf(0, 7)] }];
  const ask = (step: string, rest: Partial<CommitInput>) =>
    talk.ask(step, OffsetCommit, version, { groupId, generationIdOrMemberEpoch: generationId, memberId, topics, ...rest });
  await ask('before the assignment', {});
  await talk.quiet(SyncGroup, 3, { groupId, generationId, memberId, assignments: [] });
  await ask('a member', {});
  await ask('a wrong generation', { generationIdOrMemberEpoch: 17 });
  await ask('a member of before', { memberId: 'nobody' });
  await ask('as if there were no members', { memberId: '', generationIdOrMemberEpoch: -1 });
  if (version >= 7) await ask('an instance id of nobody', { groupInstanceId: 'nobody' });
}

async function fetching(talk: Talk, version: number, id: Buffer): Promise<void> {
  const groupId = `commits-fetch-${version}`;
  const partitions = [partitionOf(0, 5, { committedLeaderEpoch: 0 }), partitionOf(1, 6, { committedMetadata: null })];
  await talk.quiet(OffsetCommit, 8, { groupId, memberId: '', topics: [{ name: NAME, partitions }] });
  const wanted = (indexes: readonly number[], unknown = false) => [
    { ...topicOf(version, unknown ? UNKNOWN_ID : id, unknown ? 'commits-nowhere' : NAME), partitionIndexes: [...indexes] },
  ];
  type Topics = ReturnType<typeof wanted> | null;
  const ask = (step: string, topics: Topics, group = groupId, rest: Partial<RequestInput<typeof OffsetFetch>> = {}) => {
    const named = topics as { name: string; partitionIndexes: number[] }[] | null;
    const request = version >= FIRST_GROUPS_VERSION ? { groups: [{ groupId: group, topics }] } : { groupId: group, topics: named };
    return talk.ask(step, OffsetFetch, version, { ...request, ...rest });
  };
  await ask('committed ones and another', wanted([0, 1, 2]));
  await ask('a partition that is not there', wanted([9]));
  await ask('an unknown topic', wanted([0], true));
  await ask('an unknown group', wanted([0]), 'commits-nobody');
  await ask('an empty group id', wanted([0]), '');
  await ask('no topics', []);
  if (version >= 2) await ask('everything', null);
  if (version >= 2) await ask('everything of an unknown group', null, 'commits-nobody');
  if (version >= 7) await ask('stable ones only', wanted([0]), groupId, { requireStable: true });
  if (version < FIRST_GROUPS_VERSION) return;
  const groups = [
    { groupId, topics: wanted([0]) },
    { groupId: 'commits-nobody', topics: null },
  ];
  await talk.ask('two groups', OffsetFetch, version, { groups });
  await talk.ask('no groups', OffsetFetch, version, { groups: [] });
  if (version < 9) return;
  await talk.ask('an unknown member', OffsetFetch, version, {
    groups: [{ groupId, memberId: 'nobody', memberEpoch: 1, topics: wanted([0]) }],
  });
}

async function deleting(talk: Talk): Promise<void> {
  const groupId = 'commits-delete';
  await talk.quiet(OffsetCommit, 8, {
    groupId,
    memberId: '',
    topics: [{ name: NAME, partitions: [partitionOf(0, 1), partitionOf(1, 2)] }],
  });
  const ask = (step: string, partitionIndex: number, name = NAME, group = groupId) =>
    talk.ask(step, OffsetDelete, 0, { groupId: group, topics: [{ name, partitions: [{ partitionIndex }] }] });
  await ask('a committed one', 0);
  await ask('the same again', 0);
  await ask('a partition that is not there', 9);
  await ask('an unknown topic', 0, 'commits-nowhere');
  await ask('an unknown group', 0, NAME, 'commits-nobody');
  await ask('an empty group id', 0, NAME, '');
  await talk.ask('nothing', OffsetDelete, 0, { groupId, topics: [] });
  await talk.ask('what is left', OffsetFetch, 7, { groupId, topics: null });
}
