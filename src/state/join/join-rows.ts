/** Rows that are gone are cut off at the beginning of a list when there are this many, and as many as rows that are left. */
const CUT_AT = 16;

/**
 * The records of one key in a join's window store, in the order of their time; those of one time in the order in which they
 * came. Times and values lie in two arrays, so that a search touches nothing but numbers and a record costs no object.
 */
export class JoinRows<K> {
  readonly key: K;
  readonly mapKey: string | number;
  /** Timestamps, ascending. Milliseconds since the epoch. */
  readonly times: number[] = [];
  /** What the store keeps of each value. */
  readonly values: unknown[] = [];
  /** Rows before this one are gone. */
  first = 0;
  /** The last bucket that knows of this list. */
  bucketIndex = -1;

  constructor(key: K, mapKey: string | number) {
    this.key = key;
    this.mapKey = mapKey;
  }

  get isEmpty(): boolean {
    return this.first === this.times.length;
  }

  add(timeMs: number, value: unknown): void {
    const { times, values } = this;
    const { length } = times;
    if (length === 0 || times[length - 1]! <= timeMs) {
      times.push(timeMs);
      values.push(value);
      return;
    }
    const position = this.from(timeMs + 1);
    times.splice(position, 0, timeMs);
    values.splice(position, 0, value);
  }

  /** Position of the first row at or after `timeMs`. */
  from(timeMs: number): number {
    const { times } = this;
    let low = this.first;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Drops the rows at or before `timeMs`; returns how many. */
  dropUpTo(timeMs: number): number {
    const { times, values } = this;
    const before = this.first;
    let first = before;
    while (first < times.length && times[first]! <= timeMs) values[first++] = undefined;
    this.first = first;
    if (first >= CUT_AT && first * 2 >= times.length) this.cut();
    return first - before;
  }

  private cut(): void {
    const { times, values, first } = this;
    const left = times.length - first;
    for (let at = 0; at < left; at++) {
      times[at] = times[first + at]!;
      values[at] = values[first + at];
    }
    times.length = left;
    values.length = left;
    this.first = 0;
  }
}
