export interface BufferPoolLimits {
  /** Size of the smallest buffers, a power of two; what is smaller gets one of these. */
  readonly minBytes: number;
  /** Larger ones are allocated and forgotten. */
  readonly maxBytes: number;
  /** Bytes of all buffers that are kept unused. */
  readonly maxIdleBytes: number;
}

/**
 * Buffers that are used again and again. Memory outside of V8's heap makes it collect garbage all the time when it is
 * allocated for every request or every read: without a pool that is most of the CPU of moving data.
 */
export class BufferPool {
  readonly #limits: BufferPoolLimits;
  /** By power of two, from the smallest. */
  readonly #idle: Buffer[][] = [];
  #idleBytes = 0;

  constructor(limits: BufferPoolLimits) {
    this.#limits = limits;
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** At least `bytes` long, with whatever was in it before. */
  take(bytes: number): Buffer {
    const { minBytes, maxBytes } = this.#limits;
    if (bytes > maxBytes) return Buffer.allocUnsafeSlow(bytes);
    const sizeClass = this.#classOf(bytes);
    const buffer = this.#idle[sizeClass]?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(minBytes << sizeClass);
    this.#idleBytes -= buffer.length;
    return buffer;
  }

  /** Takes a buffer that {@link take} gave. The caller must not use it, or views of it, any more. */
  giveBack(buffer: Buffer): void {
    const { maxBytes, maxIdleBytes } = this.#limits;
    if (buffer.length > maxBytes || this.#idleBytes + buffer.length > maxIdleBytes) return;
    this.#idleBytes += buffer.length;
    const sizeClass = this.#classOf(buffer.length);
    while (this.#idle.length <= sizeClass) this.#idle.push([]);
    this.#idle[sizeClass]!.push(buffer);
  }

  /** The smallest class whose buffers hold `bytes`. */
  #classOf(bytes: number): number {
    const { minBytes } = this.#limits;
    return bytes <= minBytes ? 0 : 32 - Math.clz32(Math.floor((bytes - 1) / minBytes));
  }
}
