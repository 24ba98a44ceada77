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

/** The punctuations of one task and kind of time. Kafka Streams' PunctuationQueue. */
export class Punctuations {
  /** When the next one is due; Infinity when there is none. */
  nextDueMs = Number.POSITIVE_INFINITY;
  private scheduled: Punctuation[] = [];

  add(punctuation: Punctuation): void {
    this.scheduled.push(punctuation);
    this.nextDueMs = Math.min(this.nextDueMs, punctuation.dueMs);
  }

  /** Calls `run` for all that are due at `nowMs`, in the order in which they are; returns how many there were. */
  fire(nowMs: number, run: (punctuation: Punctuation) => void): number {
    if (nowMs < this.nextDueMs) return 0;
    let fired = 0;
    // A snapshot: a punctuator may schedule others, which have their turn next time.
    const due = this.scheduled.filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs);
    for (const punctuation of due) {
      if (punctuation.cancelled) continue;
      punctuation.moveOn(nowMs);
      run(punctuation);
      fired++;
    }
    this.scheduled = this.scheduled.filter(({ cancelled }) => !cancelled);
    this.nextDueMs = this.scheduled.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY);
    return fired;
  }
}

/** When a punctuation is first due: stream time is aligned to 0, so at once; wall-clock time to now. */
export function firstDueMs(type: PunctuationType, intervalMs: number, nowMs: number): number {
  return type === 'stream-time' ? 0 : nowMs + intervalMs;
}
