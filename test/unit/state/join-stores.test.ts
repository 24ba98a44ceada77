import { describe, expect, it } from 'vitest';
import { int64, json, string } from '../../../src/serde/index.ts';
import type { Serde } from '../../../src/serde/serde.ts';
import { CallbackWriter } from '../../../src/state/callback-writer.ts';
import { JoinTime } from '../../../src/state/join/join-time.ts';
import { JoinWindowView, OuterJoinView } from '../../../src/state/join/join-views.ts';
import { JoinWindowTable } from '../../../src/state/join/join-window-table.ts';
import { OuterJoinTable } from '../../../src/state/join/outer-join-table.ts';
import { type ChangelogRow, random, testContext, testSpec } from './store-fixture.ts';

const RETENTION_MS = 100;
const KEYS = ['a', 'b', 'ab', 'c', 'ä'];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function windowTable<V>(valueSerde: Serde<V>, retentionMs = RETENTION_MS) {
  const spec = testSpec('joinWindow', string(), valueSerde, { retentionMs, windowSizeMs: 50, retainDuplicates: true });
  const table = new JoinWindowTable(spec, testContext());
  const changelog: ChangelogRow[] = [];
  table.logTo(new CallbackWriter((key, value, timestampMs) => void changelog.push([hex(key), value && hex(value), timestampMs])));
  return { table, changelog, view: new JoinWindowView(table) };
}

function restoreWindow<V>(valueSerde: Serde<V>, rows: readonly ChangelogRow[]) {
  const made = windowTable(valueSerde);
  for (const [key, value] of rows) made.table.restore(Buffer.from(key, 'hex'), value === null ? null : Buffer.from(value, 'hex'));
  return made;
}

/** What a lookup of the join finds. */
function lookUp<V>(table: JoinWindowTable<string, V>, key: string, fromMs: number, toMs: number): [number, V][] {
  const rows = table.find(table.mapKeyOf(key));
  const found: [number, V][] = [];
  if (rows === undefined) return found;
  for (let at = rows.from(Math.max(fromMs, table.firstLiveMs)); at < rows.times.length && rows.times[at]! <= toMs; at++)
    found.push([rows.times[at]!, table.read(rows.values[at])]);
  return found;
}

