/**
 * When records should be sent, at a constant rate. A sender that was held up sends late what was due meanwhile, with the
 * times at which it should have been sent: so a wait counts for each record that would have met it (no coordinated omission).
 */
export class Schedule {
  readonly #startedMs: number;
  readonly #recordsPerMs: number;

  constructor(startedMs: number, recordsPerSecond: number) {
    this.#startedMs = startedMs;
    this.#recordsPerMs = recordsPerSecond / 1000;
  }

  /** How many records should have been sent by then. */
  dueAt(nowMs: number): number {
    return Math.max(0, Math.floor((nowMs - this.#startedMs) * this.#recordsPerMs));
  }

  /** When record `index` should be sent, ms. */
  intendedMs(index: number): number {
    return this.#startedMs + Math.floor(index / this.#recordsPerMs);
  }
}
