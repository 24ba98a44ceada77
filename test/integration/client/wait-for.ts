import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a condition holds; on a busy machine that may take long, so only the end is limited. */
export async function waitFor(condition: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not so after ${limitMs} ms: ${condition}`);
    await sleep(10);
  }
}
