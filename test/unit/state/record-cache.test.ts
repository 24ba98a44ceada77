import { describe, expect, test } from 'vitest';
import { type Serde, Serdes } from '../../../src/serde/index.ts';
import {
  type CachedUpdate,
  createStore,
  type KeyValueTable,
  RecordCache,
  type StoreContext,
  type StoreKind,
  type StoreSpec,
  type TimestampedKeyValueStore,
  type WindowTable,
} from '../../../src/state/index.ts';
import { asciiHex, commit, restoreRows, TestOrigin, testSpec } from './store-fixture.ts';

interface Forwarded {
  key: unknown;
  value: unknown;
  old: unknown;
  timestampMs: number;
  context: string;
}

function cached<K, V>(
  cache: RecordCache,
  keySerde: Serde<K>,
  valueSerde: Serde<V>,
  kind: StoreKind = 'timestampedKeyValue',
  more: Partial<StoreSpec<K, V>> = {},
) {
  const context: StoreContext & { origin: TestOrigin } = { topic: 'log', origin: new TestOrigin(), cache };
  const made = createStore(testSpec(kind, keySerde, valueSerde, { caching: true, ...more }), context);
  const forwarded: Forwarded[] = [];
  const text = (bytes: Buffer | null): string | null => (bytes === null ? null : bytes.toString());
  const table = made.table as KeyValueTable<K, V>;
  table.flushListener = (update: CachedUpdate<K, V>) => {
    const immutable = table.immutableValues;
    forwarded.push({
      key: update.key,
      value: immutable ? update.value : text(update.valueBytes()),
      old: immutable ? update.oldValue : text(update.oldBytes),
      timestampMs: update.timestampMs,
      context: `${update.topic}-${update.partition}@${update.offset} ${JSON.stringify(update.headers)}`,
    });
  };
  return { origin: context.origin, table, store: made.view as unknown as TimestampedKeyValueStore<K, V>, forwarded };
}

const LARGE = 1_000_000;

