/** One record in a join's window store. Never changes. */
export class JoinRow<K, V> {
  readonly list: JoinRows<K, V>;
  /** The record's timestamp, which is also where its window starts. Milliseconds since the epoch. */
  readonly timeMs: number;
  /** Tells records of one key and time apart in the changelog. */
  readonly sequence: number;
  /** The value, where values are immutable. */
  readonly value: V | undefined;
  /** The serialised value as a latin1 string, where they are not: everybody who reads it gets an object of their own. */
  readonly raw: string | null;

  constructor(list: JoinRows<K, V>, timeMs: number, sequence: number, value: V | undefined, raw: string | null) {
    this.list = list;
    this.timeMs = timeMs;
    this.sequence = sequence;
    this.value = value;
    this.raw = raw;
  }
}

/** Gone rows at the beginning of a list are cut off when there are this many, and as many as rows that are left. */
const CUT_AT = 16;

/** The rows of one key in the order of their time; those of one time in the order in which they came. */
export class JoinRows<K, V> {
  readonly key: K;
  readonly mapKey: string | number;
  /** Rows before {@link first} are gone. */
  rows: JoinRow<K, V>[] = [];
  first = 0;

  constructor(key: K, mapKey: string | number) {
    this.key = key;
    this.mapKey = mapKey;
  }

  get isEmpty(): boolean {
    return this.first === this.rows.length;
  }

  add(row: JoinRow<K, V>): void {
    const { rows } = this;
    const last = rows[rows.length - 1];
    if (last === undefined || last.timeMs <= row.timeMs) rows.push(row);
    else rows.splice(this.from(row.timeMs + 1), 0, row);
  }

  /** Position of the first row at or after `timeMs`. */
  from(timeMs: number): number {
    const { rows } = this;
    let low = this.first;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rows[middle]!.timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Drops the rows at or before `timeMs`; returns how many. */
  dropUpTo(timeMs: number): number {
    const { rows } = this;
    const before = this.first;
    let first = before;
    while (first < rows.length && rows[first]!.timeMs <= timeMs) first++;
    this.first = first;
    if (first >= CUT_AT && first * 2 >= rows.length) {
      this.rows = rows.slice(first);
      this.first = 0;
    }
    return first - before;
  }
}
