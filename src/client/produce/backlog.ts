/** How much is queued, and who waits for it to become less. */
export class Backlog {
  readonly #maxBytes: number;
  #bytes = 0;
  #count = 0;
  #waiters: (() => void)[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A single batch may be larger than all the room. */
  hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#maxBytes;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#count++;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    this.#count--;
    this.wake();
  }

  /** Lets all who wait look again. */
  wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Resolves when something changed, or at the deadline on the clock of `performance.now`; false then. */
  async changed(deadlineMs: number): Promise<boolean> {
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) return false;
    let timer: NodeJS.Timeout | undefined;
    const changed = await new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), leftMs);
      this.#waiters.push(() => resolve(true));
    });
    clearTimeout(timer);
    return changed || performance.now() < deadlineMs;
  }
}
