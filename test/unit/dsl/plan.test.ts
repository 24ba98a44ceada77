import { describe, expect, it } from 'vitest';
import { StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import { Serdes } from '../../../src/serde/index.ts';
import type { Plan, ProcessorNode } from '../../../src/topology/index.ts';
import { newBuilder, passOn, store } from './golden-topologies.ts';

const byValue = (_key: unknown, value: string): string => value;
const left = <T>(value: T): T => value;

function processor(plan: Plan, part: string): ProcessorNode {
  const found = plan.subTopologies.flatMap(({ processors }) => processors).find(({ name }) => name.includes(part));
  if (found === undefined) throw new Error(`no processor like ${part}`);
  return found;
}

const storeNames = (plan: Plan) => plan.subTopologies.flatMap(({ stores }) => stores.map(({ name }) => name));

describe('serdes', () => {
  const plan = (builder: StreamsBuilder<any, any>) => builder.build().plan();

  it('takes the explicit one, else the inherited one, else the default', () => {
    const builder = new StreamsBuilder({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.Json() });
    const stream = builder.stream('in', { keySerde: Serdes.Integer(), valueSerde: Serdes.Double() });
    stream.to('inherited');
    stream.mapValues(String).to('default');
    stream.mapValues(String).to('explicit', { valueSerde: Serdes.String() });
    const sinks = plan(builder).subTopologies.flatMap((subTopology) => subTopology.sinks);
    expect(sinks.map(({ keySerde, valueSerde }) => [keySerde.name, valueSerde.name])).toEqual([
      [Serdes.Integer().name, Serdes.Double().name],
      [Serdes.Integer().name, Serdes.Json().name],
      [Serdes.Integer().name, Serdes.String().name],
    ]);
  });

  it('inherits through groupByKey, also when the group is named', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', { keySerde: Serdes.String(), valueSerde: Serdes.Integer() });
    stream.groupByKey({ name: 'named' }).reduce((sum, value) => sum + value);
    const [reduced] = plan(builder).subTopologies[0]?.stores ?? [];
    expect([reduced?.keySerde.name, reduced?.valueSerde.name]).toEqual([Serdes.String().name, Serdes.Integer().name]);
  });

  it('counts in Java longs and gives windowed results a windowed key serde', () => {
    const builder = newBuilder();
    builder.stream('in').groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(60_000)).count().toStream().to('out');
    const [subTopology] = plan(builder).subTopologies;
    expect(subTopology?.stores[0]).toMatchObject({
      kind: 'timestampedWindow',
      windowSizeMs: 60_000,
      retentionMs: 60_000,
      caching: true,
    });
    expect(subTopology?.stores[0]?.valueSerde.name).toBe(Serdes.Long().name);
    expect(subTopology?.sinks[0]?.keySerde.name).toBe(Serdes.TimeWindowedSerde(Serdes.String(), 60_000).name);
    expect(subTopology?.sinks[0]?.valueSerde.name).toBe(Serdes.Long().name);
  });

  it('names the node and the option where there is none', () => {
    const sources = new StreamsBuilder();
    sources.stream('in').to('out');
    expect(() => plan(sources)).toThrow(/Source "KSTREAM-SOURCE-0000000000" \(topic "in"\) has no key serde.*keySerde.*defaultKeySerde/);

    const sinks = new StreamsBuilder();
    sinks.stream('in', { keySerde: Serdes.String(), valueSerde: Serdes.String() }).mapValues(String).to('out');
    expect(() => plan(sinks)).toThrow(/Sink "KSTREAM-SINK-0000000002" \(topic "out"\) has no value serde/);

    const stores = new StreamsBuilder();
    const stream = stores.stream('in', { keySerde: Serdes.String(), valueSerde: Serdes.String() });
    stream.groupByKey().aggregate(
      () => 0,
      (_key, _value, count) => count + 1,
      { as: 'totals' },
    );
    expect(() => plan(stores)).toThrow(
      expect.objectContaining({
        code: 'INVALID_TOPOLOGY',
        message: expect.stringContaining('Store "totals" has no value serde'),
      }),
    );
  });
});

