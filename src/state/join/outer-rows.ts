/** One value that waits; a row has several where records have one key and time. */
export interface WaitingValue {
  /** The value, where values of its side are immutable. */
  readonly value: unknown;
  /** Otherwise the serialised value as a latin1 string. */
  readonly raw: string | null;
}

/** The records of one key, time and side that have found no partner yet. */
export class OuterRow<K> {
  readonly list: OuterRows<K>;
  readonly timeMs: number;
  readonly isLeft: boolean;
  readonly values: WaitingValue[] = [];
  /** In the store. */
  alive = true;
  /** Waits to be written to the changelog. */
  dirty = false;
  /** The changelog has a record of it, so that its end needs a tombstone. */
  logged = false;
  /** Timestamp of its last change: what its changelog record gets. Milliseconds since the epoch. */
  changedMs = 0;

  constructor(list: OuterRows<K>, timeMs: number, isLeft: boolean) {
    this.list = list;
    this.timeMs = timeMs;
    this.isLeft = isLeft;
  }
}

/** The waiting rows of one key, by time, right before left. */
export class OuterRows<K> {
  readonly key: K;
  readonly mapKey: string | number;
  readonly rows: OuterRow<K>[] = [];

  constructor(key: K, mapKey: string | number) {
    this.key = key;
    this.mapKey = mapKey;
  }

  find(timeMs: number, isLeft: boolean): OuterRow<K> | undefined {
    const row = this.rows[this.position(timeMs, isLeft)];
    return row !== undefined && row.timeMs === timeMs && row.isLeft === isLeft ? row : undefined;
  }

  add(row: OuterRow<K>): void {
    const { rows } = this;
    const last = rows[rows.length - 1];
    if (last === undefined || last.timeMs < row.timeMs) rows.push(row);
    else rows.splice(this.position(row.timeMs, row.isLeft), 0, row);
  }

  remove(row: OuterRow<K>): void {
    const position = this.position(row.timeMs, row.isLeft);
    if (this.rows[position] === row) this.rows.splice(position, 1);
  }

  /** Of the first row that does not come before. */
  private position(timeMs: number, isLeft: boolean): number {
    const { rows } = this;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comesBefore(rows[middle]!, timeMs, isLeft)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** By time, and of one time the right side first: the order of the store's serialised keys, `int64 time | side | key`. */
export function comesBefore(row: OuterRow<unknown>, timeMs: number, isLeft: boolean): boolean {
  return row.timeMs < timeMs || (row.timeMs === timeMs && !row.isLeft && isLeft);
}
