import { describe, expect, it } from 'vitest';
import { type MeasuringPlan, MeasuringWindow, type Sample } from '../../../bench/e2e/measuring/window.ts';

const plan: MeasuringPlan = { inputRecords: 10_000, warmUpMs: 1_000, warmUpRecords: 500, mostWarmUp: 0.5, limitMs: 2_000 };

/** CPU grows by a millisecond of user time and half of system time for each millisecond. */
function sample(atMs: number, committed: number): Sample {
  return { atMs, committed, userSeconds: atMs / 1000, systemSeconds: atMs / 2000, brokerCpuSeconds: atMs / 4000 };
}

describe('MeasuringWindow', () => {
  it('begins with the first commit after both the time and the records of the warm-up', () => {
    const window = new MeasuringWindow(plan);
    window.add(sample(100, 0), false);
    window.add(sample(200, 100), false);
    // Long enough, but too few records.
    window.add(sample(1_300, 400), false);
    window.add(sample(1_400, 600), false);
    window.add(sample(1_500, 1_600), false);
    expect(window.add(sample(1_600, 10_000), true)).toBe(true);
    expect(window.part).toMatchObject({ warmUpRecords: 600, warmUpMs: 1_200, records: 9_400, elapsedMs: 200 });
  });

  it('takes CPU of the measured part only', () => {
    const window = new MeasuringWindow({ ...plan, warmUpMs: 0, warmUpRecords: 0 });
    window.add(sample(1_000, 10), false);
    window.add(sample(3_000, 1_000), false);
    expect(window.part.userSeconds).toBeCloseTo(2);
    expect(window.part.systemSeconds).toBeCloseTo(1);
    expect(window.part.brokerCpuSeconds).toBeCloseTo(0.5);
  });

  it('ends a warm-up that would take more than its share of the input', () => {
    const window = new MeasuringWindow(plan);
    window.add(sample(0, 1_000), false);
    window.add(sample(10, 5_100), false);
    window.add(sample(20, 10_000), true);
    expect(window.part).toMatchObject({ warmUpRecords: 5_100, records: 4_900, elapsedMs: 10 });
  });

  it('ends at commits that were seen, not between them', () => {
    const window = new MeasuringWindow({ ...plan, warmUpMs: 0, warmUpRecords: 0 });
    window.add(sample(0, 1_000), false);
    expect(window.add(sample(1_000, 2_000), false)).toBe(false);
    expect(window.add(sample(2_500, 2_000), false)).toBe(true);
    expect(window.part).toMatchObject({ records: 1_000, elapsedMs: 1_000 });
  });

  it('does not end at the limit before there is anything to measure', () => {
    const window = new MeasuringWindow({ ...plan, warmUpMs: 0, warmUpRecords: 0 });
    window.add(sample(0, 1_000), false);
    expect(window.add(sample(5_000, 1_000), false)).toBe(false);
    expect(window.add(sample(5_100, 1_100), false)).toBe(true);
  });

  it('counts the time until everything is done, repartition topics included', () => {
    const window = new MeasuringWindow({ ...plan, warmUpMs: 0, warmUpRecords: 0 });
    window.add(sample(0, 1_000), false);
    window.add(sample(1_000, 10_000), false);
    window.add(sample(1_500, 10_000), true);
    expect(window.part).toMatchObject({ records: 9_000, elapsedMs: 1_500 });
  });

  it('counts everything from the start when there is no warm-up, also what is committed at one go', () => {
    const window = new MeasuringWindow({ ...plan, warmUpMs: 0 });
    window.add(sample(0, 0), false);
    expect(window.add(sample(400, 10_000), true)).toBe(true);
    expect(window.part).toMatchObject({ records: 10_000, elapsedMs: 400, warmUpRecords: 0, warmUpMs: 0 });
  });

  it('says that the input was too small when nothing is left after the warm-up', () => {
    const window = new MeasuringWindow(plan);
    window.add(sample(0, 10_000), true);
    expect(() => window.part).toThrow('use more rows');
  });
});
