/** What can be told to stop and go on reading from its socket. */
export interface Reader {
  pauseReading(): void;
  resumeReading(): void;
}

/**
 * Limits the bytes of requests that are in memory over all connections (`queued.max.request.bytes`). Beyond the limit
 * only the connection whose request has been incomplete for the longest may go on reading, so that there is always one
 * that can be completed, answered and forgotten; memory is at most the limit plus one request.
 */
export class RequestMemory {
  readonly #limitBytes: number;
  #usedBytes = 0;
  /** Connections with an incomplete request, the oldest first. */
  readonly #incomplete = new Set<Reader>();
  readonly #paused = new Set<Reader>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A connection's bytes in memory changed by `bytes`; `incomplete`: it is in the middle of a request. */
  changed(reader: Reader, bytes: number, incomplete: boolean): void {
    this.#usedBytes += bytes;
    if (incomplete) this.#incomplete.add(reader);
    else this.#incomplete.delete(reader);
    if (this.#usedBytes > this.#limitBytes) this.#holdBack(reader);
    if (this.#paused.size > 0) this.#release();
  }

  /** The connection is gone, with `bytes` that it still had. */
  closed(reader: Reader, bytes: number): void {
    this.#paused.delete(reader);
    this.changed(reader, -bytes, false);
  }

  #holdBack(reader: Reader): void {
    const [oldest] = this.#incomplete;
    if (reader === oldest || this.#paused.has(reader)) return;
    this.#paused.add(reader);
    reader.pauseReading();
  }

  #release(): void {
    if (this.#usedBytes <= this.#limitBytes) {
      for (const reader of this.#paused) this.#resume(reader);
      return;
    }
    const [oldest] = this.#incomplete;
    if (oldest !== undefined && this.#paused.has(oldest)) this.#resume(oldest);
  }

  #resume(reader: Reader): void {
    this.#paused.delete(reader);
    reader.resumeReading();
  }
}