describe('tables are stored only where somebody needs their rows', () => {
  it('a table that is only streamed is not', () => {
    const builder = newBuilder();
    builder.table('t').toStream().to('out');
    const plan = builder.build().plan();
    expect(storeNames(plan)).toEqual([]);
    expect(processor(plan, 'KTABLE-SOURCE').operator).toEqual({ type: 'tableSource', store: undefined });
  });

  it('a joined table is, and the join knows the steps of a view', () => {
    const builder = newBuilder();
    const long = (_key: string, value: string) => value.length > 3;
    const upper = (value: string) => value.toUpperCase();
    const view = builder.table('t').filter(long).mapValues(upper);
    builder.stream('in').join(view, left).to('out');
    const plan = builder.build().plan();
    expect(storeNames(plan)).toEqual(['t-STATE-STORE-0000000000']);
    expect(processor(plan, 'KSTREAM-JOIN')).toMatchObject({
      stores: ['t-STATE-STORE-0000000000'],
      operator: {
        store: 't-STATE-STORE-0000000000',
        view: [
          { type: 'filter', predicate: long, not: false },
          { type: 'mapValues', mapper: upper },
        ],
      },
    });
  });

  it('a lookup stops at the nearest stored view', () => {
    const builder = newBuilder();
    const view = builder.table('t').mapValues((value) => value.length, { as: 'lengths', valueSerde: Serdes.Integer() });
    builder
      .stream('in')
      .leftJoin(
        view.filter((_key, length) => length > 0),
        left,
      )
      .to('out');
    const plan = builder.build().plan();
    expect(storeNames(plan)).toEqual(['lengths']);
    expect(processor(plan, 'LEFTJOIN').operator).toMatchObject({ store: 'lengths', view: [{ type: 'filter' }] });
  });
});

describe('old values', () => {
  it('a filter on a stored table asks for them, so that rows that never passed are not deleted', () => {
    const builder = newBuilder();
    builder
      .table('t', { as: 'rows' })
      .filter(() => true)
      .toStream()
      .to('out');
    const plan = builder.build().plan();
    expect(processor(plan, 'KTABLE-SOURCE').sendOldValues).toBe(true);
    expect(processor(plan, 'KTABLE-FILTER').sendOldValues).toBe(true);
  });

  it('a filter on a table that is not stored does without', () => {
    const builder = newBuilder();
    builder
      .table('t')
      .filter(() => true)
      .toStream()
      .to('out');
    const plan = builder.build().plan();
    expect(processor(plan, 'KTABLE-SOURCE')).toMatchObject({ sendOldValues: false, stores: [] });
    expect(processor(plan, 'KTABLE-FILTER').sendOldValues).toBe(false);
  });

  it('an aggregate sends them through a view to a filter', () => {
    const builder = newBuilder();
    builder
      .stream('in')
      .groupByKey()
      .count()
      .mapValues(String)
      .filter(() => true)
      .toStream()
      .to('out');
    const plan = builder.build().plan();
    for (const part of ['KSTREAM-AGGREGATE', 'KTABLE-MAPVALUES', 'KTABLE-FILTER']) expect(processor(plan, part).sendOldValues).toBe(true);
  });
});

describe('repartition', () => {
  it('happens only where the key may have changed', () => {
    const builder = newBuilder();
    const stream = builder.stream('in');
    stream
      .mapValues((value) => value)
      .filter(() => true)
      .groupByKey()
      .count({ as: 'same-key' });
    stream
      .flatMapValues((value) => [value])
      .peek(() => {})
      .groupByKey()
      .count({ as: 'same-key-too' });
    stream
      .map((key, value) => [key, value])
      .mapValues((value) => value)
      .groupByKey()
      .count({ as: 'mapped' });
    stream
      .merge(stream.flatMap((key, value) => [[key, value] as const]))
      .groupByKey()
      .count({ as: 'merged' });
    stream.process(passOn).toTable({ as: 'processed' });
    stream
      .processValues(() => ({ process: () => {} }))
      .groupByKey()
      .count({ as: 'values-processed' });
    const { repartitionTopics } = builder.build().plan();
    expect(repartitionTopics.map(({ name }) => name)).toEqual([
      'mapped-repartition',
      'merged-repartition',
      'KSTREAM-TOTABLE-0000000020-repartition',
    ]);
  });

  it('drops null keys, unless a left join lies downstream', () => {
    const builder = newBuilder();
    const [one, other] = [builder.table('t'), builder.table('u')];
    const stream = builder.stream('in').selectKey(byValue);
    stream.join(one, left, { name: 'inner' }).to('o1');
    stream.leftJoin(other, left, { name: 'left' }).to('o2');
    const plan = builder.build().plan();
    const inner = processor(plan, 'inner-repartition-filter').operator;
    expect(inner).toMatchObject({ type: 'filter', not: false });
    if (inner.type !== 'filter') throw new Error('not a filter');
    expect([inner.predicate(null, 'v'), inner.predicate('k', null)]).toEqual([false, true]);
    expect(processor(plan, 'left-repartition-filter').operator).toEqual({ type: 'passThrough' });
  });

  it('keeps its partition count and partitioner', () => {
    const builder = newBuilder();
    const partitioner = () => 0;
    builder.stream('in').repartition({ name: 'wide', partitions: 12, partitioner }).to('out');
    const plan = builder.build().plan();
    expect(plan.repartitionTopics).toEqual([{ name: 'wide-repartition', partitions: 12 }]);
    expect(plan.subTopologies[0]?.sinks[0]?.partitioner).toBe(partitioner);
    const invalid = newBuilder();
    invalid.stream('in').repartition({ name: 'none', partitions: 0 });
    expect(() => invalid.build()).toThrow(/"none-repartition" cannot have 0 partitions/);
  });
});

