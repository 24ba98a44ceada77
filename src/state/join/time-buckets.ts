/** The rows of a short span of time. */
export class TimeBucket<R> {
  /** The span is `[index * width, (index + 1) * width)`. */
  readonly index: number;
  rows: R[] = [];
  /** Of `rows`, those that still count, where a store removes rows one by one. */
  liveCount = 0;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * The rows of a store by time, cut into buckets in ascending order. Time mostly goes forward, so that the bucket asked for
 * is nearly always the last one.
 */
export class TimeBuckets<R> {
  readonly widthMs: number;
  /** Ascending by index; none is without rows for long. */
  readonly list: TimeBucket<R>[] = [];

  /**
   * @param retentionMs how long rows are kept
   * @param count how many buckets that is cut into
   */
  constructor(retentionMs: number, count: number) {
    this.widthMs = Math.max(1, Math.ceil(retentionMs / count));
  }

  /** The bucket of a point in time, made where there is none. */
  at(timeMs: number): TimeBucket<R> {
    const { list } = this;
    const index = Math.floor(timeMs / this.widthMs);
    const last = list[list.length - 1];
    if (last !== undefined && last.index === index) return last;
    const position = last === undefined || index > last.index ? list.length : this.lowerBound(index);
    const found = list[position];
    if (found !== undefined && found.index === index) return found;
    const bucket = new TimeBucket<R>(index);
    list.splice(position, 0, bucket);
    return bucket;
  }

  /** Takes the oldest bucket out if all of its span lies at or before `timeMs`. */
  takeOldest(timeMs: number): TimeBucket<R> | undefined {
    const oldest = this.list[0];
    if (oldest === undefined || (oldest.index + 1) * this.widthMs > timeMs + 1) return undefined;
    return this.list.shift();
  }

  remove(bucket: TimeBucket<R>): void {
    const position = this.lowerBound(bucket.index);
    if (this.list[position] === bucket) this.list.splice(position, 1);
  }

  clear(): void {
    this.list.length = 0;
  }

  private lowerBound(index: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.list[middle]!.index < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
