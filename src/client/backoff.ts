import { setTimeout as sleep } from 'node:timers/promises';

/** Part of every wait that chance adds or takes, so that many clients do not come back at the same moment (KIP-144). */
const JITTER = 0.2;
/** 2^30 times any wait is above every maximum; a larger exponent would only overflow. */
const MAX_EXPONENT = 30;

/** Milliseconds to wait before repetition `attempt`, counted from 0: doubles from `firstMs` to `maxMs`, by ±20 % of chance. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number, random: () => number = Math.random): number {
  const plain = Math.min(firstMs * 2 ** Math.min(attempt, MAX_EXPONENT), maxMs);
  return Math.round(plain * (1 - JITTER + 2 * JITTER * random()));
}

/** Waits; true when the time passed, false when `signal` was aborted meanwhile. Never rejects. */
export async function waited(delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  try {
    await sleep(delayMs, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
