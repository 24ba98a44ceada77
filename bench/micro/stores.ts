import { Serdes, Stores, StreamsBuilder, TimeWindows } from 'millrace';
import type { Bench } from 'tinybench';
import { KeyValueTable, type StoreContext, type StoreSpec, WindowTable } from '../../src/state/index.ts';
import { TopologyTestDriver } from '../../src/testing/index.ts';

const KEYS = 10_000;
const origin = { topic: 'input', partition: 0, offset: 0, timestamp: 0, headers: () => [] };
const context: StoreContext = { topic: 'app-store-changelog', origin, cache: undefined };
const keys = Array.from({ length: KEYS }, (_, index) => `key-${String(index).padStart(5, '0')}`);
const serdes = { keySerde: Serdes.String(), valueSerde: Serdes.Long() };

/** State stores by themselves, and a windowed count with everything around it. */
export function storeTasks(bench: Bench): void {
  const table = new KeyValueTable<string, number>(Stores.timestampedKeyValue('store', serdes) as StoreSpec<string, number>, context);
  let next = 0;
  const nextKey = () => keys[next++ % KEYS] ?? '';
  bench
    .add('key-value store: get and put', () => {
      const entry = table.getEntry(nextKey());
      table.write(entry, (entry.value ?? 0) + 1, 1);
    })
    .add(`key-value store: put ${KEYS} keys and write the changelog`, () => {
      for (const key of keys) table.write(table.getEntry(key), 1, 1);
      let rows = 0;
      table.flushChangelog(() => rows++);
      if (rows !== KEYS) throw new Error(`${rows} changelog rows`);
    });
  const windows = new WindowTable<string, number>(
    Stores.timestampedWindow('windows', { ...serdes, retentionMs: 120_000, windowSizeMs: 60_000 }) as StoreSpec<string, number>,
    context,
  );
  bench.add('window store: get and put', () => {
    const entry = windows.getEntry(nextKey(), 60_000);
    windows.write(entry, (entry.value ?? 0) + 1, 1);
  });
  const driver = windowedCount();
  let timestamp = 0;
  bench.add('windowed count through a task, one record with its commit', () => driver(nextKey(), timestamp++));
}

function windowedCount(): (key: string, timestamp: number) => void {
  const builder = new StreamsBuilder();
  builder
    .stream<string, string>('input', { keySerde: Serdes.String(), valueSerde: Serdes.String() })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeWithNoGrace(60_000))
    .count()
    .toStream()
    .foreach(() => {});
  const driver = new TopologyTestDriver(builder.build());
  const input = driver.createInputTopic<string, string>('input', Serdes.String(), Serdes.String());
  return (key, timestamp) => input.pipeInput(key, 'value', timestamp);
}
