import type { FixedKeyProcessorContext, FixedKeyProcessorSupplier } from '../../../src/dsl/index.ts';
import { JoinWindows, type KStream, StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import { Serdes } from '../../../src/serde/index.ts';
import { type ProcessorContext, type ProcessorSupplier, Stores, Topology } from '../../../src/topology/index.ts';

/**
 * Topologies whose description Apache Kafka Streams 4.1 prints as in `golden/<name>.txt`. The same programs were written in
 * Java and run there; see `golden/README.md`.
 */

type Builder = StreamsBuilder<string, string>;

export function newBuilder(): Builder {
  return new StreamsBuilder({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() });
}

export const passOn: ProcessorSupplier<string, string, string, string> = () => {
  let context: ProcessorContext<string, string>;
  return {
    init: (given) => {
      context = given;
    },
    process: (record) => context.forward(record),
  };
};

const passValue: FixedKeyProcessorSupplier<string, string, string> = () => {
  let context: FixedKeyProcessorContext<string, string>;
  return {
    init: (given) => {
      context = given;
    },
    process: (record) => context.forward(record.withValue(record.value)),
  };
};

const keep: ProcessorSupplier<string, string, never, never> = () => ({ process: () => {} });

export function store(name: string, logging = true) {
  return Stores.keyValue(name, { keySerde: Serdes.String(), valueSerde: Serdes.String(), logging });
}

const yes = () => true;
const value = <T>(each: T): T => each;
const byValue = (_key: unknown, each: string): string => each;
const left = <T>(each: T): T => each;
const first = (one: string | null): string => one ?? 'none';
const near = JoinWindows.ofTimeDifferenceWithNoGrace(60_000);
const last = <T>(_aggregate: T, each: T): T => each;
const oneMinute = TimeWindows.ofSizeWithNoGrace(60_000);

const dsl: Record<string, (builder: Builder) => void> = {
  'select-key-count': (b) => b.stream('in').selectKey(byValue).groupByKey().count().toStream().to('out'),
  'word-count': (b) =>
    b
      .stream('lines')
      .flatMapValues((line) => line.split(' '))
      .groupBy(byValue)
      .count({ as: 'counts' })
      .toStream()
      .to('counts-out'),
  stateless: (b) => {
    const stream = b
      .stream('in')
      .filter(yes)
      .filterNot(yes)
      .map((key, each) => [key, each])
      .mapValues(value)
      .flatMap((key, each) => [[key, each] as const])
      .flatMapValues((each) => [each])
      .selectKey((key) => key)
      .peek(() => {});
    stream.foreach(() => {});
    stream.print();
    stream.to('out');
  },
  'named-operators': (b) => {
    const stream = b.stream('in', { name: 'source' }).filter(yes, { name: 'keep' }).mapValues(value);
    stream.selectKey((key) => key, { name: 'rekey' }).to('out', { name: 'sink' });
    stream.peek(() => {});
  },
  'grouped-name': (b) => b.stream('in').groupBy(byValue, { name: 'by-value' }).count({ name: 'counter', as: 'store' }).toStream().to('out'),
  'shared-grouped': (b) => {
    const grouped = b.stream('in').selectKey(byValue).groupByKey({ name: 'shared' });
    grouped.count().toStream().to('counts');
    grouped.reduce(last).toStream().to('last');
  },
  'unshared-grouped': (b) => {
    const grouped = b.stream('in').selectKey(byValue).groupByKey();
    grouped.count().toStream().to('counts');
    grouped.reduce(last).toStream().to('last');
  },
  'count-materialized-unnamed': (b) => b.stream('in').groupByKey().count({ keySerde: Serdes.String() }).toStream().to('out'),
  'aggregate-unnamed': (b) =>
    b
      .stream('in')
      .groupByKey()
      .aggregate(
        () => '',
        (_key, _value, aggregate) => aggregate,
        { valueSerde: Serdes.String() },
      )
      .toStream()
      .to('out'),
  'windowed-count': (b) => b.stream('in').groupByKey().windowedBy(oneMinute).count().toStream().to('out'),
  'windowed-materialized-rekeyed': (b) =>
    b
      .stream('in')
      .map((key, each) => [each, key])
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeAndGrace(60_000, 5_000).advanceBy(10_000))
      .count({ retentionMs: 3_600_000 })
      .toStream((windowed) => windowed.key)
      .to('out'),
  'windowed-reduce-aggregate': (b) => {
    const windowed = b.stream('in').groupBy(byValue).windowedBy(oneMinute);
    windowed.reduce(last).toStream().to('r');
    windowed
      .aggregate(
        () => '',
        (_key, _value, aggregate) => aggregate,
        { name: 'agg', as: 'agg-store' },
      )
      .toStream()
      .to('a');
  },
  'table-unmaterialized': (b) => b.table('t').toStream().to('out'),
  'table-named': (b) => b.table('t', { name: 'users', as: 'users-store' }).filter(yes).mapValues(value).toStream().to('out'),
  'table-views': (b) =>
    b
      .table('t')
      .filter(yes, { keySerde: Serdes.String(), valueSerde: Serdes.String() })
      .mapValues((each) => each.length, { as: 'lengths', valueSerde: Serdes.Integer() })
      .filterNot((_key, length) => length === 0, { name: 'nonzero', as: 'nonzero-store' })
      .toStream()
      .to('out'),
  'stream-table-join': (b) => {
    const table = b.table('t');
    b.stream('in').join(table, left).to('out');
  },
  'stream-table-join-rekeyed': (b) => {
    const table = b.table('t');
    b.stream('in').selectKey(byValue).join(table, left).to('out');
  },
  'stream-table-left-join-named': (b) => {
    const table = b.table('t', { as: 't-store' });
    b.stream('in')
      .map((_key, each) => [each, each])
      .leftJoin(table, left, { name: 'enrich' })
      .to('out');
  },
  'two-joins-one-repartition': (b) => {
    const [one, other] = [b.table('t'), b.table('u')];
    const stream = b.stream('in').selectKey(byValue);
    stream.join(one, left).to('o1');
    stream.leftJoin(other, left).to('o2');
  },
  'stream-stream-join': (b) => b.stream('l').join(b.stream('r'), left, near).to('out'),
  'stream-stream-left-join': (b) => b.stream('l').leftJoin(b.stream('r'), left, near).to('out'),
  'stream-stream-outer-join': (b) => b.stream('l').outerJoin(b.stream('r'), left, near).to('out'),
  'stream-stream-join-named': (b) => b.stream('l').join(b.stream('r'), left, near, { name: 'pairs', storeName: 'kept' }).to('out'),
  'stream-stream-left-join-named': (b) => b.stream('l').leftJoin(b.stream('r'), left, near, { name: 'pairs', storeName: 'kept' }).to('out'),
  'stream-stream-outer-join-named': (b) =>
    b.stream('l').outerJoin(b.stream('r'), left, near, { name: 'pairs', storeName: 'kept' }).to('out'),
  'stream-stream-join-named-nodes': (b) => b.stream('l').outerJoin(b.stream('r'), left, near, { name: 'pairs' }).to('out'),
  'stream-stream-join-named-store': (b) => b.stream('l').leftJoin(b.stream('r'), left, near, { storeName: 'kept' }).to('out'),
  'stream-stream-join-rekeyed': (b) =>
    b.stream('l').selectKey(byValue).outerJoin(b.stream('r').selectKey(byValue), first, near).groupByKey().count().toStream().to('out'),
  'stream-stream-join-rekeyed-named': (b) =>
    b.stream('l').selectKey(byValue).join(b.stream('r').selectKey(byValue), left, near, { name: 'pairs', storeName: 'kept' }).to('out'),
  'stream-stream-joins-one-repartition': (b) => {
    const [rekeyed, other, table] = [b.stream('l').selectKey(byValue), b.stream('r'), b.table('t')];
    rekeyed.join(other, left, near).to('o1');
    other.leftJoin(rekeyed, left, near).to('o2');
    rekeyed.join(table, left).to('o3');
  },
  'stream-stream-self-join': (b) => {
    const stream = b.stream('in');
    stream.join(stream, left, near).to('out');
  },
  'stream-stream-join-chain': (b) => {
    const [one, other] = [b.stream('a'), b.stream('b')];
    one.leftJoin(other, left, near).outerJoin(b.stream('c'), first, near).selectKey(byValue).join(other, left, near).to('out');
  },
  'join-with-view': (b) => {
    const table = b.table('t').filter(yes).mapValues(value);
    b.stream('in').join(table, left).to('out');
  },
  'join-with-aggregate': (b) => {
    const counts = b.stream('clicks').groupByKey().count();
    b.stream('in').join(counts, left).to('out');
  },
  'join-with-aggregate-view': (b) => {
    const counts = b
      .stream('clicks')
      .groupByKey()
      .count()
      .filter((_key, count) => count > 1);
    b.stream('in').leftJoin(counts, left).to('out');
  },
  'global-table-join': (b) => {
    const regions = b.globalTable('regions');
    b.stream('in').join(regions, byValue, left).to('o1');
    b.stream('other').leftJoin(regions, byValue, left).to('o2');
  },
  'global-table-named': (b) => {
    b.stream('first').to('out');
    const regions = b.globalTable('regions', { name: 'reg', as: 'regions-store' });
    const joined = b.stream('in').selectKey(byValue).join(regions, byValue, left, { name: 'with-region' });
    joined.groupByKey().count().toStream().to('o1');
  },
  'global-store': (b) => {
    b.addGlobalStore(store('gs', false), 'gtopic', {}, keep);
    b.stream('in').process(passOn).to('out');
  },
  merge: (b) => {
    const [one, other] = [b.stream('a'), b.stream('b').selectKey(byValue)];
    one.merge(other).groupByKey().count().toStream().to('out');
  },
  diamond: (b) => {
    const stream = b.stream('a');
    stream.filter(yes).merge(stream.mapValues(value)).merge(stream.filterNot(yes)).to('out');
  },
  split: (b) => {
    const branches = b.stream('in').split().branch(yes).branch(yes).defaultBranch();
    for (const name of Object.keys(branches).sort()) branches[name]?.to(`out-${name.at(-1)}`);
  },
  'split-named': (b) => {
    const branches = b
      .stream('in')
      .split({ name: 'kind-' })
      .branch(yes, { name: 'a' })
      .branch(yes, { withConsumer: (branch) => branch.mapValues(value).to('consumed') })
      .branch(yes, { withFunction: (branch) => branch.filter(yes), name: 'f' })
      .noDefaultBranch();
    branches['kind-a'].to('out-a');
    branches['kind-f'].to('out-f');
  },
  repartition: (b) => {
    const stream = b.stream('in').repartition().mapValues(value);
    stream.repartition({ name: 'again', partitions: 5 }).groupByKey().count().toStream().to('out');
  },
  'to-table': (b) => b.stream('in').toTable().toStream().to('out'),
  'to-table-rekeyed': (b) => {
    const table = b.stream('in').selectKey(byValue).toTable({ as: 'tbl' });
    b.stream('other').join(table, left).to('out');
  },
  'to-table-rekeyed-named': (b) => b.stream('in').selectKey(byValue).toTable({ name: 'as-table' }).toStream().to('out'),
  'process-stores': (b) => {
    b.addStateStore(store('one')).addStateStore(store('two'));
    b.stream('a')
      .process(passOn, { stores: ['one'] })
      .to('oa');
    const processed = b.stream('b').process(passOn, { name: 'proc', stores: ['two', 'one'] });
    processed.groupByKey().count().toStream().to('ob');
  },
  'process-values': (b) => {
    b.addStateStore(store('one'));
    const processed = b.stream('a').processValues(passValue, { stores: ['one'] });
    processed.groupByKey().count().toStream().to('oa');
  },
  'same-topic-twice': (b) => {
    b.stream('in').filter(yes).to('x');
    b.stream('in').mapValues(value).to('y');
    b.stream(['p', 'q']).to('z');
    b.stream(['q', 'p']).to('w');
  },
  'many-topics': (b) => b.stream(['orders', 'payments', 'shipments', 'returns', 'invoices']).to('all'),
  'chained-repartitions': (b) => {
    const counts = b.stream('in').groupBy(byValue).count().toStream();
    const last2 = counts
      .map((key, count) => [String(count), key])
      .groupByKey()
      .reduce(last);
    last2.toStream().selectKey(byValue).groupByKey().count().toStream().to('out');
  },
  'fan-out': (b) => {
    const stream = b.stream('in');
    stream.to('direct');
    stream.filter(yes).mapValues(value).to('long');
    const peeked = stream.peek(() => {});
    peeked.to('y1');
    peeked.mapValues(value).to('y2');
    peeked
      .filter(yes)
      .mapValues(value)
      .peek(() => {})
      .to('y3');
    peeked
      .flatMapValues((each) => [each])
      .filter(yes)
      .to('y4');
    peeked.selectKey(byValue).groupByKey().count().toStream().to('y5');
  },
  'windowed-table-rekeyed': (b) => {
    const counts = b.stream('in').groupByKey().windowedBy(oneMinute).count().toStream();
    const rekeyed: KStream<string, number> = counts.map((windowed, count) => [windowed.key, count]);
    rekeyed
      .groupByKey()
      .reduce((sum, count) => sum + count)
      .toStream()
      .to('out');
  },
  'null-key-relaxed': (b) => {
    const table = b.table('t');
    b.stream('in').selectKey(byValue).repartition().leftJoin(table, left).to('out');
  },
  flights: (b) => {
    const planes = b.table('planes', { as: 'planes' });
    const airports = b.globalTable('airports');
    const flights = b.stream('flights').filter((_key, flight) => flight !== null);
    const enriched = flights.selectKey(byValue).join(planes, left).leftJoin(airports, byValue, left);
    const hourly = enriched.groupBy(byValue, { name: 'by-airport' }).windowedBy(TimeWindows.ofSizeAndGrace(3_600_000, 600_000));
    hourly.count({ as: 'hourly' }).toStream().to('hourly-out');
    flights.groupByKey().count().toStream().to('per-key');
  },
};

