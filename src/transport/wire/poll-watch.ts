/** How often it looks, at most; a shorter limit is looked at more often. */
const CHECK_MAX_MS = 1_000;
const CHECKS_PER_LIMIT = 4;

/**
 * Notices when a consumer is not polled any more: time within a poll does not count. Tells once, and again after the next
 * poll. (Kafka: `max.poll.interval.ms`, KIP-62.)
 */
export class PollWatch {
  readonly #limitMs: number;
  readonly #onSilence: (silentMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #polls = 0;
  #leftAtMs = 0;
  #told = false;

  constructor(limitMs: number, onSilence: (silentMs: number) => void) {
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
  }

  /** From here on silence counts. */
  start(): void {
    this.stop();
    this.#leftAtMs = performance.now();
    const checkMs = Math.max(1, Math.min(CHECK_MAX_MS, Math.floor(this.#limitMs / CHECKS_PER_LIMIT)));
    this.#timer = setInterval(() => this.#check(), checkMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A poll begins; several may be under way. */
  entered(): void {
    this.#polls++;
    this.#told = false;
  }

  left(): void {
    this.#polls--;
    this.#leftAtMs = performance.now();
  }

  #check(): void {
    const silentMs = performance.now() - this.#leftAtMs;
    if (this.#polls > 0 || this.#told || silentMs <= this.#limitMs) return;
    this.#told = true;
    this.#onSilence(silentMs);
  }
}
