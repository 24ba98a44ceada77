import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PollWatch } from '../../../../src/transport/wire/poll-watch.ts';

let told: number[];
let watch: PollWatch;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  watch = new PollWatch(1_000, (silentMs) => told.push(silentMs));
  watch.start();
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

it('tells once when nobody polls for longer than the limit, and again after the next poll', () => {
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(5_000);
  expect(told).toHaveLength(1);
  expect(told[0]).toBeGreaterThan(1_000);
  watch.entered();
  watch.left();
  vi.advanceTimersByTime(5_000);
  expect(told).toHaveLength(2);
});

it('does not count the time within a poll', () => {
  watch.entered();
  watch.entered();
  vi.advanceTimersByTime(60_000);
  watch.left();
  vi.advanceTimersByTime(60_000);
  watch.left();
  vi.advanceTimersByTime(900);
  expect(told).toEqual([]);
});

it('tells nothing when it was stopped', () => {
  watch.stop();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
});
