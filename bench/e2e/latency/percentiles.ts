import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { ReaderReport } from './messages.ts';

/** Three significant figures, whatever the value. Node's histogram is HdrHistogram. */
const FIGURES = 3;
const LEAST_MS = 1;

/** Latencies of what should have been sent from one moment to another. */
export class Percentiles {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #middleMs: number;
  readonly #all = createHistogram({ figures: FIGURES });
  readonly #first = createHistogram({ figures: FIGURES });
  readonly #second = createHistogram({ figures: FIGURES });

  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#middleMs = (fromMs + toMs) / 2;
  }

  /** Returns true for a record from after the time that is measured. */
  add(intendedMs: number, arrivedMs: number): boolean {
    if (intendedMs >= this.#toMs) return true;
    if (intendedMs < this.#fromMs) return false;
    // The histogram counts from 1; clocks count whole milliseconds.
    const latencyMs = Math.max(LEAST_MS, arrivedMs - intendedMs);
    this.#all.record(latencyMs);
    (intendedMs < this.#middleMs ? this.#first : this.#second).record(latencyMs);
    return false;
  }

  report(complete: boolean): ReaderReport {
    const at = (histogram: RecordableHistogram, percentile: number): number =>
      histogram.count === 0 ? Number.NaN : histogram.percentile(percentile);
    return {
      records: this.#all.count,
      p50: at(this.#all, 50),
      p90: at(this.#all, 90),
      p99: at(this.#all, 99),
      p999: at(this.#all, 99.9),
      max: this.#all.count === 0 ? Number.NaN : this.#all.max,
      firstHalf: at(this.#first, 50),
      secondHalf: at(this.#second, 50),
      complete,
    };
  }
}

const GROWTH = 2;
const SLACK_MS = 100;

/** Whether it kept up: a queue that grows makes each later result later. */
export function isSustained({ complete, records, firstHalf, secondHalf }: ReaderReport): boolean {
  return complete && records > 0 && secondHalf <= firstHalf * GROWTH + SLACK_MS;
}
