import { describe, expect, it } from 'vitest';
import { StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import { Serdes } from '../../../src/serde/index.ts';
import {
  changelogTopic,
  checkInternalTopic,
  internalTopics,
  type Plan,
  partitionCounts,
  resolveTopic,
  Stores,
  Topology,
  taskCount,
} from '../../../src/topology/index.ts';

const byValue = (_key: unknown, value: string): string => value;
const left = <T>(value: T): T => value;

function planOf(define: (builder: StreamsBuilder<string, string>) => void): Plan {
  const builder = new StreamsBuilder({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() });
  define(builder);
  return builder.build().plan();
}

const counts = (entries: Record<string, number>): Map<string, number> => new Map(Object.entries(entries));
const sizes = (plan: Plan, entries: Record<string, number>) =>
  Object.fromEntries(internalTopics(plan, 'app', counts(entries)).map(({ name, partitions }) => [name, partitions]));

describe('names', () => {
  it('prefixes internal topics with the application id', () => {
    expect(resolveTopic({ name: 'in', internal: false }, 'app')).toBe('in');
    expect(resolveTopic({ name: 'x-repartition', internal: true }, 'app')).toBe('app-x-repartition');
  });

  it('names a changelog after its store, or uses the source topic', () => {
    const store = Stores.keyValue('counts', { keySerde: Serdes.String(), valueSerde: Serdes.Long() });
    expect(changelogTopic(store, 'app')).toBe('app-counts-changelog');
    expect(changelogTopic({ ...store, logging: { enabled: false, config: {} } }, 'app')).toBeUndefined();
    expect(changelogTopic({ ...store, sourceTopic: 'in' }, 'app')).toBe('in');
  });
});

describe('configs', () => {
  it("are Kafka Streams' for each kind", () => {
    const plan = planOf((builder) => {
      const grouped = builder.stream('in').groupBy(byValue, { name: 'g' });
      grouped.count({ as: 'counts' });
      grouped.windowedBy(TimeWindows.ofSizeAndGrace(60_000, 5_000)).count({ as: 'hourly' });
    });
    const byName = Object.fromEntries(internalTopics(plan, 'app', counts({ in: 3 })).map((topic) => [topic.name, topic]));
    expect(byName).toEqual({
      'app-g-repartition': {
        name: 'app-g-repartition',
        kind: 'repartition',
        partitions: 3,
        store: undefined,
        config: {
          'cleanup.policy': 'delete',
          'segment.bytes': '52428800',
          'retention.ms': '-1',
          'message.timestamp.type': 'CreateTime',
        },
      },
      'app-counts-changelog': {
        name: 'app-counts-changelog',
        kind: 'changelog',
        partitions: 3,
        store: 'counts',
        config: { 'cleanup.policy': 'compact', 'message.timestamp.type': 'CreateTime' },
      },
      'app-hourly-changelog': {
        name: 'app-hourly-changelog',
        kind: 'changelog',
        partitions: 3,
        store: 'hourly',
        config: {
          'cleanup.policy': 'compact,delete',
          'retention.ms': String(65_000 + 86_400_000),
          'message.timestamp.type': 'CreateTime',
        },
      },
    });
  });

  it('are overridden by topic.*, and that by the store', () => {
    const plan = planOf((builder) => {
      builder
        .stream('in')
        .groupByKey()
        .count({ as: 'counts', logging: { config: { 'segment.bytes': '7' } } });
      builder.stream('other').groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(10)).count({ as: 'windows' });
    });
    const topicConfig = { 'segment.bytes': '5', 'min.insync.replicas': '2' };
    const topics = internalTopics(plan, 'app', counts({ in: 1, other: 1 }), {
      topicConfig,
      changelogAdditionalRetentionMs: 90,
    });
    expect(topics.map(({ config }) => [config['segment.bytes'], config['min.insync.replicas'], config['retention.ms']])).toEqual([
      ['7', '2', undefined],
      ['5', '2', '100'],
    ]);
  });

  it('do not compact a window store that keeps duplicates', () => {
    const store = Stores.window('w', {
      keySerde: Serdes.String(),
      valueSerde: Serdes.Long(),
      windowSizeMs: 10,
      retentionMs: 20,
      retainDuplicates: true,
    });
    const topology = new Topology({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() });
    topology
      .addSource('s', 'in')
      .addProcessor('p', () => ({ process: () => {} }), 's')
      .addStateStore(store, 'p');
    expect(internalTopics(topology.plan(), 'app', counts({ in: 1 }))[0]?.config).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(20 + 86_400_000),
    });
  });

  it('make no changelog for stores without logging or with a source topic', () => {
    const plan = planOf((builder) => {
      builder.stream('in').groupByKey().count({ as: 'unlogged', logging: false });
      builder.stream('other').join(builder.globalTable('g'), byValue, left).to('out');
    });
    expect(internalTopics(plan, 'app', counts({ in: 1, other: 1, g: 4 }))).toEqual([]);
  });
});

