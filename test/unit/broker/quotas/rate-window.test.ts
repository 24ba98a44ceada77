import { describe, expect, it } from 'vitest';
import { RateWindow } from '../../../../src/broker/quotas/rate-window.ts';

describe('a rate over eleven samples of a second', () => {
  it('allows a burst of ten seconds, as Kafka does', () => {
    const rate = new RateWindow(11, 1000);
    rate.record(10_000, 0);
    expect(rate.throttleTimeMs(1000, 0)).toBe(0);
    rate.record(5_000, 0);
    expect(rate.throttleTimeMs(1000, 0)).toBe(5000);
  });

  it('falls while nothing comes, and what is older than the window does not count', () => {
    const rate = new RateWindow(11, 1000);
    rate.record(20_000, 0);
    expect(rate.throttleTimeMs(1000, 5_000)).toBe(10_000);
    expect(rate.throttleTimeMs(1000, 10_999)).toBeGreaterThan(8_000);
    expect(rate.throttleTimeMs(1000, 11_000)).toBe(0);
    expect(rate.isIdle(11_000)).toBe(true);
  });

  it('is what was recorded over the time it took', () => {
    const rate = new RateWindow(11, 1000);
    for (let second = 0; second <= 10; second++) rate.record(2_000, second * 1000);
    // 22,000 in ten seconds; at 2,000 a second it takes one more.
    expect(rate.throttleTimeMs(2_000, 10_000)).toBe(1_000);
    expect(rate.throttleTimeMs(2_200, 10_000)).toBe(0);
  });
});
