/** Most requests that span chunks of the socket are produce requests of about a batch: these sizes are worth keeping. */
const MIN_BYTES = 64 * 1024;
const MAX_BYTES = 2 * 1024 * 1024;
/** Buffers kept unused, in bytes. */
const MAX_IDLE_BYTES = 16 * 1024 * 1024;

/**
 * Buffers that requests are put together in. Memory outside of V8's heap makes it collect garbage all the time when it is
 * allocated for every request: that was half the CPU of producing. A buffer may be given back when nothing that was
 * decoded from it is kept, which holds for Produce: the log copies or writes batches while it appends them.
 */
export class FramePool {
  /** By power of two, from {@link MIN_BYTES}. */
  readonly #idle: Buffer[][] = [];
  #idleBytes = 0;

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** At least `bytes` long, with whatever was in it before. */
  take(bytes: number): Buffer {
    if (bytes > MAX_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const sizeClass = classOf(bytes);
    const buffer = this.#idle[sizeClass]?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(MIN_BYTES << sizeClass);
    this.#idleBytes -= buffer.length;
    return buffer;
  }

  /** The caller must not use the buffer, or views of it, any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length > MAX_BYTES || this.#idleBytes + buffer.length > MAX_IDLE_BYTES) return;
    this.#idleBytes += buffer.length;
    const sizeClass = classOf(buffer.length);
    const idle = this.#idle[sizeClass];
    if (idle === undefined) this.#idle[sizeClass] = [buffer];
    else idle.push(buffer);
  }
}

/** The smallest class whose buffers hold `bytes`. */
function classOf(bytes: number): number {
  return bytes <= MIN_BYTES ? 0 : 32 - Math.clz32((bytes - 1) >>> 16);
}
