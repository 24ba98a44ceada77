/** The least a fetch may read whatever else is in memory, so that every client gets on. */
const MIN_GRANT_BYTES = 64 * 1024;

/**
 * Limits the bytes of fetched records that wait in memory for slow clients. A fetch reserves what it may read before it
 * reads: what is left of the limit, and always a little. It gives that back once its response is sent.
 */
export class ResponseMemory {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Reserved by all fetches together. At most the limit, and a little for each fetch beyond. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Of one fetch; nothing is reserved yet. */
  reservation(): MemoryReservation {
    return new MemoryReservation(this);
  }

  /** How many of `wantedBytes` may be reserved now. */
  grant(wantedBytes: number): number {
    return Math.min(wantedBytes, Math.max(this.#limitBytes - this.#usedBytes, MIN_GRANT_BYTES));
  }

  /** By a {@link MemoryReservation}. */
  changed(bytes: number): void {
    this.#usedBytes += bytes;
  }
}

/** What one fetch has of the memory. */
export class MemoryReservation {
  readonly #memory: ResponseMemory;
  #bytes = 0;
  #over = false;

  constructor(memory: ResponseMemory) {
    this.#memory = memory;
  }

  /** Reserves up to `wantedBytes` in all; returns how many it has now. */
  grow(wantedBytes: number): number {
    if (wantedBytes > this.#bytes) this.#set(this.#bytes + this.#memory.grant(wantedBytes - this.#bytes));
    return this.#bytes;
  }

  /** Keeps only `bytes`, or takes more for what was read in one piece. */
  shrink(bytes: number): void {
    this.#set(bytes);
  }

  /** Gives back everything; what is set later is not counted. */
  giveBack(): void {
    this.#set(0);
    this.#over = true;
  }

  #set(bytes: number): void {
    if (this.#over) return;
    this.#memory.changed(bytes - this.#bytes);
    this.#bytes = bytes;
  }
}
