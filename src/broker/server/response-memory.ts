/** The least a fetch may read whatever else is in memory, so that every client gets on. */
const MIN_GRANT_BYTES = 1024 * 1024;

/**
 * Limits the bytes of fetched records that wait in memory for slow clients. A fetch is given what is left of the limit,
 * and always a little, and gives it back once its response is sent.
 */
export class ResponseMemory {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** How many of `wantedBytes` may be read now. */
  grant(wantedBytes: number): number {
    return Math.min(wantedBytes, Math.max(this.#limitBytes - this.#usedBytes, MIN_GRANT_BYTES));
  }

  take(bytes: number): void {
    this.#usedBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
