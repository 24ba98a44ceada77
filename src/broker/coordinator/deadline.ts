/**
 * One moment in the future that is pushed back far more often than it is reached: a session, a rebalance.
 * Pushing it back is an assignment; the timer re-arms itself when it fires too early.
 */

import type { Clock } from '../seams.ts';

export class Deadline {
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #dueMs = 0;
  #timerDueMs = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, onExpired: () => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  get armed(): boolean {
    return this.#cancelTimer !== null;
  }

  /** Expires `delayMs` from now, whatever was set before. */
  set(delayMs: number): void {
    this.#dueMs = this.#clock.nowMs() + delayMs;
    if (this.#cancelTimer !== null) {
      if (this.#timerDueMs <= this.#dueMs) return;
      this.#cancelTimer();
    }
    this.#arm(delayMs);
  }

  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #arm(delayMs: number): void {
    this.#timerDueMs = this.#clock.nowMs() + delayMs;
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = null;
      const remainingMs = this.#dueMs - this.#clock.nowMs();
      if (remainingMs > 0) this.#arm(remainingMs);
      else this.#onExpired();
    });
  }
}
