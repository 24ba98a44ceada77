import { describe, expect, it } from 'vitest';
import { type KafkaStreamsConfig, resolveConfig } from '../../../src/config.ts';
import { prepareTopics } from '../../../src/coordinator/topics.ts';
import { Serdes, StreamsBuilder } from '../../../src/index.ts';
import type { NewTopic } from '../../../src/transport/transport.ts';
import { FakeCluster } from '../../simulation/fake-cluster.ts';
import { FakeTransport } from '../../simulation/fake-transport.ts';

const string = { keySerde: Serdes.String(), valueSerde: Serdes.String() };

function plan() {
  const builder = new StreamsBuilder();
  builder.globalTable<string, string>('rows', string);
  builder
    .stream<string, string>('in', string)
    .groupBy((_key, value) => value, { name: 'again', ...string })
    .count({ as: 'counts' })
    .toStream()
    .to('out', { keySerde: Serdes.String(), valueSerde: Serdes.Long() });
  return builder.build().plan();
}

function bench(topics: Record<string, number>, config: Partial<KafkaStreamsConfig> = {}) {
  const cluster = new FakeCluster();
  for (const [topic, partitions] of Object.entries(topics)) cluster.createTopic(topic, partitions);
  const { admin } = new FakeTransport(cluster, undefined);
  const created: NewTopic[] = [];
  const createTopics = admin.createTopics.bind(admin);
  admin.createTopics = (wanted) => {
    created.push(...wanted);
    return createTopics(wanted);
  };
  const prepare = () => prepareTopics(admin, plan(), resolveConfig({ applicationId: 'app', bootstrapServers: 'h:1', ...config }));
  return { cluster, admin, created, prepare };
}

describe('prepareTopics', () => {
  const all = { in: 3, rows: 2, out: 5 };

  it('creates the internal topics and returns all partition counts', async () => {
    const { created, prepare } = bench(all, { replicationFactor: 2, topic: { 'segment.ms': '5' } });
    const counts = await prepare();
    expect(Object.fromEntries(counts)).toEqual({ ...all, 'app-again-repartition': 3, 'app-counts-changelog': 3 });
    expect(created.map(({ topic, partitions, replicationFactor }) => [topic, partitions, replicationFactor])).toEqual([
      ['app-again-repartition', 3, 2],
      ['app-counts-changelog', 3, 2],
    ]);
    expect(created[1]?.config).toMatchObject({ 'cleanup.policy': 'compact', 'segment.ms': '5' });
  });

  it('leaves alone what is there', async () => {
    const { created, prepare } = bench({ ...all, 'app-again-repartition': 3, 'app-counts-changelog': 3 });
    await prepare();
    expect(created).toEqual([]);
  });

  it.each([
    [{ rows: 2, out: 5 }, /reads topic "in"/],
    [{ in: 3, out: 5 }, /reads topic "rows"/],
    [{ in: 3, rows: 2 }, /writes to topic "out"/],
    [{ out: 1 }, /reads topics "in", "rows"/],
  ])('names what is missing of %j', async (topics, message) => {
    await expect(bench(topics).prepare()).rejects.toMatchObject({ code: 'MISSING_TOPIC', message: expect.stringMatching(message) });
  });

  it('wants the dead-letter topic to exist', async () => {
    await expect(bench(all, { deadLetterTopic: 'letters' }).prepare()).rejects.toMatchObject({
      code: 'MISSING_TOPIC',
      message: expect.stringMatching(/letters/),
    });
  });

  it('refuses internal topics with other partition counts', async () => {
    const { prepare } = bench({ ...all, 'app-counts-changelog': 4 });
    await expect(prepare()).rejects.toMatchObject({
      code: 'INTERNAL_TOPIC_MISMATCH',
      message: expect.stringMatching(/app-counts-changelog.* 4 .* 3/),
    });
  });

  it('waits until new topics can be seen', async () => {
    const { admin, prepare } = bench(all);
    const metadata = admin.metadata.bind(admin);
    let blind = 3;
    admin.metadata = async (topics) => (await metadata(topics)).filter(({ topic }) => !topic.startsWith('app-') || blind-- <= 0);
    expect((await prepare()).get('app-counts-changelog')).toBe(3);
    expect(blind).toBeLessThan(0);
  });

  it('does not wait for ever', async () => {
    const { admin, prepare } = bench(all, { requestTimeoutMs: 100 });
    const metadata = admin.metadata.bind(admin);
    admin.metadata = async (topics) => (await metadata(topics)).filter(({ topic }) => !topic.startsWith('app-'));
    await expect(prepare()).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('sees when another instance was quicker to create them, with other counts', async () => {
    const { admin, cluster, prepare } = bench(all);
    const createTopics = admin.createTopics.bind(admin);
    admin.createTopics = (topics) => {
      cluster.createTopic('app-again-repartition', 9);
      return createTopics(topics);
    };
    await expect(prepare()).rejects.toMatchObject({ code: 'INTERNAL_TOPIC_MISMATCH' });
  });
});
