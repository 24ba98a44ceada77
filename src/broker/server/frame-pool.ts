import { BufferPool } from '../buffer-pool.ts';

/** Most requests that span chunks of the socket are produce requests of about a batch: these sizes are worth keeping. */
const LIMITS = { minBytes: 64 * 1024, maxBytes: 2 * 1024 * 1024, maxIdleBytes: 16 * 1024 * 1024 };

/**
 * Buffers that requests are put together in. A buffer may be given back when nothing that was decoded from it is kept,
 * which holds for Produce: the log copies or writes batches while it appends them.
 */
export class FramePool extends BufferPool {
  constructor() {
    super(LIMITS);
  }
}
