import { describe, expect, it } from 'vitest';
import { Serdes } from '../../../src/serde/index.ts';
import type { Topology } from '../../../src/topology/index.ts';
import { newBuilder } from './golden-topologies.ts';

function names(topology: Topology): string[] {
  return topology
    .plan()
    .subTopologies.flatMap(({ sources, processors, sinks }) => [...sources, ...processors, ...sinks].map(({ name }) => name));
}

function stores(topology: Topology): string[] {
  return topology.plan().subTopologies.flatMap((subTopology) => subTopology.stores.map(({ name }) => name));
}

describe('generated names', () => {
  it('draws a store name before its processor name, and three names around a repartition', () => {
    const builder = newBuilder();
    builder
      .stream('in')
      .selectKey((_key, value) => value)
      .groupByKey()
      .count()
      .toStream()
      .to('out');
    const topology = builder.build();
    expect(names(topology).sort()).toEqual([
      'KSTREAM-AGGREGATE-0000000003',
      'KSTREAM-FILTER-0000000005',
      'KSTREAM-KEY-SELECT-0000000001',
      'KSTREAM-SINK-0000000004',
      'KSTREAM-SINK-0000000008',
      'KSTREAM-SOURCE-0000000000',
      'KSTREAM-SOURCE-0000000006',
      'KTABLE-TOSTREAM-0000000007',
    ]);
    expect(stores(topology)).toEqual(['KSTREAM-AGGREGATE-STATE-STORE-0000000002']);
  });

  it('burns an index for a named processor, none for a named store', () => {
    const builder = newBuilder();
    builder
      .stream('in', { name: 'source' })
      .filter(() => true, { name: 'keep' })
      .groupByKey()
      .count({ as: 'counts' })
      .toStream()
      .to('out');
    expect(names(builder.build())).toEqual([
      'source',
      'keep',
      'KSTREAM-AGGREGATE-0000000002',
      'KTABLE-TOSTREAM-0000000003',
      'KSTREAM-SINK-0000000004',
    ]);
  });

  it('burns one store index more for a count that says how to store but gives no name', () => {
    const plain = newBuilder();
    plain.stream('in').groupByKey().count();
    const withSerde = newBuilder();
    withSerde.stream('in').groupByKey().count({ keySerde: Serdes.String() });
    expect(stores(plain.build())).toEqual(['KSTREAM-AGGREGATE-STATE-STORE-0000000001']);
    expect(stores(withSerde.build())).toEqual(['KSTREAM-AGGREGATE-STATE-STORE-0000000002']);
  });

  it('burns no index for a named process, unlike every other operation', () => {
    const builder = newBuilder();
    builder
      .stream('in')
      .process(() => ({ process: () => {} }), { name: 'mine' })
      .to('out');
    expect(names(builder.build())).toEqual(['KSTREAM-SOURCE-0000000000', 'mine', 'KSTREAM-SINK-0000000001']);
  });

  it('names a repartition topic after the group, else the store', () => {
    const builder = newBuilder();
    const byValue = (_key: string, value: string) => value;
    builder.stream('a').groupBy(byValue, { name: 'mine' }).count();
    builder.stream('b').groupBy(byValue).count({ as: 'counts' });
    const { repartitionTopics } = builder.build().plan();
    expect(repartitionTopics.map(({ name }) => name)).toEqual(['mine-repartition', 'counts-repartition']);
  });
});

describe("names of one's own", () => {
  it.each([['with space'], [''], ['..'], ['x'.repeat(250)], ['ümlaut']])('refuses %j', (name) => {
    expect(() => newBuilder().stream('in', { name })).toThrow(expect.objectContaining({ code: 'INVALID_TOPOLOGY' }));
  });

  it('refuses a name used twice, at build time', () => {
    const builder = newBuilder();
    builder
      .stream('in')
      .filter(() => true, { name: 'twice' })
      .filter(() => true, { name: 'twice' });
    expect(() => builder.build()).toThrow(/"twice" has already been added/);
  });

  it('refuses two groups of one name whose repartitions differ', () => {
    const builder = newBuilder();
    const byValue = (_key: string, value: string) => value;
    builder.stream('a').selectKey(byValue).groupByKey({ name: 'same' }).count();
    builder.stream('b').selectKey(byValue).groupByKey({ name: 'same' }).count();
    expect(() => builder.build()).toThrow(/"same-repartition-filter" has already been added/);
  });
});