describe('a cached store', () => {
  test('logs the deletion of what is not there only where nothing is forwarded, as in Kafka Streams', () => {
    const { table, store } = cached(new RecordCache(LARGE), Serdes.String(), Serdes.Long());
    store.delete('a');
    expect(commit(table)).toEqual([]);
    table.flushListener = undefined;
    store.delete('a');
    expect(commit(table)).toEqual([[asciiHex('a'), null, 0]]);
  });

  test('forwards one update per key at the flush, in order of last update, with the last context', () => {
    const { store, table, origin, forwarded } = cached(new RecordCache(LARGE), Serdes.String(), Serdes.Long());
    const put = (key: string, value: number, offset: number): void => {
      origin.offset = offset;
      origin.timestamp = offset * 10;
      origin.headerList = [['h', null]];
      store.put(key, { value, timestamp: offset });
    };
    put('a', 1, 1);
    put('b', 2, 2);
    put('a', 3, 3);
    put('c', 4, 4);
    put('c', 5, 5);
    expect(forwarded).toEqual([]);
    expect(store.get('a')).toEqual({ value: 3, timestamp: 3 });
    expect(commit(table)).toEqual([
      [asciiHex('a'), '0000000000000003', 3],
      [asciiHex('b'), '0000000000000002', 2],
      [asciiHex('c'), '0000000000000005', 5],
    ]);
    const context = (offset: number): string => `input-0@${offset} [["h",null]]`;
    expect(forwarded).toEqual([
      { key: 'b', value: 2, old: null, timestampMs: 2, context: context(2) },
      { key: 'a', value: 3, old: null, timestampMs: 3, context: context(3) },
      { key: 'c', value: 5, old: null, timestampMs: 5, context: context(5) },
    ]);
    expect(commit(table)).toEqual([]);
    expect(forwarded).toHaveLength(3);
  });

  test('W11: a new key put and deleted in one interval is neither forwarded nor logged', () => {
    const cache = new RecordCache(LARGE);
    const { store, table, forwarded } = cached(cache, Serdes.String(), Serdes.Long());
    store.put('k', { value: 1, timestamp: 1 });
    store.delete('k');
    store.delete('never');
    expect(commit(table)).toEqual([]);
    expect(forwarded).toEqual([]);
    expect(cache.sizeBytes).toBe(0);
    store.put('k', { value: 2, timestamp: 2 });
    expect(commit(table)).toEqual([[asciiHex('k'), '0000000000000002', 2]]);
  });

  test('a known key deleted is a tombstone with the time of the record that deleted it', () => {
    const { store, table, origin, forwarded } = cached(new RecordCache(LARGE), Serdes.String(), Serdes.Long());
    store.put('k', { value: 1, timestamp: 1 });
    commit(table);
    origin.timestamp = 50;
    store.put('k', { value: 2, timestamp: 2 });
    store.delete('k');
    expect(commit(table)).toEqual([[asciiHex('k'), null, 50]]);
    expect(forwarded[1]).toMatchObject({ key: 'k', value: null, timestampMs: 50 });
  });

  test.each([
    ['immutable', Serdes.Long() as Serde<unknown>, 1, 2, 3, (value: unknown) => value],
    ['mutable', Serdes.Json(), { n: 1 }, { n: 2 }, { n: 3 }, (value: unknown) => JSON.stringify(value)],
  ])('old values are those before the first change of the interval (%s)', (_name, serde, one, two, three, shown) => {
    const { store, table, forwarded } = cached(new RecordCache(LARGE), Serdes.String(), serde);
    table.sendOldValues = true;
    store.put('k', { value: one, timestamp: 1 });
    store.put('k', { value: two, timestamp: 2 });
    commit(table);
    store.put('k', { value: three, timestamp: 3 });
    store.delete('k');
    store.put('k', { value: one, timestamp: 4 });
    commit(table);
    store.delete('k');
    commit(table);
    expect(forwarded.map(({ value, old }) => [value, old])).toEqual([
      [shown(two), null],
      [shown(one), shown(two)],
      [null, shown(one)],
    ]);
  });

  test('a mutable value changed in place: the old bytes are from before, also of a restored one', () => {
    const { table, forwarded } = cached(new RecordCache(LARGE), Serdes.String(), Serdes.Json<{ n: number }>());
    table.sendOldValues = true;
    restoreRows(table, [[asciiHex('k'), asciiHex('{"n":5}'), 1]]);
    for (let i = 0; i < 3; i++) {
      const entry = table.getEntry('k');
      table.beforeChange(entry);
      const value = table.read(entry)!;
      value.n++;
      table.write(entry, value, 10 + i);
    }
    expect(commit(table)).toEqual([[asciiHex('k'), asciiHex('{"n":8}'), 12]]);
    expect(forwarded).toMatchObject([{ value: '{"n":8}', old: '{"n":5}' }]);
  });

  test('one value is serialised once for downstream and changelog together', () => {
    let serialised = 0;
    const inner = Serdes.Json<number[]>();
    const counting: Serde<number[]> = {
      name: 'counting',
      serialize(value, topic) {
        serialised++;
        return inner.serialize(value, topic);
      },
      deserialize: inner.deserialize,
    };
    const { store, table, forwarded } = cached(new RecordCache(LARGE), Serdes.String(), counting);
    store.put('k', { value: [1], timestamp: 1 });
    store.put('k', { value: [2], timestamp: 1 });
    expect(commit(table)).toEqual([[asciiHex('k'), asciiHex('[2]'), 1]]);
    expect(forwarded).toHaveLength(1);
    expect(serialised).toBe(1);
  });

  test('size 0 and kept duplicates turn caching off', () => {
    const off = cached(new RecordCache(0), Serdes.String(), Serdes.Long());
    expect(off.table.cached).toBe(false);
    off.store.put('k', { value: 1, timestamp: 1 });
    off.store.delete('k');
    expect(commit(off.table)).toEqual([[asciiHex('k'), null, 0]]);
    const duplicates = cached(new RecordCache(LARGE), Serdes.String(), Serdes.Long(), 'window', {
      retainDuplicates: true,
      windowSizeMs: 1,
      retentionMs: 1,
    });
    expect(duplicates.table.cached).toBe(false);
  });

  test('windows: start and key of what is forwarded, also when the window has expired since', () => {
    const made = cached(new RecordCache(LARGE), Serdes.String(), Serdes.Long(), 'timestampedWindow', {
      windowSizeMs: 10,
      retentionMs: 100,
    });
    const table = made.table as unknown as WindowTable<string, number>;
    const starts: number[] = [];
    table.flushListener = (update) => starts.push(update.windowStartMs);
    table.write(table.getEntry('a', 0), 1, 5);
    table.write(table.getEntry('a', 500), 1, 505);
    expect(commit(table)).toHaveLength(1);
    expect(starts).toEqual([0, 500]);
  });
});

