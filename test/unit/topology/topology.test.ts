import { describe, expect, it } from 'vitest';
import { Serdes } from '../../../src/serde/index.ts';
import { type ProcessorSupplier, Stores, Topology } from '../../../src/topology/index.ts';

const options = { defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() };
const supplier: ProcessorSupplier = () => ({ process: () => {} });
const store = (name: string, logging = true) =>
  Stores.keyValue(name, { ...{ keySerde: Serdes.String(), valueSerde: Serdes.String() }, logging });
const base = () =>
  new Topology(options).addSource('source', 'in').addProcessor('processor', supplier, 'source').addSink('sink', 'out', 'processor');
const global = (topic = 'global-topic') => ({ sourceName: 'global-source', topic, processorName: 'global-processor' });

describe('what a Topology refuses', () => {
  const cases: [string, (topology: Topology) => unknown, RegExp][] = [
    ['a name used twice', (t) => t.addSource('source', 'other'), /A node named "source" has already been added: node names must be unique/],
    ['a parent that does not exist', (t) => t.addProcessor('p', supplier, 'nobody'), /The parent "nobody" of "p" has not been added yet/],
    ['a processor without parents', (t) => t.addProcessor('p', supplier), /"p" must have at least one parent/],
    ['a sink without parents', (t) => t.addSink('s', 'topic', []), /"s" must have at least one parent/],
    ['a sink as parent', (t) => t.addProcessor('p', supplier, 'sink'), /The sink "sink" cannot be the parent of "p"/],
    ['a node as its own parent', (t) => t.addProcessor('p', supplier, 'p'), /"p" cannot be its own parent/],
    ['a source without topics', (t) => t.addSource('s', []), /Source "s" has no topics/],
    ['a topic read twice', (t) => t.addSource('s', 'in'), /Topic "in" of source "s" is already read by source "source"/],
    ['a topic listed twice', (t) => t.addSource('s', ['x', 'x']), /Topic "x" of source "s" is already read by source "s"/],
    ['an illegal node name', (t) => t.addSource('a b', 'x'), /node name "a b" contains an illegal character/],
    ['an illegal topic name', (t) => t.addSource('s', 'a/b'), /topic name "a\/b" contains an illegal character/],
    ['an illegal sink topic', (t) => t.addSink('s', '', 'source'), /topic name "" is empty/],
    [
      'two stores of one name',
      (t) => t.addStateStore(store('s'), 'processor').addStateStore(store('s')),
      /A different store named "s" has already been added/,
    ],
    [
      'a store that was not added',
      (t) => t.connectProcessorAndStateStores('processor', 'nowhere'),
      /uses store "nowhere", which has not been added/,
    ],
    [
      'a processor that was not added',
      (t) => t.addStateStore(store('s'), 'nobody'),
      /"s" cannot be connected to "nobody": no such processor/,
    ],
    ['a store on a sink', (t) => t.addStateStore(store('s'), 'sink'), /"s" cannot be connected to the sink "sink"/],
    ['no store to connect', (t) => t.connectProcessorAndStateStores('processor'), /No store to connect to "processor"/],
    ['a logged global store', (t) => t.addGlobalStore(store('g'), global(), supplier), /Global store "g" must have logging disabled/],
    [
      'a connected global store',
      (t) => t.addGlobalStore(store('g', false), global(), supplier).connectProcessorAndStateStores('processor', 'g'),
      /"g" is a global store/,
    ],
    [
      'a global topic read elsewhere',
      (t) => t.addGlobalStore(store('g', false), global('in'), supplier),
      /Topic "in" of source "global-source" is already read/,
    ],
    [
      'a global store with the name of another',
      (t) => t.addStateStore(store('g'), 'processor').addGlobalStore(store('g', false), global(), supplier),
      /A different store named "g"/,
    ],
    [
      'a class in place of a supplier',
      (t) =>
        t.addProcessor(
          'p',
          class {
            process() {}
          } as unknown as ProcessorSupplier,
          'source',
        ),
      /The supplier of processor "p" threw .*new YourProcessor/,
    ],
    [
      'no supplier',
      (t) => t.addProcessor('p', undefined as unknown as ProcessorSupplier, 'source'),
      /The supplier of processor "p" is not a function/,
    ],
    [
      'a supplier that returns one object',
      (t) =>
        t.addProcessor(
          'p',
          (() => {
            const one = { process: () => {} };
            return () => one;
          })(),
          'source',
        ),
      /returned the same object twice/,
    ],
  ];

  it.each(cases)('%s', (_what, build, message) => {
    expect(() => build(base())).toThrow(
      expect.objectContaining({ code: 'INVALID_TOPOLOGY', message: expect.stringMatching(message), fatal: true }),
    );
  });

  it('leaves no trace of a refused node', () => {
    const topology = base();
    const before = topology.plan().hash;
    expect(() => topology.addProcessor('p', supplier, 'nobody')).toThrow();
    expect(topology.plan().hash).toBe(before);
  });

  it('checks when planning what no single step can', () => {
    expect(() => new Topology().plan()).toThrow(/The topology is empty/);
    expect(() => base().addStateStore(store('idle')).plan()).toThrow(/Store "idle" is not connected to any processor/);
    const attached = base().addGlobalStore(store('g', false), global(), supplier).addSink('extra', 'x', 'global-source');
    expect(() => attached.plan()).toThrow(/"extra" is attached to global store "g"/);
    expect(() => new Topology().addSource('s', 'in').plan()).toThrow(/Source "s" \(topic "in"\) has no key serde/);
  });
});