const lowLevel: Record<string, () => Topology> = {
  papi: () =>
    newTopology()
      .addSource('src', 'in')
      .addProcessor('p1', passOn, 'src')
      .addProcessor('p2', passOn, 'p1', 'src')
      .addStateStore(store('beta'), 'p1', 'p2')
      .addStateStore(store('alpha'), 'p2')
      .addStateStore(store('gamma'), 'p2')
      .addSink('snk', 'out', ['p1', 'p2'])
      .addSource('src2', ['in2', 'in3'])
      .addProcessor('p3', passOn, 'src2')
      .addSink('snk2', 'out2', 'p3'),
  'papi-shared-store': () =>
    newTopology()
      .addSource('a', 'ta')
      .addSource('b', 'tb')
      .addSource('c', 'tc')
      .addProcessor('pa', passOn, 'a')
      .addProcessor('pb', passOn, 'b')
      .addProcessor('pc', passOn, 'c')
      .addStateStore(store('s'), 'pa', 'pc')
      .addSink('sa', 'o', 'pa'),
  'papi-global': () =>
    newTopology()
      .addSource('a', 'ta')
      .addProcessor('pa', passOn, 'a')
      .addGlobalStore(store('g', false), { sourceName: 'gsrc', topic: 'gt', processorName: 'gproc' }, keep)
      .addSource('b', 'tb')
      .addSink('sb', 'ob', 'b'),
};

