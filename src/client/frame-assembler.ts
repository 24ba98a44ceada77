import { MillraceError } from '../errors.ts';
import { readInt32, SHARED_FROM_BYTES } from '../protocol/index.ts';
import type { SharedFrames } from './shared-frames.ts';

const LENGTH_BYTES = 4;
/** Below this a frame comes from Node's pool: allocating so little on its own costs more than the frame is worth. */
const OWN_MEMORY_FROM_BYTES = 4096;
/** What is missing of a frame is read straight into it if it is so much. */
const DIRECT_FROM_BYTES = 16 * 1024;

/**
 * Puts frames together from what a socket reads into one buffer again and again, or where it is told to. A frame of some
 * size lies in memory of its own, so that it can be handed to another thread.
 */
export class FrameAssembler {
  readonly #maxFrameBytes: number;
  readonly #onFrame: (frame: Buffer) => void;
  readonly #shared: SharedFrames | undefined;
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  #lengthFilled = 0;
  #frame: Buffer | undefined;
  #filled = 0;

  /** Large frames come from `shared`, if there is one. */
  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void, shared?: SharedFrames) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
    this.#shared = shared;
  }

  /** Where the rest of a large frame may be read to; the end of it is not worth a read of its own. */
  target(): Buffer | undefined {
    return this.#frame !== undefined && this.#frame.length - this.#filled >= DIRECT_FROM_BYTES
      ? this.#frame.subarray(this.#filled)
      : undefined;
  }

  /** So many bytes were read into {@link FrameAssembler.target}. Throws what `onFrame` throws. */
  filled(length: number): void {
    this.#filled += length;
    this.#finish();
  }

  /** Takes over bytes, which are free again afterwards. Throws MALFORMED_FRAME for a length out of bounds, and what `onFrame` throws. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#frame === undefined) {
        const taken = chunk.copy(this.#length, this.#lengthFilled, at, at + LENGTH_BYTES - this.#lengthFilled);
        this.#lengthFilled += taken;
        at += taken;
        if (this.#lengthFilled < LENGTH_BYTES) return;
        this.#begin(readInt32(this.#length, 0));
      }
      const frame = this.#frame!;
      const taken = chunk.copy(frame, this.#filled, at);
      this.#filled += taken;
      at += taken;
      if (!this.#finish()) return;
    }
  }

  /** Hands the frame over if it is complete. */
  #finish(): boolean {
    const frame = this.#frame;
    if (frame === undefined || this.#filled < frame.length) return false;
    this.#frame = undefined;
    this.#lengthFilled = 0;
    this.#onFrame(frame);
    return true;
  }

  #begin(length: number): void {
    if (length < LENGTH_BYTES || length > this.#maxFrameBytes) {
      throw new MillraceError(
        'MALFORMED_FRAME',
        `A frame of ${length} bytes: at least ${LENGTH_BYTES} and at most ${this.#maxFrameBytes} are taken.`,
        {
          context: { length, limit: this.#maxFrameBytes },
        },
      );
    }
    if (this.#shared !== undefined && length >= SHARED_FROM_BYTES) this.#frame = this.#shared.take(length);
    else this.#frame = length < OWN_MEMORY_FROM_BYTES ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
    this.#filled = 0;
  }
}