describe('the shared budget', () => {
  test('the least recently updated entries of all stores go first, each alone', () => {
    const probe = new RecordCache(LARGE);
    cached(probe, Serdes.String(), Serdes.Long()).store.put('k0', { value: 1, timestamp: 1 });
    const cache = new RecordCache(probe.sizeBytes * 6.5); // room for six such updates
    const first = cached(cache, Serdes.String(), Serdes.Long());
    const second = cached(cache, Serdes.String(), Serdes.Long());
    for (let i = 0; i < 3; i++) {
      first.store.put(`f${i}`, { value: i, timestamp: i });
      second.store.put(`s${i}`, { value: i, timestamp: i });
    }
    first.store.put('f0', { value: 9, timestamp: 9 });
    expect([...first.forwarded, ...second.forwarded]).toEqual([]);
    second.store.put('s3', { value: 1, timestamp: 1 });
    expect(second.forwarded.map((row) => row.key)).toEqual(['s0']);
    expect(first.forwarded).toEqual([]);
    second.store.put('s4', { value: 1, timestamp: 1 });
    expect(first.forwarded.map((row) => row.key)).toEqual(['f1']);
    expect(cache.evictions).toBe(2);
    expect(cache.sizeBytes).toBe(probe.sizeBytes * 6);
  });

  test('whatever is evicted and flushed adds up to the last value of every key, once per change at most', () => {
    const cache = new RecordCache(4000);
    const { store, table, forwarded } = cached(cache, Serdes.Integer(), Serdes.Long());
    for (let i = 0; i < 5000; i++) store.put((i * 7919) % 97, { value: i, timestamp: i });
    const log = commit(table);
    const last = new Map(forwarded.map((row) => [row.key, row.value]));
    expect(last.size).toBe(97);
    for (const row of store.all()) expect(last.get(row.key)).toBe(row.value.value);
    expect(forwarded.length).toBeLessThanOrEqual(5000);
    expect(log).toHaveLength(97);
    expect(cache.sizeBytes).toBe(0);
    expect(table.metrics.cacheForwards).toBe(forwarded.length);
    expect(table.metrics.cacheEvictions).toBe(cache.evictions);
  });

  test('a delete after an eviction is forwarded, since downstream knows the key', () => {
    const cache = new RecordCache(1);
    const { store, table, forwarded } = cached(cache, Serdes.String(), Serdes.Long());
    store.put('k', { value: 1, timestamp: 1 });
    store.delete('k');
    expect(forwarded.map((row) => row.value)).toEqual([1, null]);
    expect(commit(table)).toEqual([]);
    expect(cache.sizeBytes).toBe(0);
  });

  test('a listener may change other stores, which evict in turn', () => {
    const cache = new RecordCache(1);
    const first = cached(cache, Serdes.String(), Serdes.Long());
    const second = cached(cache, Serdes.String(), Serdes.Long());
    first.table.flushListener = (update) => second.store.put(`2${String(update.key)}`, { value: 1, timestamp: 1 });
    first.store.put('a', { value: 1, timestamp: 1 });
    expect(second.forwarded.map((row) => row.key)).toEqual(['2a']);
  });

  test('a store that is closed gives its share back', () => {
    const cache = new RecordCache(LARGE);
    const { store, table } = cached(cache, Serdes.String(), Serdes.Long());
    for (let i = 0; i < 10; i++) store.put(`k${i}`, { value: i, timestamp: i });
    expect(cache.sizeBytes).toBeGreaterThan(0);
    table.close();
    expect(cache.sizeBytes).toBe(0);
    expect(store.get('k1')).toBeNull();
    expect(table.approximateNumEntries()).toBe(0);
  });
});