describe('plan', () => {
  it('is made once until the topology changes', () => {
    const topology = base();
    const plan = topology.plan();
    expect(topology.plan()).toBe(plan);
    topology.addSink('another', 'out2', 'processor');
    expect(topology.plan()).not.toBe(plan);
    expect(topology.plan().hash).not.toBe(plan.hash);
  });

  it('numbers connected nodes in the order of their first one, global stores included', () => {
    const topology = base()
      .addGlobalStore(store('g', false), global(), supplier)
      .addSource('source2', 'in2')
      .addProcessor('processor2', supplier, 'source2');
    const plan = topology.plan();
    expect(plan.subTopologies.map(({ id }) => id)).toEqual([0, 2]);
    expect(plan.globalStores.map(({ id, source }) => [id, source.name])).toEqual([[1, 'global-source']]);
  });

  it('puts processors that share a store into one sub-topology', () => {
    const topology = base()
      .addSource('source2', 'in2')
      .addProcessor('processor2', supplier, 'source2')
      .addStateStore(store('shared'), 'processor', 'processor2');
    const plan = topology.plan();
    expect(plan.subTopologies).toHaveLength(1);
    expect(plan.subTopologies[0]?.stores.map(({ name }) => name)).toEqual(['shared']);
    expect(plan.subTopologies[0]?.processors.map(({ stores }) => stores)).toEqual([['shared'], ['shared']]);
  });

  it("lets every processor of one's own read global stores", () => {
    const plan = base().addGlobalStore(store('g', false), global(), supplier).plan();
    expect(plan.subTopologies[0]?.processors[0]?.stores).toEqual(['g']);
  });

  it('lets the processor of a global store use that store only', () => {
    const second = { sourceName: 's2', topic: 't2', processorName: 'p2' };
    const topology = base().addGlobalStore(store('g1', false), global(), supplier).addGlobalStore(store('g2', false), second, supplier);
    expect(topology.plan().globalStores.map(({ processor }) => processor.stores)).toEqual([['g1'], ['g2']]);
  });

  it('gives children in the order in which they were added', () => {
    const plan = base().addProcessor('second', supplier, 'source').addSink('third', 'x', 'source').plan();
    expect(plan.subTopologies[0]?.sources[0]?.children).toEqual(['processor', 'second', 'third']);
  });

  it('feeds a read-only store from its topic, without a changelog', () => {
    const topology = new Topology(options).addReadOnlyStateStore(
      store('ro'),
      { sourceName: 's', topic: 'in', processorName: 'p' },
      supplier,
    );
    expect(topology.plan().subTopologies[0]?.stores[0]).toMatchObject({
      name: 'ro',
      logging: { enabled: false },
      sourceTopic: 'in',
    });
  });
});

describe('describe', () => {
  it('is data as well as text', () => {
    const topology = base()
      .addStateStore(store('s'), 'processor')
      .addSink(
        'dynamic',
        function byLength(key: string | null) {
          return `out-${key?.length}`;
        },
        'processor',
      );
    expect(topology.describe().subTopologies).toEqual([
      {
        id: 0,
        nodes: [
          { kind: 'source', name: 'source', topics: ['in'], successors: ['processor'] },
          {
            kind: 'processor',
            name: 'processor',
            stores: ['s'],
            successors: ['dynamic', 'sink'],
            predecessors: ['source'],
          },
          { kind: 'sink', name: 'dynamic', topic: undefined, topicExtractor: 'byLength', predecessors: ['processor'] },
          { kind: 'sink', name: 'sink', topic: 'out', topicExtractor: undefined, predecessors: ['processor'] },
        ],
      },
    ]);
    expect(String(topology.describe())).toContain('    Sink: dynamic (extractor class: byLength)\n      <-- processor\n');
  });

  it('describes a topology that is not complete yet', () => {
    expect(String(new Topology().describe())).toBe('Topologies:\n ');
    expect(String(new Topology().addSource('s', 'in').describe())).toContain('Source: s (topics: [in])\n      --> none');
  });
});

describe('Stores', () => {
  it('have no cache and a changelog unless told otherwise', () => {
    const serdes = { keySerde: Serdes.String(), valueSerde: Serdes.Long() };
    expect(Stores.keyValue('a', serdes)).toMatchObject({
      kind: 'keyValue',
      caching: false,
      logging: { enabled: true, config: {} },
    });
    expect(Stores.timestampedKeyValue('b', { ...serdes, caching: true, logging: false })).toMatchObject({
      kind: 'timestampedKeyValue',
      caching: true,
      logging: { enabled: false },
    });
    const config = { 'min.insync.replicas': '2' };
    expect(Stores.window('c', { ...serdes, windowSizeMs: 10, retentionMs: 20, logging: { config } })).toMatchObject({
      kind: 'window',
      windowSizeMs: 10,
      retentionMs: 20,
      retainDuplicates: false,
      logging: { enabled: true, config },
    });
  });

  it('refuse illegal names, sizes and retentions', () => {
    const serdes = { keySerde: Serdes.String(), valueSerde: Serdes.Long() };
    expect(() => Stores.keyValue('a/b', serdes)).toThrow(/store name "a\/b"/);
    expect(() => Stores.window('w', { ...serdes, windowSizeMs: 0, retentionMs: 1 })).toThrow(/windowSizeMs of 0/);
    expect(() => Stores.timestampedWindow('w', { ...serdes, windowSizeMs: 10, retentionMs: 9 })).toThrow(
      /retentionMs of 9, less than its windowSizeMs \(10\)/,
    );
  });
});