export function newTopology(): Topology {
  return new Topology({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.String() });
}

/** Every topology by the name of its golden file; made anew on each call. */
export const goldenTopologies: Record<string, () => Topology> = {
  ...Object.fromEntries(Object.entries(dsl).map(([name, define]) => [name, () => built(define)])),
  ...lowLevel,
};

function built(define: (builder: Builder) => void): Topology {
  const builder = newBuilder();
  define(builder);
  return builder.build();
}

/** Random graphs; Java drew the same ones from the same generator. They pin down the order in which nodes are printed. */
export function randomTopology(seed: number): Topology {
  const random = new Lcg(seed * 7919);
  const words = ['alpha', 'beta', 'gamma', 'delta', 'eps', 'zeta', 'eta', 'theta'];
  const topology = newTopology();
  const parents: string[] = [];
  const count = 4 + random.next(24);
  for (let index = 0; index < count; index++) {
    const name = `${words[random.next(8)]}-${index}`;
    const kind = parents.length === 0 ? 0 : random.next(10);
    if (kind === 0) {
      topology.addSource(name, `t${index}`);
      parents.push(name);
      continue;
    }
    const wanted = Math.min(1 + random.next(3), parents.length);
    const chosen = [...new Set(Array.from({ length: wanted }, () => parents[random.next(parents.length)] as string))];
    if (kind >= 8) {
      topology.addSink(name, `out${index}`, chosen);
      continue;
    }
    topology.addProcessor(name, passOn, ...chosen);
    parents.push(name);
    if (random.next(4) !== 0) continue;
    // The bound is drawn anew in each round, as in the Java loop this mirrors.
    for (let round = 0; round < 1 + random.next(3); round++) {
      topology.addStateStore(store(`${words[random.next(8)]}-store-${index}-${round}`), name);
    }
  }
  return topology;
}

class Lcg {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  next(bound: number): number {
    this.#state = (this.#state * 1103515245n + 12345n) % 2147483648n;
    return Number((this.#state >> 8n) % BigInt(bound));
  }
}
