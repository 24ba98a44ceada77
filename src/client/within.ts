export interface Limits {
  /** On the clock of `performance.now`. */
  readonly deadlineMs: number;
  readonly late: () => Error;
  readonly signal?: AbortSignal | undefined;
  readonly aborted: () => Error;
}

/**
 * The outcome of `promise`, or the error that `late` makes when it takes past the deadline, or `aborted` when the signal
 * comes before. What the promise does after that is nobody's any more.
 */
export async function within<T>(promise: Promise<T>, { deadlineMs, late, signal, aborted }: Limits): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, deadlineMs - performance.now()));
    onAbort = () => reject(aborted());
    signal?.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, givenUp]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
}
