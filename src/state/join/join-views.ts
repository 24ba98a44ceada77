import { type Windowed, windowed } from '../../serde/windowed.ts';
import { bytesToLatin1 } from '../byte-codec.ts';
import type { KeyValue, StoreIterator, WindowStore, WindowValue } from '../read-only.ts';
import type { JoinRow, JoinWindowTable } from './join-window-table.ts';
import type { OuterJoinTable } from './outer-join-table.ts';

const ALWAYS_FROM = Number.NEGATIVE_INFINITY;
const ALWAYS_TO = Number.POSITIVE_INFINITY;

/** What users see of a join's window store: copies only. A snapshot of the rows is made when an iterator is. */
export class JoinWindowView<K, V> implements WindowStore<K, V> {
  readonly name: string;
  private readonly table: JoinWindowTable<K, V>;

  constructor(table: JoinWindowTable<K, V>) {
    this.name = table.name;
    this.table = table;
  }

  /** Null does nothing: the store keeps duplicates, so there is nothing that could be meant. */
  put(key: K, value: V | null, windowStartMs: number): void {
    if (value === null || value === undefined) this.table.putNothing(windowStartMs);
    else this.table.put(key, windowStartMs, value, null);
  }

  /** With one time: the first value of that time, or null. */
  fetch(key: K, windowStartMs: number): V | null;
  fetch(key: K, fromMs: number, toMs: number): StoreIterator<WindowValue<V>>;
  fetch(key: K, fromMs: number, toMs?: number): V | null | StoreIterator<WindowValue<V>> {
    const rows = this.rowsOf(key, fromMs, toMs ?? fromMs);
    if (toMs !== undefined) return new SnapshotIterator(rows, windowValue);
    return rows[0] === undefined ? null : rows[0].value;
  }

  backwardFetch(key: K, fromMs: number, toMs: number): StoreIterator<WindowValue<V>> {
    return new SnapshotIterator(this.rowsOf(key, fromMs, toMs).reverse(), windowValue);
  }

  fetchRange(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>> {
    return this.iterate(this.rowsBetween(fromKey, toKey, fromMs, toMs));
  }

  backwardFetchRange(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>> {
    return this.iterate(this.rowsBetween(fromKey, toKey, fromMs, toMs).reverse());
  }

  fetchAll(fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>> {
    return this.fetchRange(null, null, fromMs, toMs);
  }

  backwardFetchAll(fromMs: number, toMs: number): StoreIterator<KeyValue<Windowed<K>, V>> {
    return this.backwardFetchRange(null, null, fromMs, toMs);
  }

  all(): StoreIterator<KeyValue<Windowed<K>, V>> {
    return this.fetchAll(ALWAYS_FROM, ALWAYS_TO);
  }

  backwardAll(): StoreIterator<KeyValue<Windowed<K>, V>> {
    return this.backwardFetchAll(ALWAYS_FROM, ALWAYS_TO);
  }

  private rowsOf(key: K, fromMs: number, toMs: number): JoinRow<K, V>[] {
    const rows = this.table.find(this.table.mapKeyOf(key));
    return rows === undefined ? [] : [...this.table.rowsOf(rows, fromMs, toMs)];
  }

  /** By time, then by key bytes, then in the order in which they came. */
  private rowsBetween(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): JoinRow<K, V>[] {
    const [from, to] = [fromKey === null ? undefined : this.sortKey(fromKey), toKey === null ? undefined : this.sortKey(toKey)];
    return [...this.table.rowsBetween(fromMs, toMs)]
      .map((row) => ({ row, sortKey: this.sortKey(row.key) }))
      .filter(({ sortKey }) => (from === undefined || sortKey >= from) && (to === undefined || sortKey <= to))
      .sort((a, b) => a.row.timeMs - b.row.timeMs || compareText(a.sortKey, b.sortKey))
      .map(({ row }) => row);
  }

  private sortKey(key: K): string {
    return bytesToLatin1(this.table.keySerde.serialize(key, this.name));
  }

  private iterate(rows: readonly JoinRow<K, V>[]): StoreIterator<KeyValue<Windowed<K>, V>> {
    return new SnapshotIterator(rows, (row) => ({
      key: windowed(this.table.copyKey(row.key), row.timeMs, row.timeMs + this.table.windowSizeMs),
      value: row.value,
    }));
  }
}

function windowValue<V>({ timeMs, value }: JoinRow<unknown, V>): WindowValue<V> {
  return { windowStartMs: timeMs, value };
}

/** A record that waits for a partner in a left or outer join. */
export interface WaitingKey<K> {
  readonly key: K;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  /** The side of the join it came from. */
  readonly side: 'left' | 'right';
}

/** What users see of the store that a left or outer join's sides share. */
export class OuterJoinView<K> {
  readonly name: string;
  private readonly table: OuterJoinTable<K>;

  constructor(table: OuterJoinTable<K>) {
    this.name = table.name;
    this.table = table;
  }

  /** Every waiting record, by time, the right side first, then by key bytes. */
  all(): StoreIterator<KeyValue<WaitingKey<K>, unknown>> {
    const rows = [...this.table.inOrder()].flatMap((row) => row.values.map((_, index) => ({ row, index })));
    return new SnapshotIterator(rows, ({ row, index }) => ({
      key: { key: this.table.copyKey(row.list.key), timestampMs: row.timeMs, side: row.isLeft ? 'left' : 'right' },
      value: this.table.read(row, index),
    }));
  }

  approximateNumEntries(): number {
    return this.table.approximateNumEntries();
  }
}

/** Rows as they were when the iterator was made. */
class SnapshotIterator<R, T> implements StoreIterator<T> {
  private readonly rows: readonly R[];
  private readonly toResult: (row: R) => T;
  private position = 0;

  constructor(rows: readonly R[], toResult: (row: R) => T) {
    this.rows = rows;
    this.toResult = toResult;
  }

  next(): IteratorResult<T> {
    const row = this.rows[this.position++];
    return row === undefined ? { done: true, value: undefined } : { done: false, value: this.toResult(row) };
  }

  return(): IteratorResult<T> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    this.position = this.rows.length;
  }

  [Symbol.iterator](): this {
    return this;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
