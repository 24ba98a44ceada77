import { describe, expect, it } from 'vitest';
import { halves } from '../../../bench/e2e/latency/main.ts';
import { isSustained, Percentiles } from '../../../bench/e2e/latency/percentiles.ts';
import { Schedule } from '../../../bench/e2e/latency/schedule.ts';

describe('Schedule', () => {
  it('says how many records should have been sent by now', () => {
    const schedule = new Schedule(1_000, 500);
    expect([900, 1_000, 1_001, 1_002, 2_000].map((nowMs) => schedule.dueAt(nowMs))).toEqual([0, 0, 0, 1, 500]);
  });

  it('gives records that are sent late the times at which they should have been sent', () => {
    const schedule = new Schedule(1_000, 500);
    // Nothing was sent for 10 ms: five records are due, 2 ms apart.
    const due = schedule.dueAt(1_010);
    expect(Array.from({ length: due }, (_, index) => schedule.intendedMs(index))).toEqual([1_000, 1_002, 1_004, 1_006, 1_008]);
  });
});

describe('Percentiles', () => {
  it('measures what should have been sent in the time, and tells when later records come', () => {
    const percentiles = new Percentiles(1_000, 2_000);
    expect(percentiles.add(999, 5_000)).toBe(false);
    for (let index = 0; index < 100; index++) expect(percentiles.add(1_000 + index * 10, 1_000 + index * 10 + index + 1)).toBe(false);
    expect(percentiles.add(2_000, 9_000)).toBe(true);
    expect(percentiles.report(true)).toMatchObject({ records: 100, p50: 50, p90: 90, p99: 99, max: 100, firstHalf: 25, secondHalf: 75 });
  });

  it('has no figures without records', () => {
    expect(new Percentiles(0, 1).report(true)).toMatchObject({ records: 0, p50: Number.NaN });
  });

  it('sees a subject that falls behind', () => {
    const steady = new Percentiles(0, 1_000);
    const behind = new Percentiles(0, 1_000);
    for (let atMs = 0; atMs < 1_000; atMs++) {
      steady.add(atMs, atMs + 120);
      behind.add(atMs, atMs + atMs);
    }
    expect(isSustained(steady.report(true))).toBe(true);
    expect(isSustained(behind.report(true))).toBe(false);
    // Results that never came are not fast ones.
    expect(isSustained(steady.report(false))).toBe(false);
  });
});

describe('halves', () => {
  it('gives all the rate of the slowest, and the others theirs, too', () => {
    const subject = (name: string) => ({ name, command: '', parameters: [], threads: 1, variant: '' });
    const plans = halves([
      { subject: subject('fast'), rate: 1_000 },
      { subject: subject('slow'), rate: 101 },
    ]);
    expect(plans.map(({ subject: { name }, recordsPerSecond, rate }) => [name, recordsPerSecond, rate])).toEqual([
      ['fast', 50, 'half of the slowest'],
      ['slow', 50, 'half of the slowest'],
      ['fast', 500, 'half of its own'],
    ]);
  });

  it('needs a subject', () => expect(halves([])).toEqual([]));
});
