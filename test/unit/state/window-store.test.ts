import { describe, expect, test } from 'vitest';
import { type Serde, Serdes, type Windowed, windowed } from '../../../src/serde/index.ts';
import {
  createStore,
  type KeyValue,
  type StoreSpec,
  type TimestampedWindowStore,
  type ValueAndTimestamp,
  type WindowStore,
  type WindowTable,
  type WindowValue,
} from '../../../src/state/index.ts';
import { asciiHex, type ChangelogRow, commit, random, restoreRows, testContext, testSpec } from './store-fixture.ts';

const SIZE_MS = 10;

function make<K, V>(kind: 'window' | 'timestampedWindow', keySerde: Serde<K>, valueSerde: Serde<V>, more: Partial<StoreSpec<K, V>> = {}) {
  const context = testContext();
  const spec = testSpec(kind, keySerde, valueSerde, { windowSizeMs: SIZE_MS, retentionMs: 100, ...more });
  const store = createStore(spec, context);
  return { origin: context.origin, table: store.table as WindowTable<K, V>, view: store.view as unknown };
}

function plain<K, V>(keySerde: Serde<K>, valueSerde: Serde<V>, more: Partial<StoreSpec<K, V>> = {}) {
  const made = make('window', keySerde, valueSerde, more);
  return { ...made, store: made.view as WindowStore<K, V> };
}

function timestamped<K, V>(keySerde: Serde<K>, valueSerde: Serde<V>, more: Partial<StoreSpec<K, V>> = {}) {
  const made = make('timestampedWindow', keySerde, valueSerde, more);
  return { ...made, store: made.view as TimestampedWindowStore<K, V> };
}

/** `key@start=value` for each row of a scan. */
function rows<V>(scan: Iterable<WindowValue<V> | KeyValue<Windowed<unknown>, V>>): string[] {
  return [...scan].map((row) =>
    'windowStartMs' in row ? `${row.windowStartMs}=${row.value}` : `${row.key.key}@${row.key.window.startMs}=${row.value}`,
  );
}

describe('window store', () => {
  test('put, fetch one, fetch a range, delete', () => {
    const { store, table } = plain(Serdes.String(), Serdes.Integer());
    store.put('a', 1, 10);
    store.put('a', 2, 20);
    store.put('b', 3, 20);
    store.put('a', 4, 40);
    expect(store.fetch('a', 20)).toBe(2);
    expect(store.fetch('a', 21)).toBeNull();
    expect(store.fetch('c', 20)).toBeNull();
    expect(rows(store.fetch('a', 10, 20))).toEqual(['10=1', '20=2']);
    expect(rows(store.fetch('a', 11, 39))).toEqual(['20=2']);
    expect(rows(store.backwardFetch('a', 0, 100))).toEqual(['40=4', '20=2', '10=1']);
    store.put('a', null, 20);
    store.put('a', null, 20);
    expect(rows(store.fetch('a', 0, 100))).toEqual(['10=1', '40=4']);
    expect(table.approximateNumEntries()).toBe(3);
    expect(() => store.fetch(null as never, 1)).toThrow(/null key/);
    expect(() => store.fetch(null as never, 1, 2)).toThrow(/null key/);
    expect(() => store.put(null as never, 1, 2)).toThrow(/null key/);
  });

  test('scans go by window start, then key bytes; bounds are inclusive', () => {
    const { store } = plain(Serdes.Integer(), Serdes.String());
    for (const start of [20, 10]) for (const key of [-1, 2, 1]) store.put(key, `v${key}`, start);
    expect(rows(store.all())).toEqual(['1@10=v1', '2@10=v2', '-1@10=v-1', '1@20=v1', '2@20=v2', '-1@20=v-1']);
    expect(rows(store.backwardAll())).toEqual(rows(store.all()).reverse());
    expect(rows(store.fetchAll(11, 20))).toEqual(['1@20=v1', '2@20=v2', '-1@20=v-1']);
    expect(rows(store.backwardFetchAll(10, 10))).toEqual(['-1@10=v-1', '2@10=v2', '1@10=v1']);
    expect(rows(store.fetchRange(2, null, 0, 100))).toEqual(['2@10=v2', '-1@10=v-1', '2@20=v2', '-1@20=v-1']);
    expect(rows(store.fetchRange(1, 2, 20, 20))).toEqual(['1@20=v1', '2@20=v2']);
    expect(rows(store.backwardFetchRange(null, 1, 0, 100))).toEqual(['1@20=v1', '1@10=v1']);
    expect(store.all().next().value.key).toEqual(windowed(1, 10, 20));
  });

  test('windows expire exactly at the retention, as whole windows', () => {
    const { store, table } = plain(Serdes.String(), Serdes.Integer(), { retentionMs: 100 });
    store.put('a', 1, 0);
    store.put('b', 1, 1);
    store.put('a', 2, 99);
    expect(store.fetch('a', 0)).toBe(1);
    store.put('x', 3, 100); // 0 <= 100 - 100
    expect(store.fetch('a', 0)).toBeNull();
    expect(store.fetch('b', 1)).toBe(1);
    expect(rows(store.all())).toEqual(['b@1=1', 'a@99=2', 'x@100=3']);
    expect(table.approximateNumEntries()).toBe(3);
    store.put('late', 4, 0);
    expect(store.fetch('late', 0)).toBeNull();
    expect(table.metrics.expired).toBe(1);
    store.put('edge', 5, 1);
    expect(store.fetch('edge', 1)).toBe(5);
    store.put('y', 6, 10_000);
    expect(rows(store.all())).toEqual(['y@10000=6']);
    expect(table.approximateNumEntries()).toBe(1);
  });

  test('what expires under an open scan is left out', () => {
    const { store } = plain(Serdes.String(), Serdes.Integer());
    for (const start of [0, 10, 20]) store.put('a', start, start);
    const scan = store.all();
    const fetch = store.fetch('a', 0, 1000);
    expect(scan.next().value.value).toBe(0);
    expect(fetch.next().value.value).toBe(0);
    store.put('b', 1, 110);
    expect(rows(scan)).toEqual(['a@20=20']);
    expect(rows(fetch)).toEqual(['20=20']);
  });

  test('mutable values are copies', () => {
    const { store } = timestamped(Serdes.String(), Serdes.Json<number[]>());
    const list = [1];
    store.put('a', { value: list, timestamp: 3 }, 0);
    list.push(2);
    store.fetch('a', 0)!.value.push(3);
    for (const row of store.all()) row.value.value.push(4);
    for (const row of store.fetch('a', 0, 10)) row.value.value.push(5);
    expect(store.fetch('a', 0)).toEqual({ value: [1], timestamp: 3 });
  });

  test('options that are missing are named', () => {
    expect(() => plain(Serdes.String(), Serdes.Long(), { retentionMs: 0 })).toThrow(/"store".*retentionMs/);
    const spec = testSpec('window', Serdes.String(), Serdes.Long(), { retentionMs: 10 });
    expect(() => createStore(spec, testContext())).toThrow(/"store".*windowSizeMs/);
  });
});

