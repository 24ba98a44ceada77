import { MillraceError } from '../errors.ts';
import type { Clock } from './seams.ts';

/** Longest delay a Node timer can have; longer ones would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** The real time. Timers do not keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, callback) => {
    if (Number.isNaN(delayMs)) throw new MillraceError('INTERNAL', 'A timer needs a delay in milliseconds.');
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
