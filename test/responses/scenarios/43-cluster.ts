import {
  AlterPartitionReassignments,
  DescribeQuorum,
  ElectLeaders,
  ListPartitionReassignments,
  type RequestInput,
  UpdateFeatures,
} from '../../../src/protocol/index.ts';
import { makeTopic } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const NAME = 'cluster';

/** What is asked of controllers, on a cluster of one node. */
export const cluster: Scenario = {
  name: '43-cluster',
  async run(talk) {
    await makeTopic(talk, NAME, 2);
    for (const version of versionsOf(ElectLeaders)) await electing(talk, version);
    for (const version of versionsOf(AlterPartitionReassignments)) await reassigning(talk, version);
    await reassignments(talk);
    for (const version of versionsOf(DescribeQuorum)) await quorum(talk, version);
    for (const version of versionsOf(UpdateFeatures)) await features(talk, version);
  },
};

async function electing(talk: Talk, version: number): Promise<void> {
  const ask = (step: string, topicPartitions: { topic: string; partitions: number[] }[] | null, electionType = 0) =>
    talk.ask(step, ElectLeaders, version, { topicPartitions, ...(version >= 1 ? { electionType } : {}) });
  await ask('a leader that is preferred already', [{ topic: NAME, partitions: [0] }]);
  await ask('a partition that is not there', [{ topic: NAME, partitions: [9] }]);
  await ask('an unknown topic', [{ topic: 'cluster-nowhere', partitions: [0] }]);
  await ask('nothing', []);
  await ask('everything', null);
  if (version < 1) return;
  await ask('an unclean one without need', [{ topic: NAME, partitions: [0] }], 1);
  await ask('an unknown kind', [{ topic: NAME, partitions: [0] }], 7);
}

async function reassigning(talk: Talk, version: number): Promise<void> {
  const ask = (step: string, partitionIndex: number, replicas: number[] | null, name = NAME) =>
    talk.ask(step, AlterPartitionReassignments, version, { topics: [{ name, partitions: [{ partitionIndex, replicas }] }] });
  await ask('to where it is', 0, [1]);
  await ask('to an unknown broker', 0, [9]);
  await ask('to one broker twice', 0, [1, 1]);
  await ask('to nobody', 0, []);
  await ask('cancelled without need', 0, null);
  await ask('a partition that is not there', 9, [1]);
  await ask('an unknown topic', 0, [1], 'cluster-nowhere');
  await talk.ask('nothing', AlterPartitionReassignments, version, { topics: [] });
}

async function reassignments(talk: Talk): Promise<void> {
  const ask = (step: string, topics: { name: string; partitionIndexes: number[] }[] | null) =>
    talk.ask(step, ListPartitionReassignments, 0, { topics });
  await ask('all', null);
  await ask('of a partition', [{ name: NAME, partitionIndexes: [0] }]);
  await ask('of a partition that is not there', [{ name: NAME, partitionIndexes: [9] }]);
  await ask('of an unknown topic', [{ name: 'cluster-nowhere', partitionIndexes: [0] }]);
  await ask('of nothing', []);
}

async function quorum(talk: Talk, version: number): Promise<void> {
  const ask = (step: string, topicName: string, partitionIndex: number) =>
    talk.ask(step, DescribeQuorum, version, { topics: [{ topicName, partitions: [{ partitionIndex }] }] });
  await ask('of the metadata', '__cluster_metadata', 0);
  await ask('of another partition', '__cluster_metadata', 1);
  await ask('of another topic', NAME, 0);
}

async function features(talk: Talk, version: number): Promise<void> {
  const ask = (step: string, updates: readonly (readonly [feature: string, maxVersionLevel: number])[], validateOnly = false) => {
    const featureUpdates = updates.map(([feature, maxVersionLevel]) => ({ feature, maxVersionLevel }));
    const request: RequestInput<typeof UpdateFeatures> = { featureUpdates, ...(version >= 1 ? { validateOnly } : {}) };
    return talk.ask(step, UpdateFeatures, version, request);
  };
  await ask('to what it is', [['transaction.version', 2]]);
  await ask('to what is not supported', [['transaction.version', 9]]);
  await ask('an unknown one', [['no.such.feature', 1]]);
  await ask('down without leave', [['transaction.version', 1]]);
  await ask('nothing', []);
  if (version >= 1) await ask('only checked', [['transaction.version', 9]], true);
}
