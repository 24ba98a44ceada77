import { describe, expect, test } from 'vitest';
import { type Serde, Serdes } from '../../../src/serde/index.ts';
import {
  createStore,
  type KeyValueStore,
  type KeyValueTable,
  type StoreSpec,
  type TimestampedKeyValueStore,
} from '../../../src/state/index.ts';
import { asciiHex, type ChangelogRow, commit, random, restoreRows, testContext, testSpec } from './store-fixture.ts';

function plain<K, V>(keySerde: Serde<K>, valueSerde: Serde<V>, more: Partial<StoreSpec<K, V>> = {}) {
  const context = testContext();
  const store = createStore(testSpec('keyValue', keySerde, valueSerde, more), context);
  return { origin: context.origin, table: store.table as KeyValueTable<K, V>, store: store.view as KeyValueStore<K, V> };
}

function timestamped<K, V>(keySerde: Serde<K>, valueSerde: Serde<V>) {
  const context = testContext();
  const store = createStore(testSpec('timestampedKeyValue', keySerde, valueSerde), context);
  return { origin: context.origin, table: store.table as KeyValueTable<K, V>, store: store.view as TimestampedKeyValueStore<K, V> };
}

const keysOf = (rows: Iterable<{ key: unknown }>): unknown[] => [...rows].map((row) => row.key);

describe('key-value store', () => {
  test('get, put, putIfAbsent, putAll, delete', () => {
    const { store } = plain(Serdes.String(), Serdes.Long());
    expect(store.get('a')).toBeNull();
    store.put('a', 1);
    expect(store.putIfAbsent('a', 9)).toBe(1);
    expect(store.putIfAbsent('b', 2)).toBeNull();
    store.putAll([
      { key: 'c', value: 3 },
      { key: 'a', value: null },
    ]);
    expect(store.get('a')).toBeNull();
    expect(store.get('b')).toBe(2);
    expect(store.approximateNumEntries()).toBe(2);
    expect(store.delete('b')).toBe(2);
    expect(store.delete('b')).toBeNull();
    store.put('c', null);
    expect(store.approximateNumEntries()).toBe(0);
    expect([...store.all()]).toEqual([]);
  });

  test('a null key throws everywhere', () => {
    const { store } = plain(Serdes.String(), Serdes.Long());
    const key = null as unknown as string;
    for (const use of [() => store.get(key), () => store.put(key, 1), () => store.delete(key), () => store.putIfAbsent(key, 1)]) {
      expect(use).toThrow(/"store".*null key/);
    }
    expect(() => store.put(5 as never, 1)).toThrow(/string takes a string but got number 5/);
  });

  test('order is that of the serialised bytes: negative integers last', () => {
    const { store } = plain(Serdes.Integer(), Serdes.String());
    for (const key of [5, -1, 300, 0, -300, 70000]) store.put(key, `v${key}`);
    expect(keysOf(store.all())).toEqual([0, 5, 300, 70000, -300, -1]);
    expect(keysOf(store.reverseAll())).toEqual([-1, -300, 70000, 300, 5, 0]);
    expect(keysOf(store.range(5, 300))).toEqual([5, 300]);
    expect(keysOf(store.range(6, -300))).toEqual([300, 70000, -300]);
    expect(keysOf(store.reverseRange(null, 5))).toEqual([5, 0]);
    expect(keysOf(store.range(300, null))).toEqual([300, 70000, -300, -1]);
    expect(keysOf(store.range(-1, 5))).toEqual([]);
  });

  test('text is ordered by its UTF-8 bytes, not by UTF-16', () => {
    const { store } = plain(Serdes.String(), Serdes.Integer());
    for (const key of ['\u{1f600}', '\uff00', 'é', 'z', 'a', '']) store.put(key, 1);
    expect(keysOf(store.all())).toEqual(['', 'a', 'z', 'é', '\uff00', '\u{1f600}']);
    expect(keysOf(store.range('z', '\uff00'))).toEqual(['z', 'é', '\uff00']);
  });

  test('prefix scan, also with a prefix of another type', () => {
    const { store } = plain(Serdes.String(), Serdes.Integer());
    for (const key of ['b', 'ab', 'abc', 'ac', 'abé', 'a']) store.put(key, 1);
    expect(keysOf(store.prefixScan('ab', Serdes.String()))).toEqual(['ab', 'abc', 'abé']);
    expect(keysOf(store.prefixScan(Uint8Array.of(0x61), Serdes.Bytes()))).toEqual(['a', 'ab', 'abc', 'abé', 'ac']);
    expect(keysOf(store.prefixScan('x', Serdes.String()))).toEqual([]);
  });

  test('an iterator is a snapshot of the keys and leaves out what was deleted since', () => {
    const { store } = plain(Serdes.String(), Serdes.Integer());
    for (const key of ['a', 'b', 'c', 'd']) store.put(key, 1);
    const rows = store.all();
    expect(rows.next().value).toEqual({ key: 'a', value: 1 });
    store.put('aa', 1);
    store.delete('b');
    store.put('c', 7);
    expect([...rows]).toEqual([
      { key: 'c', value: 7 },
      { key: 'd', value: 1 },
    ]);
    const closed = store.all();
    closed.close();
    expect(closed.next().done).toBe(true);
  });

  test('keys that are objects are equal by their bytes, and a changed key object changes nothing', () => {
    const { store } = plain(Serdes.Json<{ id: number }>(), Serdes.Integer());
    const key = { id: 1 };
    store.put(key, 10);
    key.id = 2;
    expect(store.get({ id: 1 })).toBe(10);
    expect(store.get({ id: 2 })).toBeNull();
    const seen = [...store.all()][0]!.key;
    seen.id = 3;
    expect(keysOf(store.all())).toEqual([{ id: 1 }]);
    const binary = plain(Serdes.Bytes(), Serdes.Integer()).store;
    binary.put(Uint8Array.of(1, 255), 5);
    expect(binary.get(Buffer.from([1, 255]))).toBe(5);
  });
});

