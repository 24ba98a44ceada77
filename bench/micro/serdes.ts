import { type Serde, Serdes } from 'millrace';
import type { Bench } from 'tinybench';

const flight = { date: '2001-01-01T00:01:00.000Z', delay: 33, distance: 2176, origin: 'LAS', destination: 'PHL' };
type Flight = typeof flight;

/** One value of each kind there and back. */
export function serdeTasks(bench: Bench): void {
  const pair = <T>(name: string, serde: Serde<T>, value: T) => {
    const bytes = Buffer.from(serde.serialize(value, 'bench'));
    bench.add(`${name}: serialise`, () => void serde.serialize(value, 'bench'));
    bench.add(`${name}: deserialise`, () => void serde.deserialize(bytes, 'bench'));
  };
  pair('string of 9', Serdes.String(), 'key-00042');
  pair('int64', Serdes.Long(), 1_234_567_890_123);
  pair('JSON of 5 fields', Serdes.Json<Flight>(), flight);
  pair('msgpack of 5 fields', Serdes.Msgpack<Flight>(), flight);
  pair(
    'msgpack of 5 fields, declared',
    Serdes.Msgpack<Flight>({ records: [['date', 'delay', 'distance', 'origin', 'destination']] }),
    flight,
  );
}
