import { Serdes, StreamsBuilder, type Topology } from 'millrace';
import flightsEtl from '../../examples/flights-etl/topology.ts';
import { topologyOf } from '../e2e/topologies.ts';
import type { FlowRecord, RecordLoop } from './record-loop.ts';
import { airportRows, customerRows, flights, novelLines, uniformEvents, zipfEvents } from './records.ts';

/** One topology and what flows through it. */
export interface FlowScenario {
  readonly name: string;
  readonly topology: () => Topology;
  /** The topic that gets the measured records. */
  readonly input: string;
  readonly records: () => RecordLoop;
  /** A table that is filled first: a topic of the same task, or of a global table. */
  readonly rows?: { readonly topic: string; readonly records: () => FlowRecord[] };
  /** Bytes of cached updates; 0: every update is forwarded. */
  readonly cacheMaxBytes: number;
  /**
   * CPU that a record may take, in µs, on the class of machine that `docs/internals/performance.md` describes. Tells at a
   * glance what became slower; the machine has to be idle.
   */
  readonly budgetUs: number;
}

/** The default of `statestoreCacheMaxBytes`. */
const CACHE_BYTES = 10 * 1024 * 1024;
const OUTPUT = 'output';
const string = Serdes.String();
const json = Serdes.Json<{ delay: number; distance: number; origin: string; destination: string }>();

function built(define: (builder: StreamsBuilder) => void): () => Topology {
  return () => {
    const builder = new StreamsBuilder();
    define(builder);
    return builder.build();
  };
}

/** A workload of the end-to-end benchmark: the same topology, and records alike. */
function workload(name: string, input: string, records: () => RecordLoop, budgetUs: number, cacheMaxBytes = CACHE_BYTES): FlowScenario {
  return { name, input, records, budgetUs, cacheMaxBytes, topology: () => topologyOf(name, OUTPUT).build() };
}

const overFlights = (builder: StreamsBuilder) => builder.stream('flights', { keySerde: string, valueSerde: json });
const ofFlights = { input: 'flights', records: flights };
const airports = { topic: 'airports', records: airportRows };

export const scenarios: readonly FlowScenario[] = [
  workload('pass-through', 'events-uniform', uniformEvents, 0.35),
  workload('filter-map', 'events-uniform', uniformEvents, 0.6),
  workload('word-count', 'lines', novelLines, 8),
  workload('count-uniform', 'events-uniform', uniformEvents, 1),
  { ...workload('count-uniform', 'events-uniform', uniformEvents, 1, 0), name: 'count-uniform, uncached' },
  workload('count-zipf', 'events-zipf', zipfEvents, 1),
  workload('windowed-count', 'events-uniform', uniformEvents, 1),
  { ...workload('stream-table-join', 'events-uniform', uniformEvents, 1), rows: { topic: 'customers', records: customerRows } },
  {
    // What calls cost: each operator does next to nothing.
    name: 'twelve operators and two branches',
    input: 'events-uniform',
    records: uniformEvents,
    cacheMaxBytes: 0,
    budgetUs: 1,
    topology: built((builder) => {
      const { 'is-long': long, 'is-short': short } = builder
        .stream('events-uniform', { keySerde: string, valueSerde: string })
        .filter((key) => key !== '')
        .mapValues((value) => value.length)
        .filterNot((_, length) => length === 0)
        .mapValues((length) => length + 1)
        .split({ name: 'is-' })
        .branch((_, length) => length > 50, { name: 'long' })
        .defaultBranch({ name: 'short' });
      const longer = long
        .mapValues((length) => length * 2)
        .filter((_, length) => length > 0)
        .peek(() => {})
        .mapValues((length) => length - 1);
      short
        .filter((_, length) => length < 1_000)
        .mapValues((length) => length % 100)
        .merge(longer)
        .filter((_, length) => length >= 0)
        .mapValues((length) => length | 0)
        .to(OUTPUT, { keySerde: string, valueSerde: Serdes.Integer() });
    }),
  },
  {
    ...ofFlights,
    name: 'filter and mapValues, JSON',
    cacheMaxBytes: 0,
    budgetUs: 2.5,
    topology: built((builder) =>
      overFlights(builder)
        .filter((_, { distance }) => distance > 100)
        .mapValues(({ delay, destination }) => ({ delay, destination }))
        .to(OUTPUT, { keySerde: string, valueSerde: Serdes.Json<{ delay: number; destination: string }>() }),
    ),
  },
  {
    ...ofFlights,
    name: 'map to another key, JSON',
    cacheMaxBytes: 0,
    budgetUs: 2.5,
    topology: built((builder) =>
      overFlights(builder)
        .map((origin, { destination, distance }): [string, number] => [`${origin}-${destination}`, distance])
        .to(OUTPUT, { keySerde: string, valueSerde: Serdes.Integer() }),
    ),
  },
  {
    ...ofFlights,
    name: 'join with a table, JSON',
    rows: airports,
    cacheMaxBytes: 0,
    budgetUs: 3,
    topology: built((builder) => {
      const table = builder.table('airports', {
        keySerde: string,
        valueSerde: Serdes.Json<{ name: string; city: string; state: string }>(),
      });
      overFlights(builder)
        .join(table, ({ delay }, { city }) => ({ delay, city }))
        .to(OUTPUT, { keySerde: string, valueSerde: Serdes.Json<{ delay: number; city: string }>() });
    }),
  },
  { ...ofFlights, name: 'the flights job', rows: airports, cacheMaxBytes: CACHE_BYTES, budgetUs: 4, topology: built(flightsEtl) },
];
