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
    const { items } = this;
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (items[middle]!.sortKey < sortKey) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Position after the last key that is not greater than `sortKey`. */
  upperBound(sortKey: string): number {
    const position = this.lowerBound(sortKey);
    return position < this.items.length && this.items[position]!.sortKey === sortKey ? position + 1 : position;
  }

  /** Position after the last key that begins with `prefix`, counted from `start`, where the first of them would be. */
  prefixEnd(prefix: string, start: number): number {
    const { items } = this;
    let low = start;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (items[middle]!.sortKey.startsWith(prefix)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compareSortKeys(a: { readonly sortKey: string }, b: { readonly sortKey: string }): number {
  return a.sortKey < b.sortKey ? -1 : a.sortKey > b.sortKey ? 1 : 0;
}

const NOT_ASCII = /[^\0-\x7f]/;

/** Key bytes of `key` as a latin1 string; `mapKey` is used as it is where it is known to be just that. */
export function sortKeyFunction<K>(
  serialize: (key: K) => Uint8Array,
  textKeys: boolean,
): (key: K, mapKey: string | number) => string {
  return (key, mapKey) =>
    textKeys && typeof mapKey === 'string' && !NOT_ASCII.test(mapKey) ? mapKey : bytesToLatin1(serialize(key));
}
