import { invalidTopology } from '../topology/names.ts';
import type { TimeWindowsSpec } from '../topology/operators.ts';

/**
 * Tumbling or hopping windows of fixed size, `[start, start + size)`, aligned to the epoch. A record that belongs to a
 * window is accepted while the window's end is above stream time minus grace. There is no default grace: say which.
 */
export class TimeWindows implements TimeWindowsSpec {
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;

  private constructor(sizeMs: number, advanceMs: number, graceMs: number) {
    checkMs('size', sizeMs, 1);
    checkMs('grace', graceMs, 0);
    checkMs('advance', advanceMs, 1);
    if (advanceMs > sizeMs)
      throw invalidTopology(`Windows of ${sizeMs} ms cannot advance by ${advanceMs} ms: the advance must not be larger than the size.`);
    this.sizeMs = sizeMs;
    this.advanceMs = advanceMs;
    this.graceMs = graceMs;
  }

  /** Tumbling windows that accept no late record. */
  static ofSizeWithNoGrace(sizeMs: number): TimeWindows {
    return new TimeWindows(sizeMs, sizeMs, 0);
  }

  /** Tumbling windows that accept records up to `graceMs` of stream time after their end. */
  static ofSizeAndGrace(sizeMs: number, graceMs: number): TimeWindows {
    return new TimeWindows(sizeMs, sizeMs, graceMs);
  }

  /** Hopping windows: one starts every `advanceMs`, at most the size. */
  advanceBy(advanceMs: number): TimeWindows {
    return new TimeWindows(this.sizeMs, advanceMs, this.graceMs);
  }
}

function checkMs(what: string, valueMs: number, leastMs: number): void {
  if (Number.isSafeInteger(valueMs) && valueMs >= leastMs) return;
  throw invalidTopology(`The ${what} of a window cannot be ${valueMs} ms: give a whole number, at least ${leastMs}.`);
}
