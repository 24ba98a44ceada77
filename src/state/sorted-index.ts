import type { Serde } from '../serde/serde.ts';
import { string } from '../serde/string.ts';
import { bytesToLatin1 } from './byte-codec.ts';
import type { Entry } from './entry.ts';

/** An entry beside its key bytes as a latin1 string, whose order is the order of the bytes. */
interface SortedEntry<K, V> {
  readonly sortKey: string;
  readonly entry: Entry<K, V>;
}

/**
 * The entries of a store in the order of their serialised keys. Never changed once made: a store makes a new one when
 * keys were added or removed since, so an iterator over an old one is a snapshot of the key set.
 */
export class SortedIndex<K, V> {
  readonly items: readonly SortedEntry<K, V>[];

  constructor(entries: Iterable<Entry<K, V>>, sortKeyOf: (entry: Entry<K, V>) => string) {
    const items: SortedEntry<K, V>[] = [];
    for (const entry of entries) {
      if (entry.value !== null) items.push({ sortKey: sortKeyOf(entry), entry });
    }
    this.items = items.sort(compareSortKeys);
  }

  /** Position of the first key that is not less than `sortKey`. */
  lowerBound(sortKey: string): number {
    return this.search((key) => key < sortKey, 0);
  }

  /** Position after the last key that is not greater than `sortKey`. */
  upperBound(sortKey: string): number {
    return this.search((key) => key <= sortKey, 0);
  }

  /** Position after the last key that begins with `prefix`, counted from `start`, where the first of them would be. */
  prefixEnd(prefix: string, start: number): number {
    return this.search((key) => key.startsWith(prefix), start);
  }

  /** The entries between two positions; null bounds are open. */
  *range(from: string | null, to: string | null, backward: boolean): Generator<Entry<K, V>> {
    const start = from === null ? 0 : this.lowerBound(from);
    const end = to === null ? this.items.length : this.upperBound(to);
    yield* this.slice(start, end, backward);
  }

  *slice(start: number, end: number, backward: boolean): Generator<Entry<K, V>> {
    if (backward) {
      for (let i = end - 1; i >= start; i--) yield this.items[i]!.entry;
    } else {
      for (let i = start; i < end; i++) yield this.items[i]!.entry;
    }
  }

  /** The first position from `start` on whose key does not come before; `before` is true up to it and false after. */
  private search(before: (sortKey: string) => boolean, start: number): number {
    const { items } = this;
    let low = start;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(items[middle]!.sortKey)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compareSortKeys(a: { readonly sortKey: string }, b: { readonly sortKey: string }): number {
  return a.sortKey < b.sortKey ? -1 : a.sortKey > b.sortKey ? 1 : 0;
}

const NOT_ASCII = /[^\0-\x7f]/;

/** The key's bytes as a latin1 string, which is what a key is sorted by. */
export type SortKeyFunction<K> = (key: K, mapKey: string | number) => string;

/** For text and for serdes without a `mapKey` of their own, the map key is that already. */
export function sortKeyFunction<K>(serde: Serde<K>, topic: string): SortKeyFunction<K> {
  const textKeys = serde.mapKey === undefined || (serde as unknown) === string();
  return (key, mapKey) =>
    textKeys && typeof mapKey === 'string' && !NOT_ASCII.test(mapKey) ? mapKey : bytesToLatin1(serde.serialize(key, topic));
}
