import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';

const INTERRUPTED = 130;
const PATIENCE_MS = 10_000;

/**
 * What a benchmark must not leave behind, however it ends: processes and directories. Ctrl-C and SIGTERM end it in order;
 * a second one ends it at once.
 */
export class Leftovers {
  readonly #children = new Set<ChildProcess>();
  readonly #directories = new Set<string>();
  readonly #stops = new Set<() => Promise<void>>();
  readonly #onSignal = (): void => this.#interrupted();
  readonly #onExit = (): void => this.#atOnce();
  #interruptedOnce = false;

  constructor() {
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal).once('exit', this.#onExit);
  }

  /** True once somebody wants to stop. */
  get interrupted(): boolean {
    return this.#interruptedOnce;
  }

  /** Killed when the benchmark ends before the process does. */
  child<T extends ChildProcess>(child: T): T {
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Removed at the end. */
  directory(path: string): string {
    this.#directories.add(path);
    return path;
  }

  /** Called when the benchmark is interrupted; returns how to call it at its regular end, once in either case. */
  onStop(stop: () => Promise<void>): () => Promise<void> {
    let stopped: Promise<void> | undefined;
    const once = (): Promise<void> => {
      stopped ??= stop().finally(() => this.#stops.delete(once));
      return stopped;
    };
    this.#stops.add(once);
    return once;
  }

  /** The regular end: all that is left goes. */
  async close(): Promise<void> {
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal).off('exit', this.#onExit);
    await Promise.allSettled([...this.#stops].map((stop) => stop()));
    this.#atOnce();
  }

  #interrupted(): void {
    if (this.#interruptedOnce) process.exit(INTERRUPTED);
    this.#interruptedOnce = true;
    for (const child of this.#children) child.kill('SIGTERM');
    const end = (): never => process.exit(INTERRUPTED);
    setTimeout(end, PATIENCE_MS).unref();
    void Promise.allSettled([...this.#stops].map((stop) => stop())).then(end);
  }

  #atOnce(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#children.clear();
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    this.#directories.clear();
  }
}