describe('partition counts', () => {
  it('follow the upstream topic with the most partitions, through chains', () => {
    const plan = planOf((builder) => {
      const merged = builder.stream('a').merge(builder.stream('b'));
      merged
        .groupBy(byValue, { name: 'first' })
        .count({ as: 'c1' })
        .toStream()
        .mapValues(String)
        .groupBy(byValue, { name: 'second' })
        .count({ as: 'c2' });
    });
    expect(sizes(plan, { a: 2, b: 6 })).toEqual({
      'app-first-repartition': 6,
      'app-second-repartition': 6,
      'app-c1-changelog': 6,
      'app-c2-changelog': 6,
    });
  });

  it('are enforced by repartition(), also for what comes after', () => {
    const plan = planOf((builder) => {
      builder.stream('in').repartition({ name: 'wide', partitions: 12 }).groupBy(byValue, { name: 'then' }).count({ as: 'c' });
    });
    expect(sizes(plan, { in: 2 })).toEqual({
      'app-wide-repartition': 12,
      'app-then-repartition': 12,
      'app-c-changelog': 12,
    });
  });

  it('follow the table a stream is joined with', () => {
    const plan = planOf((builder) => {
      builder.stream('in').selectKey(byValue).join(builder.table('t'), left, { name: 'j' }).to('out');
    });
    expect(sizes(plan, { in: 2, t: 5 })).toEqual({
      'app-j-repartition': 5,
      'app-t-STATE-STORE-0000000002-changelog': 5,
    });
    expect(sizes(plan, { in: 8, t: 5 })['app-j-repartition']).toBe(5);
  });

  it('are the largest of a group of repartition topics only, or the enforced one', () => {
    const joined = (partitions?: number) =>
      planOf((builder) => {
        const table = builder.stream('a').selectKey(byValue).toTable({ name: 'table' });
        const options = partitions === undefined ? { name: 'stream' } : { name: 'stream', partitions };
        builder.stream('b').repartition(options).join(table, left).to('out');
      });
    expect(sizes(joined(), { a: 3, b: 7 })).toMatchObject({ 'app-table-repartition': 7, 'app-stream-repartition': 7 });
    expect(sizes(joined(2), { a: 3, b: 7 })).toMatchObject({ 'app-table-repartition': 2, 'app-stream-repartition': 2 });
  });

  it('give the number of tasks', () => {
    const plan = planOf((builder) => {
      builder.stream('a').merge(builder.stream('b')).to('out');
    });
    const all = partitionCounts(plan, 'app', counts({ a: 2, b: 9, unrelated: 50 }));
    expect(plan.subTopologies.map((subTopology) => taskCount(subTopology, 'app', all))).toEqual([9]);
  });
});

describe('mismatches', () => {
  it('names the topics of a join and their counts', () => {
    const plan = planOf((builder) => {
      builder.stream('in').join(builder.table('t'), left).to('out');
    });
    expect(() => internalTopics(plan, 'app', counts({ in: 2, t: 3 }))).toThrow(
      expect.objectContaining({
        code: 'PARTITION_MISMATCH',
        message: expect.stringMatching(/"in" has 2, "t" has 3/),
        context: { in: 2, t: 3 },
      }),
    );
  });

  it('names an enforced count that does not fit', () => {
    const plan = planOf((builder) => {
      builder.stream('in').repartition({ name: 'r', partitions: 4 }).join(builder.table('t'), left).to('out');
    });
    expect(() => internalTopics(plan, 'app', counts({ in: 2, t: 3 }))).toThrow(/"app-r-repartition" has 4, "t" has 3/);
  });

  it('names all missing topics at once', () => {
    const plan = planOf((builder) => {
      builder.stream(['b', 'a']).join(builder.globalTable('g'), byValue, left).to('out');
    });
    expect(() => internalTopics(plan, 'app', counts({ a: 1 }))).toThrow(
      expect.objectContaining({ code: 'MISSING_TOPIC', message: expect.stringContaining('"b", "g" not found') }),
    );
  });

  it('refuses an existing internal topic with another count', () => {
    const topic = { name: 'app-c-changelog', kind: 'changelog', partitions: 3, config: {}, store: 'c' } as const;
    expect(() => checkInternalTopic(topic, 3)).not.toThrow();
    expect(() => checkInternalTopic(topic, 4)).toThrow(
      expect.objectContaining({
        code: 'INTERNAL_TOPIC_MISMATCH',
        message: expect.stringMatching(/"app-c-changelog" has 4 partitions, but this topology needs 3/),
      }),
    );
  });
});
