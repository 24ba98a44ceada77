import { describe, expect, it } from 'vitest';
import { ByteIndex } from '../../../src/state/byte-index.ts';
import { ATTACHED, Entry } from '../../../src/state/entry.ts';
import { SeededRandom } from '../protocol/seeded-random.ts';

type Row = Entry<string, number>;

function row(key: string): Row {
  const entry = new Entry<string, number>(key, key, null, 0);
  entry.flags = ATTACHED;
  return entry;
}

/** Looks a key up where it lies in the middle of other bytes. */
function find(index: ByteIndex<string, number>, key: string): Row | undefined {
  const bytes = Buffer.from(`<${key}>`, 'latin1');
  return index.find(bytes, 1, key.length);
}

function put(index: ByteIndex<string, number>, entry: Row): void {
  expect(find(index, entry.key)).toBeUndefined();
  index.add(entry);
}

describe('ByteIndex', () => {
  it('finds keys of every length, and none but those', () => {
    const index = new ByteIndex<string, number>(false);
    const rows = Array.from({ length: 40 }, (_, length) => row('abcdefghijklmnopqrstuvwxyz0123456789-+*/'.slice(0, length)));
    for (const entry of rows) put(index, entry);
    for (const entry of rows) {
      expect(find(index, entry.key)).toBe(entry);
      if (entry.key !== '') expect(find(index, `${entry.key.slice(0, -1)}#`)).toBeUndefined();
    }
    expect(find(index, '\0')).toBeUndefined();
  });

  it('equals a Map while keys come and go', () => {
    const random = new SeededRandom();
    const index = new ByteIndex<string, number>(true);
    const model = new Map<string, Row>();
    for (let step = 0; step < 60_000; step++) {
      const number = Math.floor(random.next() * 3_000);
      const key = number % 3 === 0 ? `a-key-longer-than-twelve-bytes-${number}` : String(number);
      const expected = model.get(key);
      const found = find(index, key);
      if (found !== undefined) expect(found).toBe(expected);
      if (expected === undefined) {
        const entry = row(key);
        model.set(key, entry);
        index.add(entry);
        expect(find(index, key)).toBe(entry);
      } else if (random.next() < 0.3) {
        expected.flags = 0; // deleted from its store, which tells the index nothing
        model.delete(key);
        expect(find(index, key)).toBeUndefined();
      }
    }
  });

  it('tells texts from bytes that have the same char codes but are no UTF-8', () => {
    const text = new ByteIndex<string, number>(false);
    const bytes = new ByteIndex<string, number>(true);
    for (const key of ['é', 'a long key with an é']) {
      const entry = row(key);
      expect(find(text, key)).toBeUndefined();
      text.add(entry);
      expect(find(text, key)).toBeUndefined();
      put(bytes, entry);
      expect(find(bytes, key)).toBe(entry);
    }
  });

  it('takes no other entry than that of the last search', () => {
    const index = new ByteIndex<string, number>(false);
    for (const [sought, other] of [
      ['a', 'b'],
      ['the same length, but this', 'the same length, but that'],
    ] as const) {
      find(index, sought);
      index.add(row(other));
      expect([find(index, sought), find(index, other)]).toEqual([undefined, undefined]);
    }
    const entry = row('a');
    put(index, entry);
    expect(find(index, 'a')).toBe(entry);
    index.add(row('a')); // after a hit nothing is sought
    expect(find(index, 'a')).toBe(entry);
  });

  it('forgets entries that are in no store any more', () => {
    const index = new ByteIndex<string, number>(false);
    const entry = row('a');
    put(index, entry);
    entry.flags = 0;
    const next = row('a');
    put(index, next);
    expect(find(index, 'a')).toBe(next);
  });
});
