import { DescribeCluster, DescribeTopicPartitions, Metadata, type RequestInput } from '../../../src/protocol/index.ts';
import { makeTopic } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const UNKNOWN_ID = Buffer.alloc(16, 7);
const FIRST_ID_VERSION = 12;

export const metadata: Scenario = {
  name: '03-metadata',
  async run(talk) {
    const id = await makeTopic(talk, 'metadata-a', 3);
    await makeTopic(talk, 'metadata-b', 1);
    for (const version of versionsOf(Metadata)) await everyVersion(talk, version, id);
    for (const version of versionsOf(DescribeCluster)) await cluster(talk, version);
    await topicPartitions(talk);
  },
};

async function everyVersion(talk: Talk, version: number, id: Buffer): Promise<void> {
  type Request = RequestInput<typeof Metadata>;
  const ask = (step: string, topics: Request['topics'], rest: Partial<Request> = {}, only?: string) =>
    talk.ask(step, Metadata, version, { topics, ...rest }, only === undefined ? {} : { only });
  const old = version < 4;
  const noCreation = old ? {} : { allowAutoTopicCreation: false };
  await ask('all topics', version === 0 ? [] : null, {}, 'metadata-');
  if (version > 0) await ask('no topics', []);
  await ask('one topic', [{ name: 'metadata-a' }]);
  await ask('two topics', [{ name: 'metadata-b' }, { name: 'metadata-a' }]);
  await ask('a topic twice', [{ name: 'metadata-a' }, { name: 'metadata-a' }]);
  await ask('an invalid name', [{ name: 'no such/topic' }], noCreation);
  await ask('an empty name', [{ name: '' }], noCreation);
  if (!old) await ask('an unknown topic', [{ name: 'metadata-nowhere' }], noCreation);
  if (version >= 8) await ask('operations on a topic', [{ name: 'metadata-a' }], { includeTopicAuthorizedOperations: true });
  if (version >= 8 && version <= 10) await ask('operations on the cluster', [], { includeClusterAuthorizedOperations: true });
  if (version < FIRST_ID_VERSION) return;
  await ask('by id', [{ topicId: id, name: null }]);
  await ask('an unknown id', [{ topicId: UNKNOWN_ID, name: null }]);
  await ask('an id and an unknown id', [
    { topicId: UNKNOWN_ID, name: null },
    { topicId: id, name: null },
  ]);
}

async function cluster(talk: Talk, version: number): Promise<void> {
  await talk.ask('as it is', DescribeCluster, version, { includeClusterAuthorizedOperations: false });
  await talk.ask('operations', DescribeCluster, version, { includeClusterAuthorizedOperations: true });
  if (version >= 1) {
    await talk.ask('controllers of a broker', DescribeCluster, version, { includeClusterAuthorizedOperations: false, endpointType: 2 });
    await talk.ask('an unknown kind of endpoint', DescribeCluster, version, { includeClusterAuthorizedOperations: false, endpointType: 7 });
  }
  if (version >= 2) {
    await talk.ask('fenced ones, too', DescribeCluster, version, { includeClusterAuthorizedOperations: false, includeFencedBrokers: true });
  }
}

async function topicPartitions(talk: Talk): Promise<void> {
  type Request = RequestInput<typeof DescribeTopicPartitions>;
  const ask = (step: string, request: Request, only?: string) =>
    talk.ask(step, DescribeTopicPartitions, 0, request, only === undefined ? {} : { only });
  const both = [{ name: 'metadata-b' }, { name: 'metadata-a' }];
  await ask('one topic', { topics: [{ name: 'metadata-a' }] });
  await ask('two topics', { topics: both });
  await ask('an unknown topic', { topics: [{ name: 'metadata-nowhere' }] });
  await ask('an invalid name', { topics: [{ name: 'no such/topic' }] });
  await ask('two partitions at a time', { topics: both, responsePartitionLimit: 2 });
  await ask('from a cursor on', { topics: both, cursor: { topicName: 'metadata-a', partitionIndex: 1 } });
  await ask('from a cursor on, one at a time', {
    topics: both,
    responsePartitionLimit: 1,
    cursor: { topicName: 'metadata-a', partitionIndex: 1 },
  });
  await ask('from a later topic on', { topics: both, cursor: { topicName: 'metadata-b', partitionIndex: 0 } });
  await ask('a negative cursor', { topics: both, cursor: { topicName: 'metadata-b', partitionIndex: -1 } });
  await ask('no partitions', { topics: both, responsePartitionLimit: 0 });
}