describe('changelog of a window store', () => {
  const startHex = (start: number): string => start.toString(16).padStart(16, '0');

  test("key, window start and sequence 0; plain stores carry the record time, timestamped ones the value's", () => {
    const first = plain(Serdes.String(), Serdes.Integer());
    first.origin.timestamp = 77;
    first.store.put('a', 1, 10);
    first.store.put('a', 2, 10);
    first.store.put('b', 1, 20);
    first.store.put('b', null, 20);
    expect(commit(first.table)).toEqual([
      [`61${startHex(10)}00000000`, '00000002', 77],
      [`62${startHex(20)}00000000`, null, 77],
    ]);
    const second = timestamped(Serdes.String(), Serdes.Integer());
    second.origin.timestamp = 77;
    second.store.put('a', { value: 1, timestamp: 12 }, 10);
    expect(commit(second.table)).toEqual([[`61${startHex(10)}00000000`, '00000001', 12]]);
  });

  test('expired windows are not worth a record', () => {
    const { store, table } = plain(Serdes.String(), Serdes.Integer());
    store.put('a', 1, 0);
    store.put('b', 1, 500);
    store.put('late', 1, 5);
    expect(commit(table)).toEqual([[`62${startHex(500)}00000000`, '00000001', 0]]);
  });

  test('duplicates have sequence numbers from 1; null is no put; a restored store goes on counting', () => {
    const { store, table } = plain(Serdes.String(), Serdes.Integer(), { retainDuplicates: true });
    store.put('b', 0, 10);
    store.put('a', 1, 10);
    store.put('a', 2, 10);
    store.put('a', null, 10);
    expect(store.fetch('a', 10)).toBe(1);
    expect(rows(store.fetch('a', 0, 100))).toEqual(['10=1', '10=2']);
    expect(rows(store.backwardFetch('a', 0, 100))).toEqual(['10=2', '10=1']);
    expect(rows(store.all())).toEqual(['a@10=1', 'a@10=2', 'b@10=0']);
    expect(rows(store.fetchRange('a', 'a', 0, 100))).toEqual(['a@10=1', 'a@10=2']);
    const log = commit(table);
    expect(log.map((row) => row[0])).toEqual([`62${startHex(10)}00000001`, `61${startHex(10)}00000002`, `61${startHex(10)}00000003`]);

    const copy = plain(Serdes.String(), Serdes.Integer(), { retainDuplicates: true });
    restoreRows(copy.table, log);
    copy.store.put('a', 3, 10);
    expect(rows(copy.store.fetch('a', 0, 100))).toEqual(['10=1', '10=2', '10=3']);
    expect(commit(copy.table)[0]![0]).toBe(`61${startHex(10)}00000004`);
    restoreRows(copy.table, [[`61${startHex(10)}00000002`, null, 0]]);
    expect(rows(copy.store.fetch('a', 0, 100))).toEqual(['10=2', '10=3']);
  });

  test('a key that no window store wrote', () => {
    const { table } = plain(Serdes.String(), Serdes.Integer());
    expect(() => restoreRows(table, [['616263', '00000001', 0]])).toThrow(/app-store-changelog.*3 bytes/);
  });

  test('keys of serdes that cannot write in place', () => {
    const { store, table } = plain(Serdes.ListSerde(Serdes.String()), Serdes.Json<number>());
    store.put(['a'], 1, 3);
    const log = commit(table);
    const copy = plain(Serdes.ListSerde(Serdes.String()), Serdes.Json<number>());
    restoreRows(copy.table, log);
    expect(copy.store.fetch(['a'], 3)).toBe(1);
  });
});

