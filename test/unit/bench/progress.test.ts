import { describe, expect, it } from 'vitest';
import { BenchProgress, type Step } from '../../../bench/e2e/progress.ts';

const step = (run: number, subject = 'Millrace'): Step => ({ workload: 'count', subject, run, runs: 2, records: 1_000_000 });

/** A stream that is no terminal, and a clock that stands still until it is set. */
function watched() {
  const lines: string[] = [];
  const kept: string[] = [];
  const clock = { ms: 0 };
  const stream = { isTTY: false, write: (text: string) => lines.push(text.trimEnd()) } as unknown as NodeJS.WriteStream;
  const progress = new BenchProgress(
    (line) => kept.push(line),
    stream,
    () => clock.ms,
  );
  return { progress, lines, kept, clock };
}

describe('the progress of a benchmark', () => {
  it('says which step it is, what was committed, the rate, and what is left by what earlier steps took', () => {
    const { progress, lines, clock } = watched();
    progress.plan([step(1), step(1, 'Java'), step(2), step(2, 'Java')]);
    progress.begin(step(1));
    clock.ms = 5_000;
    progress.committed(100_000);
    clock.ms = 20_000;
    progress.committed(550_000);
    clock.ms = 30_000;
    progress.end();
    progress.begin(step(1, 'Java'));
    clock.ms = 90_000;
    progress.end();
    progress.begin(step(2));
    clock.ms = 92_000;
    progress.committed(80_000);
    clock.ms = 102_000;
    progress.committed(480_000);
    expect(lines).toEqual([
      '1 of 4: count, Millrace, run 1 of 2: 550,000 of 1,000,000 records, 30,000/s',
      '3 of 4: count, Millrace, run 2 of 2: 480,000 of 1,000,000 records, 40,000/s, about 1:18 left',
    ]);
  });

  it('writes a plain line every ten seconds, not more often', () => {
    const { progress, lines, clock } = watched();
    progress.plan([step(1)]);
    progress.begin(step(1));
    for (; clock.ms < 35_000; clock.ms += 50) progress.committed(clock.ms);
    expect(lines).toHaveLength(3);
    progress.end();
    clock.ms += 60_000;
    progress.committed(1);
    expect(lines).toHaveLength(3);
  });

  it('never says that less than nothing is left', () => {
    const { progress, lines, clock } = watched();
    progress.plan([step(1), step(2)]);
    progress.begin(step(1));
    clock.ms = 10_000;
    progress.end();
    progress.begin(step(2));
    clock.ms = 50_000;
    progress.committed(10);
    expect(lines.at(-1)).toMatch(/about 0:00 left$/);
  });

  it('counts steps that nobody announced', () => {
    const { progress, lines, clock } = watched();
    progress.begin({ workload: 'restore', subject: 'Millrace', run: 1, runs: 1 });
    clock.ms = 10_000;
    progress.committed(0);
    expect(lines).toEqual(['1 of 1: restore, Millrace']);
  });

  it('does not count what only prepares', () => {
    const { progress, lines, clock } = watched();
    progress.plan([step(1), step(2)]);
    progress.begin({ workload: 'loading', subject: 'events', run: 1, runs: 1, records: 100, counted: false });
    clock.ms = 10_000;
    progress.committed(60);
    progress.end();
    progress.begin(step(1));
    clock.ms = 20_000;
    progress.committed(0);
    expect(lines).toEqual(['loading, events: 60 of 100 records', '1 of 2: count, Millrace, run 1 of 2: 0 of 1,000,000 records']);
  });

  it('passes lines that stay on', () => {
    const { progress, kept } = watched();
    progress.line('loaded');
    expect(kept).toEqual(['loaded']);
  });
});
