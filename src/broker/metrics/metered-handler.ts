import { readInt16 } from '../../protocol/index.ts';
import type { Connection, FrameHandler } from '../server/connection.ts';
import type { RequestMetrics } from './request-metrics.ts';

/** Bytes of a frame's length field, which frames come without. */
const LENGTH_BYTES = 4;

/** Counts and times what a handler does. */
export class MeteredHandler implements FrameHandler {
  readonly #handler: FrameHandler;
  readonly #metrics: RequestMetrics;

  constructor(handler: FrameHandler, metrics: RequestMetrics) {
    this.#handler = handler;
    this.#metrics = metrics;
  }

  attach(connection: Connection): void {
    this.#handler.attach?.(connection);
  }

  isDone(frame: Buffer): boolean {
    return this.#handler.isDone(frame);
  }

  async handle(frame: Buffer, connection: Connection): Promise<Buffer[] | undefined> {
    const startedMs = performance.now();
    const bytesIn = frame.length + LENGTH_BYTES;
    // A frame may be too short to say what it is.
    const key = frame.length < 2 ? -1 : readInt16(frame, 0);
    try {
      const parts = await this.#handler.handle(frame, connection);
      this.#metrics.answered(key, bytesIn, parts, performance.now() - startedMs);
      return parts;
    } catch (error) {
      this.#metrics.failed(key, bytesIn, performance.now() - startedMs);
      throw error;
    }
  }
}
