import { MillraceError } from '../errors.ts';
import type { Clock } from './seams.ts';

/** Longest delay a Node timer can have; longer ones would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

interface Timer {
  /** In the time of `#timerMs`. */
  readonly dueMs: number;
  readonly callback: () => void;
  /** Undefined while the clock stands still. */
  handle: NodeJS.Timeout | undefined;
}

/**
 * Time that can be advanced by hand. Between that it goes on as the real time does, or it stands still. Timers do not
 * keep the process alive.
 */
export class AdjustableClock implements Clock {
  readonly #standsStill: boolean;
  readonly #timers = new Set<Timer>();
  /** The time itself when it stands still, else what it is ahead of the real time. */
  #baseMs: number;
  #advancing: Promise<void> = Promise.resolve();

  constructor(options: { readonly standsStill: boolean } = { standsStill: false }) {
    this.#standsStill = options.standsStill;
    this.#baseMs = options.standsStill ? Date.now() : 0;
  }

  nowMs(): number {
    return this.#standsStill ? this.#baseMs : Date.now() + this.#baseMs;
  }

  /** As {@link nowMs}, but somebody who sets the machine's clock does not move it. */
  #timerMs(): number {
    return this.#standsStill ? this.#baseMs : performance.now() + this.#baseMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    if (Number.isNaN(delayMs)) throw new MillraceError('INTERNAL', 'A timer needs a delay in milliseconds.');
    const timer: Timer = { dueMs: this.#timerMs() + Math.max(delayMs, 0), callback, handle: undefined };
    this.#timers.add(timer);
    this.#arm(timer, delayMs);
    return () => this.#forget(timer);
  }

  /**
   * Resolves when all that was due up to `byMs` from now has been called back, in order, each with a turn of the event
   * loop for what it sets off. A call during another waits for that one.
   */
  advance(byMs: number): Promise<void> {
    this.#advancing = this.#advancing.then(() => this.#advance(byMs));
    return this.#advancing;
  }

  async #advance(byMs: number): Promise<void> {
    let leftMs = byMs;
    const untilMs = this.#timerMs() + byMs;
    for (let next = this.#firstDue(untilMs); next !== undefined; next = this.#firstDue(untilMs)) {
      const stepMs = Math.min(Math.max(next.dueMs - this.#timerMs(), 0), leftMs);
      this.#baseMs += stepMs;
      leftMs -= stepMs;
      this.#forget(next);
      next.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#baseMs += leftMs;
    for (const timer of this.#timers) {
      clearTimeout(timer.handle);
      this.#arm(timer, timer.dueMs - this.#timerMs());
    }
  }

  #firstDue(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
    return first;
  }

  #arm(timer: Timer, delayMs: number): void {
    if (this.#standsStill) return;
    timer.handle = setTimeout(() => this.#fired(timer), Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    timer.handle.unref();
  }

  #fired(timer: Timer): void {
    const leftMs = timer.dueMs - this.#timerMs();
    // Node's timers are early by up to a millisecond, and cannot be as far away as some of ours.
    if (leftMs > 1) {
      this.#arm(timer, leftMs);
      return;
    }
    this.#timers.delete(timer);
    timer.callback();
  }

  #forget(timer: Timer): void {
    clearTimeout(timer.handle);
    this.#timers.delete(timer);
  }
}
