import { describe, expect, it } from 'vitest';
import { AdjustableClock } from '../../../src/broker/clock.ts';

describe('a clock that stands still', () => {
  it('goes on by what it is advanced, and calls back in order', async () => {
    const clock = new AdjustableClock({ standsStill: true });
    const startMs = clock.nowMs();
    const calls: [string, number][] = [];
    const note = (name: string) => () => void calls.push([name, clock.nowMs() - startMs]);
    clock.after(30, note('late'));
    clock.after(10, note('early'));
    clock.after(10, note('early too'));
    clock.after(31, note('never'));
    const cancel = clock.after(20, note('cancelled'));
    cancel();
    await clock.advance(30);
    expect(calls).toEqual([
      ['early', 10],
      ['early too', 10],
      ['late', 30],
    ]);
    expect(clock.nowMs()).toBe(startMs + 30);
  });

  it('calls back what is set off by what was due, if it is due as well', async () => {
    const clock = new AdjustableClock({ standsStill: true });
    const startMs = clock.nowMs();
    const ticks: number[] = [];
    const tick = async (): Promise<void> => {
      ticks.push(clock.nowMs() - startMs);
      await Promise.resolve();
      clock.after(10, () => void tick());
    };
    clock.after(10, () => void tick());
    await clock.advance(45);
    expect(ticks).toEqual([10, 20, 30, 40]);
  });

  it('does one advance after the other', async () => {
    const clock = new AdjustableClock({ standsStill: true });
    const startMs = clock.nowMs();
    await Promise.all([clock.advance(5), clock.advance(7)]);
    expect(clock.nowMs()).toBe(startMs + 12);
  });
});

describe('a clock that goes on', () => {
  it('can be advanced too, with the timers that are due then', async () => {
    const clock = new AdjustableClock();
    const startMs = clock.nowMs();
    const calls: string[] = [];
    clock.after(3_600_000, () => void calls.push('an hour'));
    const cancel = clock.after(7_200_000, () => void calls.push('two hours'));
    await clock.advance(3_600_000);
    expect(calls).toEqual(['an hour']);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(startMs + 3_600_000);
    cancel();
  });

  it('calls back by itself', async () => {
    const clock = new AdjustableClock();
    await new Promise<void>((resolve) => clock.after(1, resolve));
    await new Promise<void>((resolve) => clock.after(-5, resolve));
  });

  it('wants numbers', () => {
    expect(() => new AdjustableClock().after(Number.NaN, () => undefined)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});
