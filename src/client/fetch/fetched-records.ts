/** What a fetch gives out: whole record batches of one partition, back to back, as they came. */
export interface FetchedRecords {
  readonly topic: string;
  readonly partition: number;
  /** Where reading began. With `startsBelow` the first batch has records before it that must be left out. */
  readonly firstOffset: number;
  /** Where reading goes on; past what was left out, such as markers and aborted records. */
  readonly nextOffset: number;
  /** Records in the batches, by their headers; with `startsBelow` more than there are from `firstOffset` on. */
  readonly recordCount: number;
  readonly startsBelow: boolean;
  /** Batches, markers among them, which readers pass over. CRCs were checked if the fetcher was told to. */
  readonly bytes: Buffer;
  /** Nothing else lies in the same ArrayBuffer, so it may be transferred to another thread. */
  readonly ownsBuffer: boolean;
  /**
   * Given with bytes in memory that threads share ({@link SharedFrames}): to be called once, when nobody reads them any
   * more. The memory is used again then.
   */
  readonly release?: (() => void) | undefined;
}

/** Part of an answer, as it waits to be polled. */
export interface Slice {
  readonly start: number;
  end: number;
  readonly firstOffset: number;
  nextOffset: number;
  recordCount: number;
  readonly startsBelow: boolean;
}
