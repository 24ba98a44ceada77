import { MillraceError } from '../../errors.ts';
import { readInt32 } from '../primitives/int64.ts';

const LENGTH_BYTES = 4;

/** Kafka's default for `socket.request.max.bytes`. */
export const DEFAULT_MAX_FRAME_BYTES = 100 * 1024 * 1024;

/**
 * Cuts a byte stream into frames. A frame within one chunk is a view of it; one that spans chunks is put together once,
 * when its last chunk is there, so memory follows what was received and not what a length field claims.
 */
export class FrameSplitter {
  private readonly maxFrameBytes: number;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** Bytes of the frame in the making, with its length field; 0 while the length is unknown. */
  private wantedBytes = 0;

  constructor(maxFrameBytes = DEFAULT_MAX_FRAME_BYTES) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Bytes held back for a frame that is not complete. */
  get pendingBytes(): number {
    return this.waitingBytes;
  }

  /** The frames that `chunk` completes, without their length fields. Throws MALFORMED_FRAME for a length out of bounds. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    let rest = chunk;
    if (this.waitingBytes > 0) {
      this.waiting.push(chunk);
      this.waitingBytes += chunk.length;
      if (this.waitingBytes < Math.max(this.wantedBytes, LENGTH_BYTES)) return frames;
      rest = this.waiting.length === 1 ? chunk : Buffer.concat(this.waiting, this.waitingBytes);
      this.hold(undefined, 0);
    }
    let at = 0;
    while (rest.length - at >= LENGTH_BYTES) {
      const length = this.checkedLength(readInt32(rest, at));
      const end = at + LENGTH_BYTES + length;
      if (end > rest.length) {
        this.hold(rest.subarray(at), LENGTH_BYTES + length);
        return frames;
      }
      frames.push(rest.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    if (at < rest.length) this.hold(rest.subarray(at), 0);
    return frames;
  }

  private hold(bytes: Buffer | undefined, wantedBytes: number): void {
    this.waiting = bytes === undefined ? [] : [bytes];
    this.waitingBytes = bytes?.length ?? 0;
    this.wantedBytes = wantedBytes;
  }

  private checkedLength(length: number): number {
    if (length >= 0 && length <= this.maxFrameBytes) return length;
    throw new MillraceError('MALFORMED_FRAME', `A frame of ${length} bytes: the limit is ${this.maxFrameBytes}.`, {
      context: { length, limit: this.maxFrameBytes },
    });
  }
}