describe('live objects do not leak', () => {
  interface Row {
    list: { n: number }[];
    text: string;
  }

  class Point {
    x = 1;
    get double(): number {
      return this.x * 2;
    }
  }

  test.each([
    ['json', Serdes.Json<Row>()],
    ['msgpack', Serdes.Msgpack<Row>()],
  ])('%s values are copied in and out', (_name, serde) => {
    const { store } = plain(Serdes.String(), serde);
    const value = { list: [{ n: 1 }], text: 'x' };
    store.put('a', value);
    value.list[0]!.n = 99;
    expect(store.get('a')).toEqual({ list: [{ n: 1 }], text: 'x' });
    store.get('a')!.list.push({ n: 2 });
    for (const row of store.all()) row.value.text = 'changed';
    expect(store.get('a')).toEqual({ list: [{ n: 1 }], text: 'x' });
  });

  test('Date, Map, Set and bytes are copied deeply; other classes take the way through the serde', () => {
    const { store } = plain(Serdes.String(), Serdes.Msgpack<unknown>());
    const list = [1];
    const value = { date: new Date(5), map: new Map([['k', list]]), set: new Set([1]), bytes: Uint8Array.of(1), none: null };
    const before = { date: new Date(5), map: new Map([['k', [1]]]), set: new Set([1]), bytes: Uint8Array.of(1), none: null };
    store.put('a', value);
    value.date.setTime(6);
    list.push(2);
    value.set.add(2);
    value.bytes[0] = 9;
    expect(store.get('a')).toEqual(before);
    store.put('p', { point: new Point() });
    const seen = store.get('p') as { point: unknown };
    expect(seen).toEqual({ point: { x: 1 } });
    expect(seen.point).not.toBeInstanceOf(Point);
  });
});

