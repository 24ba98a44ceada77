/**
 * The outcome of `promise`, or the error that `late` makes when it takes past `deadlineMs` on the clock of
 * `performance.now`. What the promise does after that is nobody's any more.
 */
export async function within<T>(promise: Promise<T>, deadlineMs: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, deadlineMs - performance.now()));
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