describe('the window store of a join', () => {
  it.each([1, 2, 3, 4, 5, 6])('seed %i: look-ups, expiry, order and a restored copy are those of a plain list', (seed) => {
    const below = random(seed);
    const { table, view, changelog } = windowTable(json<{ n: number }>());
    let kept: { key: string; timeMs: number; n: number }[] = [];
    let [now, observed] = [0, -1];
    for (let n = 0; n < 3_000; n++) {
      now += below(4) === 0 ? below(30) : below(3);
      const [key, timeMs] = [KEYS[below(KEYS.length)]!, Math.max(0, now - (below(3) === 0 ? below(150) : 0))];
      observed = Math.max(observed, timeMs);
      const live = timeMs > observed - RETENTION_MS;
      expect(table.put(key, timeMs, { n }, null)).toBe(live);
      if (live) kept.push({ key, timeMs, n });
      kept = kept.filter((row) => row.timeMs > observed - RETENTION_MS);
      if (n % 50 !== 0) continue;
      const [fromMs, wanted] = [now - below(120), KEYS[below(KEYS.length)]!];
      const inRange = kept.filter((row) => row.key === wanted && row.timeMs >= fromMs && row.timeMs <= now);
      expect(lookUp(table, wanted, fromMs, now)).toEqual(
        inRange.sort((a, b) => a.timeMs - b.timeMs).map((row) => [row.timeMs, { n: row.n }]),
      );
    }
    const all = kept.sort((a, b) => a.timeMs - b.timeMs || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.n - b.n);
    const rows = all.map(({ key, timeMs, n }) => ({ key: { key, window: { startMs: timeMs, endMs: timeMs + 50 } }, value: { n } }));
    expect([...view.all()]).toEqual(rows);
    expect([...view.backwardAll()]).toEqual(rows.toReversed());
    expect([...restoreWindow(json<{ n: number }>(), changelog).view.all()]).toEqual(rows);
  });

  it('lets go of keys that no longer come', () => {
    const { table } = windowTable(string());
    for (let index = 0; index < 10_000; index++) table.put(`key-${index}`, index, 'value', null);
    expect(table.approximateNumEntries()).toBeLessThan(2 * RETENTION_MS);
    table.put('last', 1_000_000, 'value', null);
    expect(table.approximateNumEntries()).toBe(1);
    expect(table.find('key-9999')).toBeUndefined();
  });

  it('keeps a key that comes back while its old rows are still being let go of', () => {
    const { table } = windowTable(string());
    table.put('a', 0, 'first', null);
    table.put('a', 3, 'second', null);
    table.put('b', 104, 'expires both, but the bucket of the second only in part', null);
    table.put('a', 104, 'third', null);
    table.put('b', 120, 'expires the bucket of the second', null);
    expect(lookUp(table, 'a', 0, 200)).toEqual([[104, 'third']]);
  });

  it('writes key, time and a sequence number that goes on over records that are not kept, and after a restart', () => {
    const { table, changelog } = windowTable(string());
    table.put('a', 200, 'x', null);
    expect(table.putNothing(200)).toBe(true);
    expect(table.put('a', 100, 'late', null)).toBe(false);
    expect(table.putNothing(100)).toBe(false);
    table.put('a', 200, 'y', null);
    const keyOf = (sequence: string) => `6100000000000000c8${sequence}`;
    expect(changelog).toEqual([
      [keyOf('00000001'), hex(Buffer.from('x')), 200],
      [keyOf('00000005'), hex(Buffer.from('y')), 200],
    ]);
    const restored = restoreWindow(string(), changelog);
    restored.table.put('a', 200, 'z', null);
    expect(restored.changelog).toEqual([[keyOf('00000006'), hex(Buffer.from('z')), 200]]);
    expect([...restored.view.fetch('a', 0, 300)].map(({ value }) => value)).toEqual(['x', 'y', 'z']);
  });

  it('gives every reader an object of its own where values could be changed', () => {
    const { table } = windowTable(json<{ n: number }>());
    const mine = { n: 1 };
    table.put('a', 10, mine, null);
    mine.n = 2;
    const [first, second] = [lookUp(table, 'a', 0, 20)[0]![1], lookUp(table, 'a', 0, 20)[0]![1]];
    first.n = 3;
    expect(second).toEqual({ n: 1 });
  });

  it('with a retention of 0 keeps nothing', () => {
    const { table } = windowTable(string(), 0);
    expect(table.put('a', 10, 'x', null)).toBe(false);
    expect(lookUp(table, 'a', 0, 20)).toEqual([]);
  });

  it('calls a record that no window store writes corrupt', () => {
    const { table } = windowTable(string());
    expect(() => table.restore(Buffer.alloc(11), null)).toThrow(expect.objectContaining({ code: 'CORRUPT_RECORD' }));
  });
});

function outerTable() {
  const spec = testSpec<string, any>('outerJoin', string(), json<{ n: number }>(), { otherValueSerde: int64(), retentionMs: RETENTION_MS });
  const table = new OuterJoinTable<string>(spec, testContext());
  const changelog: ChangelogRow[] = [];
  const commit = (): ChangelogRow[] => {
    const rows: ChangelogRow[] = [];
    table.writeChangelog(new CallbackWriter((key, value, timestampMs) => void rows.push([hex(key), value && hex(value), timestampMs])));
    changelog.push(...rows);
    return rows;
  };
  return { table, changelog, commit, view: new OuterJoinView(table) };
}

function restoreOuter(rows: readonly ChangelogRow[]) {
  const made = outerTable();
  for (const [key, value, timestampMs] of rows)
    made.table.restore(Buffer.from(key, 'hex'), value === null ? null : Buffer.from(value, 'hex'), timestampMs);
  return made;
}