describe('joins', () => {
  it('puts the topics of both sides into one co-partition group', () => {
    const builder = newBuilder();
    const table = builder.table('t');
    builder.stream('in').join(table, left).to('o1');
    builder.stream('other').selectKey(byValue).join(table, left, { name: 'by-value' }).to('o2');
    const groups = builder
      .build()
      .plan()
      .subTopologies.flatMap(({ copartitionGroups }) => copartitionGroups.map((group) => group.map(({ name }) => name).sort()));
    expect(groups).toEqual([
      ['in', 't'],
      ['by-value-repartition', 't'],
    ]);
  });

  it('finds the group also when one side was merged into an earlier source', () => {
    const builder = newBuilder();
    const table = builder.table('t');
    builder
      .stream('in')
      .filter(() => true)
      .to('o1');
    builder.stream('in').join(table, left).to('o2');
    const groups = builder
      .build()
      .plan()
      .subTopologies.flatMap(({ copartitionGroups }) => copartitionGroups);
    expect(groups.map((group) => group.map(({ name }) => name).sort())).toEqual([['in', 't']]);
  });

  it('needs no co-partitioning and no connection for a global table', () => {
    const builder = newBuilder();
    const regions = builder.globalTable('regions', { as: 'regions' });
    builder.stream('in').selectKey(byValue).join(regions, byValue, left).to('out');
    const plan = builder.build().plan();
    expect(plan.repartitionTopics).toEqual([]);
    expect(plan.subTopologies.flatMap(({ copartitionGroups }) => copartitionGroups)).toEqual([]);
    expect(plan.globalStores).toHaveLength(1);
    expect(plan.globalStores[0]).toMatchObject({
      id: 0,
      store: { name: 'regions', sourceTopic: 'regions', logging: { enabled: false }, caching: false },
    });
    expect(processor(plan, 'LEFTJOIN')).toMatchObject({
      stores: ['regions'],
      operator: { type: 'streamGlobalTableJoin', left: false, store: 'regions' },
    });
  });
});

describe('sources', () => {
  it('refuses two streams with overlapping but unequal topics', () => {
    const builder = newBuilder();
    builder.stream(['a', 'b']).to('o1');
    builder.stream('b').to('o2');
    expect(() => builder.build()).toThrow(/Topic "b" is read by two streams with different topics/);
  });

  it('refuses one topic as stream and table', () => {
    const builder = newBuilder();
    builder.stream('a').to('o1');
    builder.table('a').toStream().to('o2');
    expect(() => builder.build()).toThrow(/Topic "a" of source .* is already read by/);
  });

  it('refuses two reset policies for one topic', () => {
    const builder = newBuilder();
    builder.stream('a', { offsetReset: 'earliest' }).to('o1');
    builder.stream('a', { offsetReset: 'latest' }).to('o2');
    expect(() => builder.build()).toThrow(/different offsetReset/);
  });

  it('gives sources the default timestamp extractor, but not repartition topics', () => {
    const defaultTimestampExtractor = () => 0;
    const own = () => 1;
    const builder = new StreamsBuilder({
      defaultKeySerde: Serdes.String(),
      defaultValueSerde: Serdes.String(),
      defaultTimestampExtractor,
    });
    builder.stream('a').repartition().to('o1');
    builder.stream('b', { timestampExtractor: own }).to('o2');
    const sources = builder
      .build()
      .plan()
      .subTopologies.flatMap((subTopology) => subTopology.sources);
    expect(sources.map(({ topics, timestampExtractor }) => [topics[0]?.internal, timestampExtractor])).toEqual([
      [false, defaultTimestampExtractor],
      [true, undefined],
      [false, own],
    ]);
  });
});

describe('hash', () => {
  const windowed = (sizeMs: number, graceMs = 0) => {
    const builder = newBuilder();
    builder.stream('in').groupByKey().windowedBy(TimeWindows.ofSizeAndGrace(sizeMs, graceMs)).count();
    return builder.build().plan().hash;
  };

  it('changes with the window size and grace, and with a serde', () => {
    expect(windowed(1000)).toBe(windowed(1000));
    expect(windowed(2000)).not.toBe(windowed(1000));
    expect(windowed(1000, 5)).not.toBe(windowed(1000));
    const withSerde = (serde: ReturnType<typeof Serdes.Json>) => {
      const builder = new StreamsBuilder({ defaultKeySerde: Serdes.String(), defaultValueSerde: serde });
      builder.stream('in').to('out');
      return builder.build().plan().hash;
    };
    expect(withSerde(Serdes.Json())).not.toBe(withSerde(Serdes.Msgpack()));
  });

  it('does not change with the code of a function', () => {
    const filtered = (predicate: () => boolean) => {
      const builder = newBuilder();
      builder.stream('in').filter(predicate).to('out');
      return builder.build().plan().hash;
    };
    expect(filtered(() => true)).toBe(filtered(() => false));
  });
});

