import type { Cancellable, PunctuationType } from '../topology/processor-api.ts';

/** One scheduled callback. */
export class Punctuation implements Cancellable {
  readonly node: string;
  readonly intervalMs: number;
  readonly callback: (timestampMs: number) => void;
  dueMs: number;
  cancelled = false;

  constructor(node: string, intervalMs: number, dueMs: number, callback: (timestampMs: number) => void) {
    this.node = node;
    this.intervalMs = intervalMs;
    this.dueMs = dueMs;
    this.callback = callback;
  }

  cancel(): void {
    this.cancelled = true;
  }

  /** After a call at `nowMs`: the next multiple of the interval; what was missed is not made up for. */
  moveOn(nowMs: number): void {
    const missed = Math.max(0, Math.floor((nowMs - this.dueMs) / this.intervalMs));
    this.dueMs += (missed + 1) * this.intervalMs;
  }
}

/** A punctuator that schedules itself anew would never come to an end; the rest has its turn with the next call. */
const MAX_CALLS_AT_ONCE = 100_000;

/**
 * The punctuations of one task and kind of time: Kafka Streams' PunctuationQueue, with the binary heap of Java's
 * PriorityQueue, so that what is due at the same time is called in the same order as there.
 */
export class Punctuations {
  private readonly heap: Punctuation[] = [];

  /** When the next one is due; Infinity when there is none. */
  get nextDueMs(): number {
    return this.heap.length === 0 ? Number.POSITIVE_INFINITY : this.heap[0]!.dueMs;
  }

  add(punctuation: Punctuation): void {
    this.heap.push(punctuation);
    this.siftUp(this.heap.length - 1, punctuation);
  }

  /**
   * Calls `run` for all that are due at `nowMs`, in the order in which they are; returns how many there were. What a
   * punctuator schedules has its turn in the same call if it is due. Each call moves a punctuation past `nowMs`.
   */
  fire(nowMs: number, run: (punctuation: Punctuation) => void): number {
    let fired = 0;
    while (this.nextDueMs <= nowMs && fired < MAX_CALLS_AT_ONCE) {
      const punctuation = this.poll();
      if (punctuation.cancelled) continue;
      try {
        run(punctuation);
      } finally {
        punctuation.moveOn(nowMs);
        if (!punctuation.cancelled) this.add(punctuation);
      }
      fired++;
    }
    return fired;
  }

  private poll(): Punctuation {
    const { heap } = this;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.siftDown(last);
    return first;
  }

  private siftUp(at: number, punctuation: Punctuation): void {
    const { heap } = this;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (punctuation.dueMs >= heap[parent]!.dueMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = punctuation;
  }

  private siftDown(punctuation: Punctuation): void {
    const { heap } = this;
    const half = heap.length >>> 1;
    let at = 0;
    while (at < half) {
      let child = 2 * at + 1;
      if (child + 1 < heap.length && heap[child]!.dueMs > heap[child + 1]!.dueMs) child++;
      if (punctuation.dueMs <= heap[child]!.dueMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = punctuation;
  }
}

/** When a punctuation is first due: stream time is aligned to 0, so at once; wall-clock time to now. */
export function firstDueMs(type: PunctuationType, intervalMs: number, nowMs: number): number {
  return type === 'stream-time' ? 0 : nowMs + intervalMs;
}
