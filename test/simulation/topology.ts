import { Serdes, type StreamsBuilder, TimeWindows } from '../../src/index.ts';

/** What a record of topic `events` carries; its key is the user. */
export interface Event {
  readonly id: number;
  readonly word: string;
  readonly region: string;
}

export const WINDOW_MS = 1_000;

/**
 * Everything the engine has: stateless copy, repartition with a count, windowed count, a join with a table whose
 * partitions are the stream's, a join with a global table, and output to topics named by a function.
 */
export default function simulated(builder: StreamsBuilder): void {
  const string = Serdes.String();
  const long = Serdes.Long();
  const event = Serdes.Json<Event>();
  const events = builder.stream<string, Event>('events', { keySerde: string, valueSerde: event });
  const users = builder.table<string, string>('users', { keySerde: string, valueSerde: string, as: 'users-store' });
  const regions = builder.globalTable<string, string>('regions', { keySerde: string, valueSerde: string });

  const sound = events.peek((_key, { id }) => chaos()?.strike(id));
  sound.to('copies', { keySerde: string, valueSerde: event });
  sound
    .groupBy((_key, { word }) => word, { name: 'by-word', keySerde: string, valueSerde: event })
    .count({ as: 'words-store', keySerde: string })
    .toStream()
    .to('words', { keySerde: string, valueSerde: long });
  sound
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW_MS, 1_000_000))
    .count({ as: 'windows-store' })
    .toStream((windowed) => `${windowed.key}@${windowed.window.startMs}`)
    .to('windows', { keySerde: string, valueSerde: long });
  sound.join(users, ({ id }, user) => `${id}/${user}`).to('joined', { keySerde: string, valueSerde: string });
  sound
    .join(
      regions,
      (_key, { region }) => region,
      ({ id }, name) => `${id}/${name}`,
    )
    .to((_key, value) => `dynamic-${Number.parseInt(value ?? '', 10) % 2}`, { keySerde: string, valueSerde: string });
}

/** Makes tasks fail; set by the simulation, for shards that run in the main thread. */
export interface Chaos {
  strike(id: number): void;
}

function chaos(): Chaos | undefined {
  return (globalThis as { millraceChaos?: Chaos }).millraceChaos;
}
