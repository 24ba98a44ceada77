import type { CachedUpdate } from './cached-update.ts';
import type { WindowGroup } from './window-group.ts';

/** In the list of what this epoch has changed. */
export const DIRTY = 1;
/** Was there when this epoch began, so that its end needs a tombstone in the changelog. */
export const EXISTED = 2;
/** In the map of its store. An entry for a new key is attached with its first write. */
export const ATTACHED = 4;

/**
 * One row of a store: a live object that is changed in place and serialised at commit. All stores use this one hidden
 * class, so that everything that touches entries stays monomorphic. Read and write it through its store.
 */
export class Entry<K, V> {
  readonly key: K;
  /** What the key is in a Map: the serde's `mapKey`. */
  readonly mapKey: string | number;
  /** The live value; null: there is none; undefined: not decoded yet, see `raw`. */
  value: V | null | undefined = null;
  /**
   * Milliseconds since the epoch: the value's timestamp; for a tombstone, of the record that deleted it. Made a fraction
   * first, so that V8 gives the field room for a double at once and not when the first real timestamp arrives.
   */
  timestampMs = 0.5;
  /**
   * The serialised value, where it is known and current: what was restored and not read yet (as a latin1 string, the
   * lightest thing V8 has for a few bytes), or what was serialised in this epoch and is wanted again at its end.
   */
  raw: Buffer | string | null = null;
  flags = 0;
  /** The update that waits in the cache to be forwarded. */
  pending: CachedUpdate<K, V> | null = null;
  /** Window stores: the window this row belongs to. */
  readonly group: WindowGroup<K, V> | null;
  /** Window stores that keep duplicates: the number that tells them apart, from 1. Otherwise 0. */
  readonly sequence: number;

  constructor(key: K, mapKey: string | number, group: WindowGroup<K, V> | null, sequence: number) {
    this.key = key;
    this.mapKey = mapKey;
    this.group = group;
    this.sequence = sequence;
    this.timestampMs = 0;
  }
}