test('the way of operators: entries of expired windows can be written and forwarded, and are not kept', () => {
  const { table, store } = timestamped(Serdes.String(), Serdes.Long());
  table.write(table.getEntry('a', 500), 1, 505);
  const entry = table.getEntry('a', 400);
  expect(table.read(entry)).toBeNull();
  table.write(entry, 7, 405);
  expect(table.read(entry)).toBe(7);
  expect(store.fetch('a', 400)).toBeNull();
  expect(table.approximateNumEntries()).toBe(1);
  expect(table.getEntry('a', 500)).toBe(table.getEntry('a', 500));
  expect(commit(table)).toHaveLength(1);
});

test('rows as bytes', () => {
  const { table, store } = timestamped(Serdes.String(), Serdes.Integer());
  store.put('a', { value: 5, timestamp: 7 }, 10);
  const [row] = table.rawAll(10);
  expect(Buffer.from(row!.key).toString('hex')).toBe('61000000000000000a');
  expect(table.rawGet(row!.key)).toEqual({ ...row, timestamp: 7 });
  expect(table.rawGet(Buffer.from('62000000000000000a', 'hex'))).toBeUndefined();
  expect(table.rawAll(0)).toEqual([]);
});

describe('against a model', () => {
  test.each([11, 12, 13, 14, 15])('seed %i: contents, order, expiry and a restored copy', (seed) => {
    const retentionMs = 120;
    const below = random(seed);
    const { store, table, origin } = timestamped(Serdes.String(), Serdes.Msgpack<{ n: number }>(), { retentionMs });
    const model = new Map<string, { key: string; start: number; n: number }>();
    const changelog: ChangelogRow[] = [];
    let observed = Number.NEGATIVE_INFINITY;
    let clock = 0;
    const expected = (keep: (start: number, key: string) => boolean): string[] =>
      [...model.values()]
        .filter(({ start, key }) => keep(start, key))
        .sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1))
        .map(({ key, start, n }) => `${key}@${start}=${n}`);
    const seen = (scan: Iterable<KeyValue<Windowed<string>, ValueAndTimestamp<{ n: number }>>>): string[] =>
      [...scan].map((row) => `${row.key.key}@${row.key.window.startMs}=${row.value.value.n}`);
    for (let step = 0; step < 2500; step++) {
      clock += below(4);
      origin.timestamp = clock;
      const start = Math.max(0, Math.floor((clock - below(200)) / SIZE_MS) * SIZE_MS);
      const key = `k${below(12)}`;
      const action = below(10);
      if (action < 6) {
        store.put(key, { value: { n: step }, timestamp: clock }, start);
        observed = Math.max(observed, start);
        for (const [id, row] of model) if (row.start <= observed - retentionMs) model.delete(id);
        if (start > observed - retentionMs) model.set(`${key}@${start}`, { key, start, n: step });
      } else if (action < 7 && start <= observed) {
        store.put(key, null, start);
        model.delete(`${key}@${start}`);
      } else if (action < 8) {
        const from = start - below(100);
        expect(seen(store.fetchAll(from, start))).toEqual(expected((at) => at >= from && at <= start));
        expect(seen(store.backwardFetchRange('k1', 'k5', from, start))).toEqual(
          expected((at, k) => at >= from && at <= start && k >= 'k1' && k <= 'k5').reverse(),
        );
      } else if (action === 8 && below(10) === 0) {
        changelog.push(...commit(table));
      } else {
        expect(store.fetch(key, start)?.value.n).toBe(model.get(`${key}@${start}`)?.n);
      }
      expect(table.approximateNumEntries()).toBe(model.size);
    }
    changelog.push(...commit(table));
    const copy = timestamped(Serdes.String(), Serdes.Msgpack<{ n: number }>(), { retentionMs });
    restoreRows(copy.table, changelog);
    expect(seen(store.all())).toEqual(expected(() => true));
    expect(seen(copy.store.all())).toEqual(expected(() => true));
    expect(copy.table.approximateNumEntries()).toBe(model.size);
  });
});

test('text keys sort by bytes within a window', () => {
  const { store } = plain(Serdes.String(), Serdes.Integer());
  for (const key of ['\u{1f600}', '\uff00', 'a']) store.put(key, 1, 0);
  expect([...store.all()].map((row) => row.key.key)).toEqual(['a', '\uff00', '\u{1f600}']);
  expect(asciiHex('a')).toBe('61');
});