describe('changelog', () => {
  test('each changed key once per epoch, in order of first change, with the timestamp of its last put', () => {
    const { store, table, origin } = plain(Serdes.String(), Serdes.Integer());
    origin.timestamp = 10;
    store.put('b', 1);
    origin.timestamp = 20;
    store.put('a', 2);
    origin.timestamp = 30;
    store.put('b', 3);
    expect(commit(table)).toEqual([
      [asciiHex('b'), '00000003', 30],
      [asciiHex('a'), '00000002', 20],
    ]);
    expect(table.hasChanges).toBe(false);
    expect(commit(table)).toEqual([]);
    origin.timestamp = 40;
    store.delete('a');
    expect(commit(table)).toEqual([[asciiHex('a'), null, 40]]);
    expect(table.metrics.changelogRecords).toBe(3);
  });

  test("timestamped: raw value, the value's own time; tombstone: time of the current record", () => {
    const { store, table, origin } = timestamped(Serdes.String(), Serdes.Json<number[]>());
    origin.timestamp = 500;
    store.put('a', { value: [1], timestamp: 5 });
    store.put('b', { value: [2], timestamp: 6 });
    store.put('b', null);
    store.put('c', { value: null as never, timestamp: 7 }); // as Java's ValueAndTimestamp.make(null, …), which is null
    expect(store.get('c')).toBeNull();
    expect(table.metrics).toMatchObject({ puts: 2, deletes: 2, gets: 1 });
    expect(store.get('a')).toEqual({ value: [1], timestamp: 5 });
    expect(commit(table)).toEqual([
      [asciiHex('a'), asciiHex('[1]'), 5],
      [asciiHex('b'), null, 500],
      [asciiHex('c'), null, 500],
    ]);
  });

  test('without caching a new key deleted again is a tombstone; deleting what never was, too', () => {
    const { store, table } = plain(Serdes.String(), Serdes.Integer());
    store.put('a', 1);
    store.delete('a');
    store.put('x', null);
    store.put('x', null);
    expect(commit(table)).toEqual([
      [asciiHex('a'), null, 0],
      [asciiHex('x'), null, 0],
    ]);
    store.put('a', 2);
    expect(commit(table)).toEqual([[asciiHex('a'), '00000002', 0]]);
  });

  test('nothing is written when logging is off or the source topic is the changelog', () => {
    for (const more of [{ logging: { enabled: false, config: {} } }, { sourceTopic: 'input' }]) {
      const { store, table } = plain(Serdes.String(), Serdes.Integer(), more);
      store.put('a', 1);
      store.delete('a');
      store.put('b', 1);
      expect(table.hasChanges).toBe(false);
      expect(commit(table)).toEqual([]);
      expect(keysOf(store.all())).toEqual(['b']);
    }
  });

  test('a value larger than any buffer', () => {
    const { store, table } = plain(Serdes.String(), Serdes.Json<string>());
    const large = 'x'.repeat(200_000);
    store.put('large', large);
    store.put('small', 's');
    expect(commit(table)).toEqual([
      [asciiHex('large'), asciiHex(`"${large}"`), 0],
      [asciiHex('small'), asciiHex('"s"'), 0],
    ]);
  });
});

