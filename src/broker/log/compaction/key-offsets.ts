/** What an entry costs besides its key's bytes: map entry, string header, number. */
const ENTRY_OVERHEAD_BYTES = 96;

/**
 * The last offset of every key of the dirty part. Kafka keeps hashes and accepts that two keys may collide; here the keys
 * themselves are kept, so no record is dropped for another one's sake. When it is full, the round ends there.
 */
export class KeyOffsets {
  private readonly maxBytes: number;
  private readonly offsets = new Map<string, number>();
  private bytes = 0;
  /** Offsets below have been taken in; records at or past it are not judged. */
  endOffset = -1;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.bytes >= this.maxBytes;
  }

  set(key: string, offset: number): void {
    const known = this.offsets.size;
    this.offsets.set(key, offset);
    if (this.offsets.size > known) this.bytes += key.length + ENTRY_OVERHEAD_BYTES;
  }

  /** -1: not in the dirty part. */
  get(key: string): number {
    return this.offsets.get(key) ?? -1;
  }
}
