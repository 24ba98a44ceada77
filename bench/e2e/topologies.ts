import { JoinWindows, Serdes, StreamsBuilder, TimeWindows } from 'millrace';
import flightsEtl from '../../examples/flights-etl/topology.ts';
import { queries } from './nexmark/queries.ts';

const text = Serdes.String();
const long = Serdes.Long();
const WINDOW_MS = 10_000;
const JOIN_WITHIN_MS = 50;
/** Half a million records: Kafka Streams may read one topic before the other, and what comes too late is not joined. */
const JOIN_GRACE_MS = 5_000;
const AMOUNT_DIGITS = 6;
const KEPT_CHARACTERS = 40;

/** What each workload does; `StreamsSubject.java` has the same for Kafka Streams, the loops have it by hand. */
const definitions: Readonly<Record<string, (builder: StreamsBuilder, output: string) => void>> = {
  'pass-through': (builder, output) => {
    const bytes = Serdes.Bytes();
    builder.stream('events-uniform', { keySerde: bytes, valueSerde: bytes }).to(output);
  },
  'filter-map': (builder, output) => {
    builder
      .stream('events-uniform', { keySerde: text, valueSerde: text })
      .filter((_, value) => Number(value.slice(0, AMOUNT_DIGITS)) % 2 === 0)
      .mapValues((value) => `amount=${value.slice(0, AMOUNT_DIGITS)} ${value.slice(AMOUNT_DIGITS + 1, KEPT_CHARACTERS)}`)
      .to(output, { keySerde: text, valueSerde: text });
  },
  'word-count': (builder, output) => {
    builder
      .stream('lines', { keySerde: text, valueSerde: text })
      .flatMapValues((line) =>
        line
          .toLowerCase()
          .split(/[^a-z']+/)
          .filter((word) => word !== ''),
      )
      .groupBy((_, word) => word, { keySerde: text, valueSerde: text })
      .count({ as: 'counts' })
      .toStream()
      .to(output, { keySerde: text, valueSerde: long });
  },
  'count-uniform': (builder, output) => count(builder, 'events-uniform', output),
  restore: (builder, output) => count(builder, 'events-distinct', output),
  'count-zipf': (builder, output) => count(builder, 'events-zipf', output),
  'windowed-count': (builder, output) => {
    builder
      .stream('events-uniform', { keySerde: text, valueSerde: text })
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW_MS))
      .count({ as: 'counts' })
      .toStream((windowed) => `${windowed.key}@${windowed.window.startMs}`)
      .to(output, { keySerde: text, valueSerde: long });
  },
  'stream-table-join': (builder, output) => {
    const customers = builder.table('customers', { keySerde: text, valueSerde: text, as: 'customers' });
    builder
      .stream('events-uniform', { keySerde: text, valueSerde: text })
      .join(customers, (event, customer) => `${customer}: ${event.slice(0, AMOUNT_DIGITS)}`)
      .to(output, { keySerde: text, valueSerde: text });
  },
  'stream-stream-join': (builder, output) => {
    const right = builder.stream('events-right', { keySerde: text, valueSerde: text });
    builder
      .stream('events-left', { keySerde: text, valueSerde: text })
      .join(
        right,
        (one, other) => `${one.slice(0, AMOUNT_DIGITS)} ${other.slice(0, AMOUNT_DIGITS)}`,
        JoinWindows.ofTimeDifferenceAndGrace(JOIN_WITHIN_MS, JOIN_GRACE_MS),
        { keySerde: text, valueSerde: text, otherValueSerde: text },
      )
      .to(output, { keySerde: text, valueSerde: text });
  },
  // Writes to topics of its own.
  flights: (builder) => flightsEtl(builder),
  ...queries,
};

function count(builder: StreamsBuilder, input: string, output: string): void {
  builder
    .stream(input, { keySerde: text, valueSerde: text })
    .groupByKey()
    .count({ as: 'counts' })
    .toStream()
    .to(output, { keySerde: text, valueSerde: long });
}

export function topologyOf(workload: string, output: string): StreamsBuilder {
  const define = definitions[workload];
  if (define === undefined) throw new Error(`There is no topology for workload ${workload}.`);
  const builder = new StreamsBuilder();
  define(builder, output);
  return builder;
}
