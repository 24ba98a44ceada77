interface Waiter {
  readonly offset: number;
  readonly readCommitted: boolean;
  readonly callback: () => void;
}

/**
 * Who waits for a log to grow. They are woken in a microtask, so that a callback never runs inside an append and several
 * appends in one go wake once. Their number is that of the fetches under way, which the connections limit.
 */
export class ReadableWaiters {
  private readonly waiting = new Set<Waiter>();
  private scheduled = false;
  private highWatermark: number;
  private lastStableOffset: number;

  constructor(highWatermark: number, lastStableOffset: number) {
    this.highWatermark = highWatermark;
    this.lastStableOffset = lastStableOffset;
  }

  get count(): number {
    return this.waiting.size;
  }

  /** `callback` runs once, when there is something to read at `offset`; maybe at once. Returns the canceller. */
  add(offset: number, readCommitted: boolean, callback: () => void): () => void {
    const waiter: Waiter = { offset, readCommitted, callback };
    this.waiting.add(waiter);
    if (this.isReadable(waiter)) this.schedule();
    return () => {
      this.waiting.delete(waiter);
    };
  }

  /** The log has moved. */
  moved(highWatermark: number, lastStableOffset: number): void {
    this.highWatermark = highWatermark;
    this.lastStableOffset = lastStableOffset;
    if (this.waiting.size > 0) this.schedule();
  }

  /** Wakes everybody: the log is closed, and asking again will say so. */
  wakeAll(): void {
    this.highWatermark = Infinity;
    this.lastStableOffset = Infinity;
    if (this.waiting.size > 0) this.schedule();
  }

  /** Wakes everybody once: what is not about offsets has changed. */
  wakeNow(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    queueMicrotask(() => {
      for (const waiter of woken) waiter.callback();
    });
  }

  private isReadable(waiter: Waiter): boolean {
    return (waiter.readCommitted ? this.lastStableOffset : this.highWatermark) > waiter.offset;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      for (const waiter of this.waiting) {
        if (!this.isReadable(waiter)) continue;
        this.waiting.delete(waiter);
        waiter.callback();
      }
    });
  }
}
