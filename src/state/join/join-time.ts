/**
 * What the two sides of a left or outer join know of time together; it starts anew with the task. Kafka Streams'
 * `KStreamImplJoin.TimeTracker`.
 */
export class JoinTime {
  /** The latest timestamp of either side; -1 before the first record. */
  streamTimeMs = -1;
  /** No row that waits is older, as far as is known; Infinity: nothing is known. */
  minTimeMs = Number.POSITIVE_INFINITY;
  private nextEmitMs = 0;

  /**
   * Whether to look for rows whose window has closed.
   *
   * @param openMs how long after its timestamp a row's window is open, with grace.
   */
  mayEmit(openMs: number): boolean {
    // Kafka Streams adds to Long.MAX_VALUE where nothing is known, and the sum wraps around to far in the past.
    return this.minTimeMs === Number.POSITIVE_INFINITY ? openMs > 0 : this.minTimeMs + openMs < this.streamTimeMs;
  }

  /** False while the last turn is less than `intervalMs` ago; true begins the next interval. */
  takeTurn(nowMs: number, intervalMs: number): boolean {
    if (nowMs < this.nextEmitMs) return false;
    this.nextEmitMs = nowMs + intervalMs;
    return true;
  }
}
