import { Serdes, StreamsBuilder, TimeWindows, type Topology } from 'millrace';
import flightsEtl from '../../examples/flights-etl/topology.ts';

/** One topology and what flows through it. Records are JSON flights under their origin, a second of stream time apart. */
export interface FlowScenario {
  readonly name: string;
  readonly topology: () => Topology;
  /** The topic that gets the measured records. */
  readonly input: string;
  /** A topic of the same task, or of a global table, that gets one row per airport first. */
  readonly rows?: string;
  /** Bytes of cached updates; 0: every update is forwarded. */
  readonly cacheMaxBytes: number;
}

const string = Serdes.String();
const json = Serdes.Json<{ delay: number; distance: number; origin: string; destination: string }>();
const CACHE_BYTES = 10_000_000;
const input = 'flights';

function build(define: (builder: StreamsBuilder) => void): () => Topology {
  return () => {
    const builder = new StreamsBuilder();
    define(builder);
    return builder.build();
  };
}

const flights = (builder: StreamsBuilder) => builder.stream(input, { keySerde: string, valueSerde: json });
const count = build((builder) =>
  flights(builder).groupByKey().count().toStream().to('output', { keySerde: string, valueSerde: Serdes.Long() }),
);

export const scenarios: readonly FlowScenario[] = [
  {
    name: 'pass through',
    input,
    cacheMaxBytes: 0,
    topology: build((builder) => flights(builder).to('output', { keySerde: string, valueSerde: json })),
  },
  {
    name: 'filter and mapValues, JSON',
    input,
    cacheMaxBytes: 0,
    topology: build((builder) =>
      flights(builder)
        .filter((_, { distance }) => distance > 100)
        .mapValues(({ delay, destination }) => ({ delay, destination }))
        .to('output', { keySerde: string, valueSerde: Serdes.Json<{ delay: number; destination: string }>() }),
    ),
  },
  {
    name: 'map to another key',
    input,
    cacheMaxBytes: 0,
    topology: build((builder) =>
      flights(builder)
        .map((origin, { destination, distance }): [string, number] => [`${origin}-${destination}`, distance])
        .to('output', { keySerde: string, valueSerde: Serdes.Integer() }),
    ),
  },
  { name: 'count, uncached', input, cacheMaxBytes: 0, topology: count },
  { name: 'count, cached', input, cacheMaxBytes: CACHE_BYTES, topology: count },
  {
    name: 'count in windows of an hour, cached',
    input,
    cacheMaxBytes: CACHE_BYTES,
    topology: build((builder) =>
      flights(builder)
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(3_600_000))
        .count()
        .toStream()
        .map(({ key, window }, flown): [string, number] => [`${key} ${window.startMs}`, flown])
        .to('output', { keySerde: string, valueSerde: Serdes.Long() }),
    ),
  },
  {
    name: 'join with a table',
    input,
    rows: 'airports',
    cacheMaxBytes: 0,
    topology: build((builder) => {
      const airports = builder.table('airports', {
        keySerde: string,
        valueSerde: Serdes.Json<{ name: string; city: string; state: string }>(),
      });
      flights(builder)
        .join(airports, ({ delay }, { city }) => ({ delay, city }))
        .to('output', { keySerde: string, valueSerde: Serdes.Json<{ delay: number; city: string }>() });
    }),
  },
  { name: 'the flights job up to its repartition topic', input, rows: 'airports', cacheMaxBytes: CACHE_BYTES, topology: build(flightsEtl) },
];
