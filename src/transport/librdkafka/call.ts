import { MillraceError } from '../../errors.ts';
import type { NativeCallback, NativeFailure } from './native.ts';

/** What a call that librdkafka itself limits may take beyond that, before it is given up as lost. */
const GRACE_MS = 10_000;

/**
 * Makes a call of the callback API a promise that always settles: librdkafka keeps its own time limits, and the watchdog
 * holds even where it does not.
 *
 * @param toError what a failure given to the callback, or thrown, becomes
 */
export function call<T>(
  action: string,
  timeoutMs: number,
  invoke: (callback: NativeCallback<T>) => void,
  toError: (failure: NativeFailure) => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const watchdog = setTimeout(() => {
      reject(
        new MillraceError('TIMEOUT', `${action}: the native client gave no answer within ${timeoutMs + GRACE_MS} ms.`, { fatal: true }),
      );
    }, timeoutMs + GRACE_MS);
    try {
      invoke((failure, result) => {
        clearTimeout(watchdog);
        if (isFailure(failure)) reject(toError(failure));
        else resolve(result);
      });
    } catch (thrown) {
      clearTimeout(watchdog);
      reject(thrown instanceof MillraceError ? thrown : toError(thrown as NativeFailure));
    }
  });
}

function isFailure(failure: NativeFailure): boolean {
  return failure !== null && failure !== undefined && failure !== 0;
}