describe('build', () => {
  it('can be called again after more was added', () => {
    const builder = newBuilder();
    const stream = builder.stream('in');
    stream.to('o1');
    const first = builder.build();
    const hash = first.plan().hash;
    stream.filter(() => true).to('o2');
    const second = builder.build();
    expect(second).toBe(first);
    expect(second.plan().hash).not.toBe(hash);
    expect(second.plan().subTopologies[0]?.sinks).toHaveLength(2);
  });

  it('refuses an empty topology and a store nobody uses', () => {
    expect(() => newBuilder().build().plan()).toThrow(/The topology is empty/);
    const builder = newBuilder();
    builder.addStateStore(store('idle')).stream('in').to('out');
    expect(() => builder.build().plan()).toThrow(/Store "idle" is not connected/);
  });

  it('connects stores that a supplier carries or the options give', () => {
    const builder = newBuilder();
    const supplier = Object.assign(() => passOn(), { stores: [store('carried')] });
    builder
      .stream('in')
      .process(supplier, { stores: [store('given')] })
      .to('out');
    expect(storeNames(builder.build().plan())).toEqual(['carried', 'given']);
  });

  it('takes a long chain of diamonds, where paths grow exponentially', () => {
    const builder = newBuilder();
    let stream = builder.stream('in');
    for (let round = 0; round < 60; round++) stream = stream.filter(() => true).merge(stream.filterNot(() => true));
    stream.to('out');
    const topology = builder.build();
    expect(topology.plan().subTopologies[0]?.processors).toHaveLength(180);
    expect(topology.describe().subTopologies[0]?.nodes[0]).toMatchObject({ kind: 'source', topics: ['in'] });
  });

  it('refuses streams and tables of two builders', () => {
    const [stream, other] = [newBuilder().stream('in'), newBuilder()];
    const message = /was given one of another StreamsBuilder/;
    expect(() => stream.join(other.table('t'), left)).toThrow(message);
    expect(() => stream.leftJoin(other.globalTable('g'), byValue, left)).toThrow(message);
    expect(() => stream.merge(other.stream('x'))).toThrow(message);
  });

  it('refuses illegal topic names where they are given', () => {
    expect(() => newBuilder().stream(['in', 'not legal'])).toThrow(/topic name "not legal"/);
    expect(() => newBuilder().table('a b')).toThrow(/topic name "a b"/);
    expect(() => newBuilder().globalTable('')).toThrow(/topic name ""/);
    expect(() => newBuilder().stream('in').to('a:b')).toThrow(/topic name "a:b"/);
  });

  it('refuses an operation without its function', () => {
    const builder = newBuilder();
    builder.stream('in').mapValues(undefined as unknown as () => string);
    expect(() => builder.build()).toThrow(/The mapper of "KSTREAM-MAPVALUES-0000000001" is of type undefined: pass a function/);
  });

  it('refuses a branch after the default one', () => {
    const split = newBuilder().stream('in').split({ name: 'p-' });
    split.branch(() => true).defaultBranch();
    expect(() => split.branch(() => true)).toThrow(/"p-" has its default branch already/);
  });
});

describe('TimeWindows', () => {
  it('checks size, advance and grace', () => {
    expect(() => TimeWindows.ofSizeWithNoGrace(0)).toThrow(/size of a window cannot be 0 ms/);
    expect(() => TimeWindows.ofSizeAndGrace(10, -1)).toThrow(/grace of a window cannot be -1 ms/);
    expect(() => TimeWindows.ofSizeWithNoGrace(10).advanceBy(11)).toThrow(/cannot advance by 11 ms/);
    expect(() => TimeWindows.ofSizeWithNoGrace(10).advanceBy(0)).toThrow(/advance of a window cannot be 0 ms/);
    expect(TimeWindows.ofSizeAndGrace(10, 5).advanceBy(2)).toMatchObject({ sizeMs: 10, advanceMs: 2, graceMs: 5 });
  });

  it('refuses a retention that would lose open windows', () => {
    const windowed = newBuilder().stream('in').groupByKey().windowedBy(TimeWindows.ofSizeAndGrace(10, 5));
    expect(() => windowed.count({ as: 'short', retentionMs: 14 })).toThrow(/Store "short" has a retentionMs of 14/);
    expect(() => windowed.count({ as: 'enough', retentionMs: 15 })).not.toThrow();
  });
});
