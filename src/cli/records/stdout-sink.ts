import { once } from 'node:events';
import type { Chunk } from './kcat-format.ts';

/** Collected before it is written: a system call for each record would be most of the work. */
const WRITE_BYTES = 256 * 1024;

/** Writes to stdout in large pieces, and waits when its reader is slow. */
export class StdoutSink {
  /** Append here, then call {@link StdoutSink.wrote}. */
  readonly chunks: Chunk[] = [];
  readonly #signal: AbortSignal;
  #bytes = 0;

  /** `signal` ends all waiting, as there may be no reader any more. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Counts the chunks from `first` on. A promise means: wait before the next record. */
  wrote(first: number): Promise<void> | undefined {
    for (let index = first; index < this.chunks.length; index++) this.#bytes += this.chunks[index]!.length;
    return this.#bytes >= WRITE_BYTES ? this.flush() : undefined;
  }

  /** Writes all there is; resolves when there is room for more. */
  async flush(): Promise<void> {
    if (this.chunks.length === 0) return;
    const bytes = Buffer.concat(this.chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
    this.chunks.length = 0;
    this.#bytes = 0;
    if (this.#signal.aborted || process.stdout.write(bytes)) return;
    await once(process.stdout, 'drain', { signal: this.#signal }).catch(() => undefined);
  }
}
