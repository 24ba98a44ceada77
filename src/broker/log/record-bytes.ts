/** Whole batches read from a log, in memory that can be used again. */
export interface RecordBytes {
  readonly records: Buffer;
  /** Offset after the last batch; the fetch offset when there is none. */
  readonly nextOffset: number;
  /** Lets the memory be used again; undefined when there is nothing to give back. Must be called once at most. */
  readonly release: (() => void) | undefined;
}

const EMPTY = Buffer.alloc(0);

/** Nothing read from `fetchOffset` on. */
export function noRecords(fetchOffset: number): RecordBytes {
  return { records: EMPTY, nextOffset: fetchOffset, release: undefined };
}
