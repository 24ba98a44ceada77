/**
 * Memory for large frames that other threads read in place, used again when all of them are done with it.
 *
 * Why: fresh memory for every frame costs more than all else that is done with its bytes. The system has to clear it, and
 * V8 counts what lies outside its heap: a few answers are enough to have it mark the whole heap. Memory that is shared is
 * not counted, so it must be given back rather than left to the collector, which finds it only in passing.
 */

/** Smaller frames are copied out of: they are not worth the bookkeeping. */
export const SHARED_FROM_BYTES = 64 * 1024;

export class SharedFrames {
  readonly #maxFreeBytes: number;
  /** By size, each a power of two. What lies beyond a frame's end is never touched, and so takes no memory. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  /** Readers of a frame that have not given it back. What is forgotten here is the collector's. */
  readonly #readers = new WeakMap<SharedArrayBuffer, number>();
  #freeBytes = 0;

  /** Keeps up to `maxFreeBytes` of what was given back. */
  constructor(maxFreeBytes: number) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Memory for a frame; its bytes are whatever was there. */
  take(length: number): Buffer {
    const size = sizeFor(length);
    const known = this.#free.get(size)?.pop();
    if (known !== undefined) this.#freeBytes -= size;
    return Buffer.from(known ?? new SharedArrayBuffer(size), 0, length);
  }

  /**
   * From here on so many readers have a part of the frame that `bytes` lies in; with none it is given back at once.
   * Returns what each of them has to call, once, when it is done.
   */
  lend(bytes: Uint8Array, readers: number): () => void {
    const { buffer } = bytes;
    if (!(buffer instanceof SharedArrayBuffer)) return () => undefined;
    this.#readers.set(buffer, readers);
    if (readers === 0) this.#giveBack(buffer);
    return () => this.#done(buffer);
  }

  #done(buffer: SharedArrayBuffer): void {
    const left = (this.#readers.get(buffer) ?? 0) - 1;
    this.#readers.set(buffer, left);
    if (left === 0) this.#giveBack(buffer);
  }

  #giveBack(buffer: SharedArrayBuffer): void {
    const size = buffer.byteLength;
    if (this.#freeBytes + size > this.#maxFreeBytes) return;
    this.#freeBytes += size;
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [buffer]);
    else list.push(buffer);
  }
}

/** True for bytes in memory that may be read by several threads, so that it is neither transferred nor kept. */
export function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof SharedArrayBuffer;
}

function sizeFor(length: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(length, SHARED_FROM_BYTES)));
}
