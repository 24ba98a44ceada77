import { SharedMemory, sharedMemoryOf } from '../protocol/index.ts';

/** Memory for large frames of which several readers, in whatever threads, have a part each. See {@link SharedMemory}. */
export class SharedFrames {
  readonly #memory: SharedMemory;
  /** Readers of a frame that have not given it back. What is forgotten here is the collector's. */
  readonly #readers = new WeakMap<SharedArrayBuffer, number>();

  /** Keeps up to `maxFreeBytes` of what was given back. */
  constructor(maxFreeBytes: number) {
    this.#memory = new SharedMemory(maxFreeBytes);
  }

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#memory.freeBytes;
  }

  /** Memory for a frame; its bytes are whatever was there. */
  take(length: number): Buffer {
    return this.#memory.take(length);
  }

  /**
   * From here on so many readers have a part of the frame that `bytes` lies in; with none it is given back at once.
   * Returns what each of them has to call, once, when it is done.
   */
  lend(bytes: Uint8Array, readers: number): () => void {
    const memory = sharedMemoryOf(bytes);
    if (memory === undefined) return () => undefined;
    this.#readers.set(memory, readers);
    if (readers === 0) this.#memory.giveBack(memory);
    return () => this.#done(memory);
  }

  #done(memory: SharedArrayBuffer): void {
    const left = (this.#readers.get(memory) ?? 0) - 1;
    this.#readers.set(memory, left);
    if (left === 0) this.#memory.giveBack(memory);
  }
}
