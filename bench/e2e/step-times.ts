import type { Step } from './progress.ts';

/** How long steps took, and from that how long those to come will take. */
export class StepTimes {
  /** Announced and not over, by key: how many. */
  readonly #waiting = new Map<string, number>();
  readonly #took = new Map<string, { count: number; sumMs: number }>();
  #done = 0;
  #sumMs = 0;

  get done(): number {
    return this.#done;
  }

  /** Done and to come; at least the one that is under way. */
  get total(): number {
    let waiting = 0;
    for (const count of this.#waiting.values()) waiting += count;
    return this.#done + Math.max(1, waiting);
  }

  plan(steps: readonly Step[]): void {
    for (const step of steps) this.#waiting.set(keyOf(step), (this.#waiting.get(keyOf(step)) ?? 0) + 1);
  }

  finished(step: Step, tookMs: number): void {
    const key = keyOf(step);
    const waiting = this.#waiting.get(key) ?? 0;
    if (waiting > 1) this.#waiting.set(key, waiting - 1);
    else this.#waiting.delete(key);
    const took = this.#took.get(key) ?? { count: 0, sumMs: 0 };
    this.#took.set(key, { count: took.count + 1, sumMs: took.sumMs + tookMs });
    this.#done++;
    this.#sumMs += tookMs;
  }

  /**
   * Of the step under way and all that wait: as long as earlier runs of the same, else as long as the average of all.
   * Undefined before the first step is over.
   */
  leftMs(current: Step, elapsedMs: number): number | undefined {
    if (this.#done === 0) return undefined;
    let sumMs = 0;
    for (const [key, count] of this.#waiting) sumMs += count * this.#expectedMs(key);
    return Math.max(0, sumMs - Math.min(elapsedMs, this.#expectedMs(keyOf(current))));
  }

  #expectedMs(key: string): number {
    const took = this.#took.get(key);
    return took === undefined ? this.#sumMs / this.#done : took.sumMs / took.count;
  }
}

function keyOf({ workload, subject }: Step): string {
  return `${workload}\n${subject}`;
}