describe('the store that the sides of an outer join share', () => {
  it.each([11, 12, 13, 14, 15])('seed %i: order, removal and a restored copy are those of a sorted list', (seed) => {
    const below = random(seed);
    const { table, view, changelog, commit } = outerTable();
    let kept: { key: string; timeMs: number; left: boolean; n: number }[] = [];
    for (let n = 0; n < 4_000; n++) {
      const [key, timeMs, left] = [KEYS[below(KEYS.length)]!, Math.max(0, (n >> 2) - below(60)), below(2) === 0];
      if (below(3) > 0) {
        table.put(key, timeMs, left, left ? { n } : n, null);
        kept.push({ key, timeMs, left, n });
      } else {
        const row = table.find(key)?.find(timeMs, left);
        if (row !== undefined) table.remove(row, timeMs + 1);
        kept = kept.filter((other) => !(other.key === key && other.timeMs === timeMs && other.left === left));
      }
      if (below(20) === 0) commit();
    }
    commit();
    const bytes = (text: string) => Buffer.from(text);
    const sorted = kept.sort(
      (a, b) => a.timeMs - b.timeMs || Number(a.left) - Number(b.left) || Buffer.compare(bytes(a.key), bytes(b.key)) || a.n - b.n,
    );
    const rows = sorted.map(({ key, timeMs, left, n }) => ({
      key: { key, timestampMs: timeMs, side: left ? 'left' : 'right' },
      value: left ? { n } : n,
    }));
    expect([...view.all()]).toEqual(rows);
    expect(table.lastTimeMs).toBe(sorted.at(-1)?.timeMs);
    expect([...restoreOuter(changelog).view.all()]).toEqual(rows);
  });

  it('writes time, side and key, and all values of a row as a list', () => {
    const { table, commit } = outerTable();
    table.put('k', 5, true, { n: 1 }, null);
    table.put('k', 5, true, { n: 2 }, null);
    table.put('k', 5, false, 7, null);
    const value = (n: number) => `0000000801${hex(Buffer.from(`{"n":${n}}`))}`;
    expect(commit()).toEqual([
      ['0000000000000005016b', `0100000002${value(1)}${value(2)}`, 5],
      ['0000000000000005006b', '0100000001000000090000000000000000' + '07', 5],
    ]);
    table.remove(table.find('k')!.find(5, true)!, 9);
    expect(commit()).toEqual([['0000000000000005016b', null, 9]]);
    expect(commit()).toEqual([]);
  });

  it('does not mention a row that came and went between two commits, but does one that went and came', () => {
    const { table, commit } = outerTable();
    const remove = (nowMs: number) => table.remove(table.find('k')!.find(5, false)!, nowMs);
    table.put('k', 5, false, 1, null);
    remove(6);
    expect(commit()).toEqual([]);
    table.put('k', 5, false, 2, null);
    commit();
    remove(7);
    table.put('k', 5, false, 3, null);
    expect(commit().map(([, value]) => value)).toEqual([null, '01000000010000000900' + '0000000000000003']);
    expect(table.isEmpty).toBe(false);
  });

  it('writes values that are larger than any first buffer', () => {
    const { table, view } = outerTable();
    const large = { n: 1, text: 'x'.repeat(100_000) };
    table.put('k', 5, true, large, null);
    const rows: ChangelogRow[] = [];
    table.writeChangelog({
      appendWith: (timestampMs, keySerde, key, valueSerde, value) =>
        void rows.push([hex(keySerde.serialize(key, '')), hex(valueSerde.serialize(value!, '')), timestampMs]),
    });
    expect([...restoreOuter(rows).view.all()]).toEqual([...view.all()]);
  });

  it.each([
    ['a short key', '0000000000000005', '01'],
    ['no list', '00000000000000050161', '00'],
    ['a list that ends early', '00000000000000050161', '010000000200000001' + '01'],
    ['an entry without a side', '00000000000000050161', '010000000100000000'],
  ])('calls a record with %s corrupt', (_, key, value) => {
    const rows: ChangelogRow[] = [[key, value, 0]];
    expect(() => restoreOuter(rows)).toThrow(expect.objectContaining({ code: 'CORRUPT_RECORD' }));
  });
});

describe('the time of a join', () => {
  it('looks for closed windows when the oldest row may be closed, or nothing is known, and then not for an interval', () => {
    const time = new JoinTime();
    expect(time.mayEmit(10)).toBe(true);
    time.minTimeMs = 100;
    time.streamTimeMs = 110;
    expect(time.mayEmit(10)).toBe(false);
    expect(time.mayEmit(9)).toBe(true);
    expect([5_000, 5_999, 6_000, 6_500].map((nowMs) => time.takeTurn(nowMs, 1_000))).toEqual([true, false, true, false]);
  });
});
