import { setTimeout as sleep } from 'node:timers/promises';
import { isMillraceError } from '../errors.ts';

export interface RetryOptions {
  /** How long trouble that may pass is tolerated, from the first call on. */
  readonly timeoutMs: number;
  /** Nobody waits for the result any more: the next error is passed on. */
  readonly isWanted: () => boolean;
  readonly onRetry: (error: Error) => void;
}

const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 1_000;

/** Repeats `work` while it fails with retriable errors. Other errors, and the one after `timeoutMs`, are passed on. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const deadlineMs = performance.now() + options.timeoutMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isMillraceError(error) || !error.retriable || !options.isWanted() || performance.now() > deadlineMs) throw error;
      options.onRetry(error);
    }
    await sleep(Math.min(BACKOFF_FIRST_MS * 2 ** attempt, BACKOFF_MAX_MS));
  }
}
