import { invalidTopology } from '../topology/names.ts';
import type { JoinWindowsSpec } from '../topology/operators.ts';

/**
 * The windows of a stream-stream join: a record of the left stream joins those of the right one, with the same key, whose
 * timestamps are from `beforeMs` before its own to `afterMs` after it, both inclusive. There is no default grace: say which.
 * Kafka Streams' `JoinWindows` (KIP-633).
 *
 * Records are kept for a partner to come for window size plus grace, that is `beforeMs + afterMs + graceMs`, of stream time.
 * If all three are 0, nothing is kept and nothing joins, as in Kafka Streams.
 */
export class JoinWindows implements JoinWindowsSpec {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;

  private constructor(beforeMs: number, afterMs: number, graceMs: number) {
    for (const [what, valueMs] of Object.entries({ before: beforeMs, after: afterMs, grace: graceMs })) {
      if (!Number.isSafeInteger(valueMs))
        throw invalidTopology(`The "${what}" of a join window cannot be ${valueMs} ms: give a whole number of milliseconds.`);
    }
    if (graceMs < 0) throw invalidTopology(`The grace of a join window cannot be ${graceMs} ms: give a whole number, at least 0.`);
    if (beforeMs + afterMs < 0)
      throw invalidTopology(
        `A join window from ${beforeMs} ms before to ${afterMs} ms after a record ends before it begins: before plus after must be at least 0.`,
      );
    this.beforeMs = beforeMs;
    this.afterMs = afterMs;
    this.graceMs = graceMs;
  }

  /** Timestamps may differ by `timeDifferenceMs` at most; no late record is accepted. */
  static ofTimeDifferenceWithNoGrace(timeDifferenceMs: number): JoinWindows {
    return new JoinWindows(timeDifferenceMs, timeDifferenceMs, 0);
  }

  /** Timestamps may differ by `timeDifferenceMs` at most; records may be up to `graceMs` of stream time late. */
  static ofTimeDifferenceAndGrace(timeDifferenceMs: number, graceMs: number): JoinWindows {
    return new JoinWindows(timeDifferenceMs, timeDifferenceMs, graceMs);
  }

  /** Changes how much earlier than the left record the right one may be; negative: how much later it must be at least. */
  before(timeDifferenceMs: number): JoinWindows {
    return new JoinWindows(timeDifferenceMs, this.afterMs, this.graceMs);
  }

  /** Changes how much later than the left record the right one may be; negative: how much earlier it must be at least. */
  after(timeDifferenceMs: number): JoinWindows {
    return new JoinWindows(this.beforeMs, timeDifferenceMs, this.graceMs);
  }

  /** Length of the window in ms. */
  get sizeMs(): number {
    return this.beforeMs + this.afterMs;
  }
}