describe('restore', () => {
  test('values stay bytes until they are read; null deletes; the timestamp comes back', () => {
    let decoded = 0;
    const counting: Serde<unknown> = {
      ...Serdes.Json(),
      name: 'counting',
      deserialize(data, topic) {
        decoded++;
        return Serdes.Json().deserialize(data, topic);
      },
    };
    const { store, table } = timestamped(Serdes.String(), counting);
    restoreRows(table, [
      [asciiHex('a'), asciiHex('{"n":1}'), 7],
      [asciiHex('b'), asciiHex('{"n":2}'), 8],
      [asciiHex('a'), asciiHex('{"n":3}'), 9],
      [asciiHex('b'), null, 10],
    ]);
    expect(table.approximateNumEntries()).toBe(1);
    expect(decoded).toBe(0);
    expect(store.get('a')).toEqual({ value: { n: 3 }, timestamp: 9 });
    expect(store.get('a')).toEqual({ value: { n: 3 }, timestamp: 9 });
    expect(decoded).toBe(1);
    expect(store.get('b')).toBeNull();
    expect(commit(table)).toEqual([]);
    expect(table.metrics.restored).toBe(4);
  });

  test('bytes that cannot be read name the changelog when they are read', () => {
    const { store, table } = timestamped(Serdes.String(), Serdes.Json());
    restoreRows(table, [[asciiHex('a'), asciiHex('{oops'), 7]]);
    expect(() => store.get('a')).toThrow(/json cannot read 5 bytes of topic "app-store-changelog".*\{oops/);
  });

  test('from a cursor', () => {
    const { store, table } = plain(Serdes.String(), Serdes.Json<number>());
    const buffer = Buffer.from('a1bb22c');
    const rows = [
      [0, 1, 1, 1],
      [2, 2, 4, 2],
      [6, 1, 0, -1],
      [0, -1, 0, 1],
    ];
    let at = -1;
    const cursor = {
      buffer,
      timestamp: 3,
      keyStart: 0,
      keyLength: 0,
      valueStart: 0,
      valueLength: 0,
      next(): boolean {
        const row = rows[++at];
        if (row === undefined) return false;
        [this.keyStart, this.keyLength, this.valueStart, this.valueLength] = row as [number, number, number, number];
        return true;
      },
    };
    expect(table.restoreBatch(cursor)).toBe(4);
    buffer.fill(0);
    expect([...store.all()]).toEqual([
      { key: 'a', value: 1 },
      { key: 'bb', value: 22 },
    ]);
  });
});

describe('the way of operators', () => {
  test('in place, with old values as bytes, and undone after a failure', () => {
    const { table } = timestamped(Serdes.String(), Serdes.Json<{ n: number }>());
    table.sendOldValues = true;
    restoreRows(table, [[asciiHex('a'), asciiHex('{"n":1}'), 7]]);
    const entry = table.getEntry('a');
    table.beforeChange(entry);
    const value = table.read(entry)!;
    value.n = 50; // and the aggregator throws
    table.undoChange(entry);
    expect(table.read(entry)).toEqual({ n: 1 });

    table.beforeChange(entry);
    const old = table.valueBytes(entry);
    const again = table.read(entry)!;
    again.n++;
    table.write(entry, again, 9);
    expect(String(old)).toBe('{"n":1}');
    expect(String(table.valueBytes(entry))).toBe('{"n":2}');
    expect(table.valueBytes(entry)).toBe(table.valueBytes(entry));
    expect(commit(table)).toEqual([[asciiHex('a'), asciiHex('{"n":2}'), 9]]);
  });

  test('an entry that was asked for and never written leaves no trace', () => {
    const { table, store } = timestamped(Serdes.String(), Serdes.Long());
    expect(table.read(table.getEntry('a'))).toBeNull();
    expect(table.findEntry('a')).toBeUndefined();
    expect([...store.all()]).toEqual([]);
    expect(commit(table)).toEqual([]);
  });
});

describe('against a model', () => {
  test.each([1, 2, 3, 4, 5, 6])('seed %i: contents, order, and a restored copy are equal', (seed) => {
    const below = random(seed);
    const { store, table, origin } = timestamped(Serdes.Integer(), Serdes.Json<{ n: number }>());
    const model = new Map<number, { n: number; timestamp: number }>();
    const changelog: ChangelogRow[] = [];
    const byBytes = (a: number, b: number): number => (a >>> 0) - (b >>> 0);
    for (let step = 0; step < 3000; step++) {
      const key = below(80) - 40;
      origin.timestamp = step;
      const action = below(10);
      if (action < 5) {
        store.put(key, { value: { n: step }, timestamp: step });
        model.set(key, { n: step, timestamp: step });
      } else if (action < 7) {
        expect(store.delete(key)?.value.n).toBe(model.get(key)?.n);
        model.delete(key);
      } else if (action === 7) {
        const to = below(80) - 40;
        const expected = [...model.keys()].filter((k) => byBytes(k, key) >= 0 && byBytes(k, to) <= 0).sort(byBytes);
        expect(keysOf(store.range(key, to))).toEqual(expected);
        expect(keysOf(store.reverseRange(key, to))).toEqual(expected.reverse());
      } else if (action === 8 && below(20) === 0) {
        const rows = commit(table);
        expect(new Set(rows.map((row) => row[0])).size).toBe(rows.length);
        changelog.push(...rows);
      } else {
        expect(store.get(key)?.timestamp).toBe(model.get(key)?.timestamp);
      }
      expect(store.approximateNumEntries()).toBe(model.size);
    }
    changelog.push(...commit(table));
    const copy = timestamped(Serdes.Integer(), Serdes.Json<{ n: number }>());
    restoreRows(copy.table, changelog);
    const expected = [...model]
      .sort(([a], [b]) => byBytes(a, b))
      .map(([key, { n, timestamp }]) => ({ key, value: { value: { n }, timestamp } }));
    expect([...store.all()]).toEqual(expected);
    expect([...copy.store.all()]).toEqual(expected);
  });
});
