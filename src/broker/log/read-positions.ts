/** Readers of one segment that are followed. More only means that some look into the index again. */
const MAX_READERS = 8;

/**
 * Where readers of a segment go on: a consumer that reads a log from end to end asks next for what comes right after,
 * and then neither the index nor the batches before it have to be looked at.
 */
export class ReadPositions {
  readonly #offsets: number[] = [];
  readonly #positions: number[] = [];
  #next = 0;

  /** Where the batch starts that begins with `offset`, or -1 when that is not known. Each answer is given once. */
  take(offset: number): number {
    const index = this.#offsets.indexOf(offset);
    if (index < 0) return -1;
    this.#offsets[index] = -1;
    this.#next = index;
    return this.#positions[index]!;
  }

  /** The batch at `position` is the first with `offset` or more. */
  remember(offset: number, position: number): void {
    this.#offsets[this.#next] = offset;
    this.#positions[this.#next] = position;
    this.#next = (this.#next + 1) % MAX_READERS;
  }
}
