import { DeleteRecords, ListOffsets, OffsetForLeaderEpoch, type RequestInput } from '../../../src/protocol/index.ts';
import { COMPRESSED_BATCHES } from '../compressed-batches.ts';
import { append, batch, FIRST_TIMESTAMP, makeTopic } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

type OffsetsOfPartition = RequestInput<typeof ListOffsets>['topics'][number]['partitions'][number];

const SPECIAL_TIMESTAMPS: Readonly<Record<string, number>> = {
  latest: -1,
  earliest: -2,
  'the largest timestamp': -3,
  'the earliest local one': -4,
  'the last tiered one': -5,
  'the earliest to be uploaded': -6,
  'an unknown special one': -7,
};

export const offsets: Scenario = {
  name: '02-offsets',
  async run(talk) {
    const name = 'offsets';
    await makeTopic(talk, name, 3);
    await append(talk, name, batch(['a', 'b', 'c']));
    await append(talk, name, batch(['late'], {}, FIRST_TIMESTAMP + 50_000));
    await append(talk, name, batch(['early', 'again'], {}, FIRST_TIMESTAMP + 10_000));
    await append(talk, name, Buffer.from(COMPRESSED_BATCHES['lz4'] ?? '', 'hex'), { partition: 1 });
    await makeTopic(talk, 'offsets-deleted', 1);
    for (let count = 0; count < 3; count++) await append(talk, 'offsets-deleted', batch(['x', 'y']));
    for (const version of versionsOf(DeleteRecords)) await deleteRecords(talk, version);
    for (const version of versionsOf(ListOffsets)) await listOffsets(talk, version, name);
    for (const version of versionsOf(OffsetForLeaderEpoch)) await leaderEpochs(talk, version, name);
  },
};

async function deleteRecords(talk: Talk, version: number): Promise<void> {
  const name = 'offsets-deleted';
  const ask = (step: string, partitionIndex: number, offset: number, topic = name) =>
    talk.ask(step, DeleteRecords, version, { topics: [{ name: topic, partitions: [{ partitionIndex, offset }] }], timeoutMs: 5_000 });
  await ask('up to an offset', 0, 1 + version);
  await ask('up to one before', 0, 1);
  await ask('past the end', 0, 100);
  await ask('a negative offset', 0, -2);
  await ask('a partition that is not there', 5, 0);
  await ask('an unknown topic', 0, 0, 'offsets-nowhere');
  await talk.ask('nothing', DeleteRecords, version, { topics: [], timeoutMs: 5_000 });
  if (version === 2) {
    await makeTopic(talk, 'offsets-compacted', 1, { 'cleanup.policy': 'compact' });
    await ask('a compacted topic', 0, -1, 'offsets-compacted');
    await ask('everything', 0, -1);
  }
}

async function listOffsets(talk: Talk, version: number, name: string): Promise<void> {
  const ask = (step: string, partition: OffsetsOfPartition, topic = name, rest = {}) =>
    talk.ask(step, ListOffsets, version, { replicaId: -1, ...rest, topics: [{ name: topic, partitions: [partition] }] });
  for (const [step, timestamp] of Object.entries(SPECIAL_TIMESTAMPS)) await ask(step, { partitionIndex: 0, timestamp });
  await ask('earliest, records deleted', { partitionIndex: 0, timestamp: -2 }, 'offsets-deleted');
  await ask('latest, empty partition', { partitionIndex: 2, timestamp: -1 });
  await ask('largest timestamp, empty partition', { partitionIndex: 2, timestamp: -3 });
  if (version >= 2) await ask('latest, read_committed', { partitionIndex: 0, timestamp: -1 }, name, { isolationLevel: 1 });
  for (const offset of [0, 1, 3, 9_999, 10_001, 50_000, 50_001]) {
    await ask(`time ${offset}`, { partitionIndex: 0, timestamp: FIRST_TIMESTAMP + offset });
  }
  await ask('a time before all', { partitionIndex: 0, timestamp: 0 });
  await ask('inside a compressed batch', { partitionIndex: 1, timestamp: FIRST_TIMESTAMP + 1 });
  await ask('largest timestamp of a compressed batch', { partitionIndex: 1, timestamp: -3 });
  await ask('a partition that is not there', { partitionIndex: 8, timestamp: -1 });
  await ask('an unknown topic', { partitionIndex: 0, timestamp: -1 }, 'offsets-nowhere');
  await talk.ask('nothing', ListOffsets, version, { replicaId: -1, topics: [] });
  const twice = [
    { partitionIndex: 0, timestamp: -1 },
    { partitionIndex: 0, timestamp: -2 },
  ];
  await talk.ask('a partition twice', ListOffsets, version, { replicaId: -1, topics: [{ name, partitions: twice }] });
  if (version < 4) return;
  await ask('the present leader epoch', { partitionIndex: 0, currentLeaderEpoch: 0, timestamp: -1 });
  await ask('an unknown leader epoch', { partitionIndex: 0, currentLeaderEpoch: 3, timestamp: -1 });
}

async function leaderEpochs(talk: Talk, version: number, name: string): Promise<void> {
  const ask = (step: string, leaderEpoch: number, currentLeaderEpoch = -1, partition = 0, topic = name) =>
    talk.ask(step, OffsetForLeaderEpoch, version, {
      replicaId: -1,
      topics: [{ topic, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }],
    });
  await ask('the present epoch', 0);
  await ask('an empty partition', 0, -1, 2);
  await ask('a later epoch', 5);
  await ask('no epoch', -1);
  await ask('knowing the leader epoch', 0, 0);
  await ask('an unknown leader epoch', 0, 4);
  await ask('a partition that is not there', 0, -1, 9);
  await ask('an unknown topic', 0, -1, 0, 'offsets-nowhere');
  await talk.ask('nothing', OffsetForLeaderEpoch, version, { replicaId: -1, topics: [] });
}
