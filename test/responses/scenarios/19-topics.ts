import { CreatePartitions, CreateTopics, DeleteTopics, Metadata, type RequestInput } from '../../../src/protocol/index.ts';
import { makeTopic } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

const FIRST_DEFAULTS_VERSION = 4;
const FIRST_ID_VERSION = 6;
const UNKNOWN_TOPIC_OR_PARTITION = 3;

type TopicInput = RequestInput<typeof CreateTopics>['topics'][number];

export const topics: Scenario = {
  name: '19-topics',
  async run(talk) {
    for (const version of versionsOf(CreateTopics)) await creating(talk, version);
    for (const version of versionsOf(CreatePartitions)) await extending(talk, version);
    for (const version of versionsOf(DeleteTopics)) await deleting(talk, version);
  },
};

async function creating(talk: Talk, version: number): Promise<void> {
  const topic = (name: string, rest: Partial<TopicInput> = {}): TopicInput => ({
    name: `topics-${version}-${name}`,
    numPartitions: 2,
    replicationFactor: 1,
    assignments: [],
    configs: [],
    ...rest,
  });
  const ask = (step: string, asked: readonly TopicInput[], validateOnly = false) =>
    talk.ask(step, CreateTopics, version, { topics: asked, timeoutMs: 10_000, validateOnly });
  const config = (name: string, value: string | null): Partial<TopicInput> => ({ configs: [{ name, value }] });
  await ask('one', [topic('one')]);
  await ask('only checked', [topic('checked')], true);
  await ask('one that is there', [topic('one')]);
  await ask('with configs', [topic('configs', config('cleanup.policy', 'compact'))]);
  await ask('by an assignment', [
    topic('assigned', { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] }),
  ]);
  if (version >= FIRST_DEFAULTS_VERSION) await ask('as brokers like', [topic('defaults', { numPartitions: -1, replicationFactor: -1 })]);
  await ask('no partitions', [topic('none', { numPartitions: 0 })]);
  await ask('less than no partitions', [topic('negative', { numPartitions: -2 })]);
  await ask('too many replicas', [topic('replicated', { replicationFactor: 5 })]);
  await ask('no replicas', [topic('unreplicated', { replicationFactor: 0 })]);
  await ask('an unknown config', [topic('unknown', config('no.such.config', '1'))]);
  await ask('a bad value', [topic('bad', config('retention.ms', 'long'))]);
  await ask('a value that is out of bounds', [topic('bounds', config('retention.ms', '-2'))]);
  await ask('an unknown policy', [topic('policy', config('cleanup.policy', 'shred'))]);
  await ask('a config without a value', [topic('null', config('retention.ms', null))]);
  await ask('an invalid name', [{ ...topic('x'), name: 'no such/topic' }]);
  await ask('an empty name', [{ ...topic('x'), name: '' }]);
  await ask('a long name', [{ ...topic('x'), name: 'x'.repeat(250) }]);
  await ask('a dot', [{ ...topic('x'), name: '.' }]);
  await ask('an internal name', [{ ...topic('x'), name: '__consumer_offsets' }]);
  await ask('a name like another one', [{ ...topic('x'), name: `topics_${version}.one` }]);
  await ask('a name that collides', [{ ...topic('x'), name: `topics.${version}_one` }]);
  await ask('one twice', [topic('twice'), topic('twice')]);
  await ask('one and a bad one', [topic('good'), topic('worse', { replicationFactor: 5 })]);
  const assignments = [{ partitionIndex: 0, brokerIds: [1] }];
  await ask('an assignment and a number', [topic('both', { assignments })]);
  const automatic = { numPartitions: -1, replicationFactor: -1 };
  await ask('an assignment to an unknown broker', [
    topic('stranger', { ...automatic, assignments: [{ partitionIndex: 0, brokerIds: [9] }] }),
  ]);
  await ask('an assignment with a gap', [topic('gap', { ...automatic, assignments: [{ partitionIndex: 1, brokerIds: [1] }] })]);
  await ask('an assignment to nobody', [topic('nobody', { ...automatic, assignments: [{ partitionIndex: 0, brokerIds: [] }] })]);
  await ask('an assignment twice to one', [topic('same', { ...automatic, assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] })]);
  await ask('nothing', []);
}

async function extending(talk: Talk, version: number): Promise<void> {
  const name = `topics-extend-${version}`;
  await makeTopic(talk, name, 2);
  type Extension = RequestInput<typeof CreatePartitions>['topics'][number];
  const ask = (step: string, count: number, rest: Partial<Extension> = {}, validateOnly = false) =>
    talk.ask(step, CreatePartitions, version, { topics: [{ name, count, assignments: null, ...rest }], timeoutMs: 10_000, validateOnly });
  await ask('only checked', 4, {}, true);
  await ask('one more', 3);
  await ask('as many as there are', 3);
  await ask('fewer', 1);
  await ask('none', 0);
  await ask('less than none', -1);
  await ask('an unknown topic', 3, { name: 'topics-nowhere' });
  await ask('an invalid name', 3, { name: 'no such/topic' });
  await ask('by an assignment', 4, { assignments: [{ brokerIds: [1] }] });
  await ask('an assignment to an unknown broker', 5, { assignments: [{ brokerIds: [9] }] });
  await ask('too few assignments', 7, { assignments: [{ brokerIds: [1] }] });
  await ask('too many assignments', 5, { assignments: [{ brokerIds: [1] }, { brokerIds: [1] }] });
  const twice = [
    { name, count: 6, assignments: null },
    { name, count: 7, assignments: null },
  ];
  await talk.ask('a topic twice', CreatePartitions, version, { topics: twice, timeoutMs: 10_000, validateOnly: false });
  await talk.ask('nothing', CreatePartitions, version, { topics: [], timeoutMs: 10_000, validateOnly: false });
}

async function deleting(talk: Talk, version: number): Promise<void> {
  const names = ['a', 'b', 'c'].map((letter) => `topics-delete-${version}-${letter}`);
  const ids: Buffer[] = [];
  for (const name of names) ids.push(await makeTopic(talk, name, 1));
  const [a, b, c] = names as [string, string, string];
  const byName = (step: string, wanted: readonly string[]) => {
    const request =
      version >= FIRST_ID_VERSION ? { topics: wanted.map((name) => ({ name, topicId: Buffer.alloc(16) })) } : { topicNames: wanted };
    return talk.ask(step, DeleteTopics, version, { timeoutMs: 10_000, ...request });
  };
  await byName('one and an unknown one', [a, 'topics-nowhere']);
  await talk.until(Metadata, 9, { topics: [{ name: a }], allowAutoTopicCreation: false }, (response) => {
    return response.topics[0]?.errorCode === UNKNOWN_TOPIC_OR_PARTITION;
  });
  await talk.ask(`the deleted one, by version ${version}`, Metadata, 9, { topics: [{ name: a }], allowAutoTopicCreation: false });
  await byName('one that is gone', [a]);
  await byName('one twice', [b, b]);
  await byName('an invalid name', ['no such/topic']);
  await byName('nothing', []);
  if (version < FIRST_ID_VERSION) return;
  const byId = (step: string, name: string | null, topicId: Buffer) =>
    talk.ask(step, DeleteTopics, version, { timeoutMs: 10_000, topics: [{ name, topicId }] });
  await byId('a name and an id', c, ids[2]!);
  await byId('neither name nor id', null, Buffer.alloc(16));
  await byId('an unknown id', null, Buffer.alloc(16, 7));
  await byId('by id', null, ids[2]!);
}
