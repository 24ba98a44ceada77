/** A rate over the last seconds, as Kafka's `Rate` over `SampledStat` measures it. */
export class RateWindow {
  readonly #samples: number;
  readonly #sampleMs: number;
  /** Sums of the last samples, the oldest first. */
  #sums: { readonly startMs: number; sum: number }[] = [];

  /** `samples` of `sampleMs` each: `quota.window.num` and `quota.window.size.seconds`. */
  constructor(samples: number, sampleMs: number) {
    this.#samples = samples;
    this.#sampleMs = sampleMs;
  }

  record(amount: number, nowMs: number): void {
    this.#purge(nowMs);
    const last = this.#sums[this.#sums.length - 1];
    if (last !== undefined && nowMs - last.startMs < this.#sampleMs) last.sum += amount;
    else this.#sums.push({ startMs: nowMs, sum: amount });
    if (this.#sums.length > this.#samples) this.#sums.shift();
  }

  /** How long nothing must come until the rate is down to `limit` a second, in milliseconds; 0 when it is not above it. */
  throttleTimeMs(limit: number, nowMs: number): number {
    this.#purge(nowMs);
    const total = this.#sums.reduce((all, { sum }) => all + sum, 0);
    const elapsedMs = this.#elapsedMs(nowMs);
    const perSecond = (total * 1000) / elapsedMs;
    return perSecond <= limit ? 0 : Math.round(((perSecond - limit) / limit) * elapsedMs);
  }

  /** Nothing was recorded for so long that the rate is 0. */
  isIdle(nowMs: number): boolean {
    this.#purge(nowMs);
    return this.#sums.length === 0;
  }

  /** At first all samples but one count as passed: a short burst is no high rate. */
  #elapsedMs(nowMs: number): number {
    const elapsedMs = nowMs - (this.#sums[0]?.startMs ?? nowMs);
    const missing = this.#samples - 1 - Math.floor(elapsedMs / this.#sampleMs);
    return Math.max(elapsedMs + Math.max(missing, 0) * this.#sampleMs, this.#sampleMs);
  }

  #purge(nowMs: number): void {
    const oldestMs = nowMs - this.#samples * this.#sampleMs;
    while (this.#sums.length > 0 && this.#sums[0]!.startMs <= oldestMs) this.#sums.shift();
  }
}
