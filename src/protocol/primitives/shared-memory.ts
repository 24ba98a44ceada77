/**
 * Large buffers that several threads read in place, used again when all of them are done.
 *
 * Why: fresh memory for whatever passes through costs more than all else that is done with its bytes. The system has to
 * clear it, and V8 counts what lies outside its heap: a few megabytes are enough to have it mark the whole heap. Memory
 * that is shared is not counted, so it must be given back rather than left to the collector, which finds it only in passing.
 */

/** Smaller ones are not worth the bookkeeping. */
export const SHARED_FROM_BYTES = 64 * 1024;

export class SharedMemory {
  readonly #maxFreeBytes: number;
  /** By size, each a power of two. What lies beyond what is used of it is never touched, and so takes no memory. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  #freeBytes = 0;

  /** Keeps up to `maxFreeBytes` of what is given back. */
  constructor(maxFreeBytes: number) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Memory of its own, of at least {@link SHARED_FROM_BYTES} behind the buffer; its bytes are whatever was there. */
  take(length: number): Buffer {
    const size = sizeFor(length);
    const known = this.#free.get(size)?.pop();
    if (known !== undefined) this.#freeBytes -= size;
    return Buffer.from(known ?? new SharedArrayBuffer(size), 0, length);
  }

  /** Nobody reads or writes it any more, in no thread. Once for each time that it was taken. */
  giveBack(memory: SharedArrayBuffer): void {
    const size = memory.byteLength;
    if (this.#freeBytes + size > this.#maxFreeBytes) return;
    this.#freeBytes += size;
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [memory]);
    else list.push(memory);
  }
}

/** The memory behind these bytes if several threads may read it, so that it is neither transferred nor kept. */
export function sharedMemoryOf(bytes: Uint8Array): SharedArrayBuffer | undefined {
  return bytes.buffer instanceof SharedArrayBuffer ? bytes.buffer : undefined;
}

function sizeFor(length: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(length, SHARED_FROM_BYTES)));
}
