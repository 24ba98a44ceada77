import { MillraceError } from '../../errors.ts';
import { readInt32 } from '../../protocol/index.ts';
import type { FramePool } from './frame-pool.ts';

const LENGTH_BYTES = 4;
/** A frame's buffer starts with at most this: memory follows what was received and not what a length field claims. */
const FIRST_BUFFER_BYTES = 1024 * 1024;

/** Smaller requests get memory of their own, in which groups may keep what they want of it. */
const SMALL_BYTES = 4096;

/** One request, without its length field. */
export interface Frame {
  readonly bytes: Buffer;
  /** The buffer of the pool that `bytes` is a view of; undefined for small requests. */
  readonly pooled: Buffer | undefined;
}

/**
 * Cuts a connection's bytes into requests and copies each into a buffer of its own, as the bytes are gone after the call.
 * Large ones use buffers of the pool, which their reader should give back.
 */
export class FrameAssembler {
  #maxFrameBytes: number;
  readonly #pool: FramePool;
  /** A length field that has not wholly arrived. */
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  #lengthBytes = 0;
  /** The frame in the making; undefined between frames. */
  #buffer: Buffer | undefined;
  #frameBytes = 0;
  #receivedBytes = 0;

  constructor(maxFrameBytes: number, pool: FramePool) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#pool = pool;
  }

  /** Largest frame taken from now on; one that has begun is not affected. */
  limitFrames(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes held of a frame that is not complete. */
  get pendingBytes(): number {
    return this.#buffer === undefined ? this.#lengthBytes : LENGTH_BYTES + this.#receivedBytes;
  }

  /** Adds the frames that `chunk` completes to `frames`. Throws MALFORMED_FRAME for a length out of bounds. */
  push(chunk: Buffer, frames: Frame[]): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#buffer !== undefined) at = this.#fill(chunk, at, frames);
      else if (this.#lengthBytes > 0 || chunk.length - at < LENGTH_BYTES) at = this.#fillLength(chunk, at, frames);
      else at = this.#cut(chunk, at, frames);
    }
  }

  /** Gives back what an incomplete frame has; nothing may be pushed any more. */
  release(): void {
    if (this.#buffer !== undefined) this.#pool.giveBack(this.#buffer);
    this.#buffer = undefined;
  }

  /** A frame begins at `at`, with its whole length field. */
  #cut(chunk: Buffer, at: number, frames: Frame[]): number {
    const bytes = this.#checked(readInt32(chunk, at));
    const start = at + LENGTH_BYTES;
    const end = start + bytes;
    if (end <= chunk.length && bytes <= SMALL_BYTES) {
      const copy = Buffer.allocUnsafe(bytes);
      chunk.copy(copy, 0, start, end);
      frames.push({ bytes: copy, pooled: undefined });
      return end;
    }
    this.#begin(bytes);
    return start;
  }

  #fillLength(chunk: Buffer, at: number, frames: Frame[]): number {
    const end = Math.min(at + LENGTH_BYTES - this.#lengthBytes, chunk.length);
    this.#lengthBytes += chunk.copy(this.#length, this.#lengthBytes, at, end);
    if (this.#lengthBytes < LENGTH_BYTES) return end;
    this.#lengthBytes = 0;
    const bytes = this.#checked(readInt32(this.#length, 0));
    if (bytes === 0) frames.push({ bytes: Buffer.alloc(0), pooled: undefined });
    else this.#begin(bytes);
    return end;
  }

  #begin(bytes: number): void {
    this.#frameBytes = bytes;
    this.#receivedBytes = 0;
    this.#buffer = this.#pool.take(Math.min(bytes, FIRST_BUFFER_BYTES));
  }

  #fill(chunk: Buffer, at: number, frames: Frame[]): number {
    const end = Math.min(at + this.#frameBytes - this.#receivedBytes, chunk.length);
    const buffer = this.#roomFor(this.#receivedBytes + end - at);
    this.#receivedBytes += chunk.copy(buffer, this.#receivedBytes, at, end);
    if (this.#receivedBytes === this.#frameBytes) {
      frames.push({ bytes: buffer.subarray(0, this.#frameBytes), pooled: buffer });
      this.#buffer = undefined;
    }
    return end;
  }

  #roomFor(bytes: number): Buffer {
    const old = this.#buffer!;
    if (bytes <= old.length) return old;
    const grown = this.#pool.take(Math.min(Math.max(bytes, old.length * 2), this.#frameBytes));
    old.copy(grown, 0, 0, this.#receivedBytes);
    this.#pool.giveBack(old);
    this.#buffer = grown;
    return grown;
  }

  #checked(bytes: number): number {
    if (bytes >= 0 && bytes <= this.#maxFrameBytes) return bytes;
    throw new MillraceError('MALFORMED_FRAME', `A frame of ${bytes} bytes: the limit is ${this.#maxFrameBytes}.`, {
      context: { length: bytes, limit: this.#maxFrameBytes },
    });
  }
}
