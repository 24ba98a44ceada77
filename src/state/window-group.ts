import { ByteIndex } from './byte-index.ts';
import type { Entry } from './entry.ts';
import type { SortedIndex } from './sorted-index.ts';

/** With fewer rows an index of their bytes is not worth its memory. */
const MIN_INDEXED_ROWS = 16;

/** All rows of one window start. Expiry drops it as a whole. */
export class WindowGroup<K, V> {
  readonly startMs: number;
  /** In the store; false once it expired, or when it was too late from the beginning. */
  open = false;
  /** By `mapKey`. Not used with duplicates. */
  readonly entries: Map<string | number, Entry<K, V>> = new Map();
  /** Stores that keep duplicates: the rows of each key in the order of their sequence numbers. */
  readonly duplicates: Map<string | number, Entry<K, V>[]> | undefined;
  /** The rows by the bytes of their keys; made when there are enough. */
  byBytes: ByteIndex<K, V> | undefined = undefined;
  /** Rows that have a value. */
  liveCount = 0;
  /** Dropped whenever a row is added or removed. */
  index: SortedIndex<K, V> | undefined = undefined;

  constructor(startMs: number, retainDuplicates: boolean) {
    this.startMs = startMs;
    this.duplicates = retainDuplicates ? new Map() : undefined;
  }

  add(entry: Entry<K, V>): void {
    if (this.duplicates === undefined) {
      this.entries.set(entry.mapKey, entry);
      return;
    }
    const list = this.duplicates.get(entry.mapKey);
    if (list === undefined) this.duplicates.set(entry.mapKey, [entry]);
    else list.push(entry);
  }

  remove(entry: Entry<K, V>): void {
    const list = this.duplicates?.get(entry.mapKey);
    if (list === undefined) {
      this.entries.delete(entry.mapKey);
      return;
    }
    const position = list.indexOf(entry);
    if (position >= 0) list.splice(position, 1);
    if (list.length === 0) this.duplicates!.delete(entry.mapKey);
  }

  /** After a search by bytes that found nothing; see `KeyValueTable.rememberBytes`. */
  rememberBytes(entry: Entry<K, V>, anyBytes: boolean): void {
    if (this.byBytes !== undefined) this.byBytes.add(entry);
    else if (this.entries.size >= MIN_INDEXED_ROWS) this.byBytes = new ByteIndex(anyBytes);
  }

  get isEmpty(): boolean {
    return this.duplicates === undefined ? this.entries.size === 0 : this.duplicates.size === 0;
  }

  /** The rows of one key: one at most, unless duplicates are kept. */
  rowsOf(mapKey: string | number): readonly Entry<K, V>[] {
    if (this.duplicates !== undefined) return this.duplicates.get(mapKey) ?? [];
    const entry = this.entries.get(mapKey);
    return entry === undefined ? [] : [entry];
  }

  *rows(): Generator<Entry<K, V>> {
    if (this.duplicates === undefined) {
      yield* this.entries.values();
    } else {
      for (const list of this.duplicates.values()) yield* list;
    }
  }
}
