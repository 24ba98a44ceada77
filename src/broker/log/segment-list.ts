import type { Segment } from './segment.ts';

/** The segments of one log by base offset, never none; the last one is written. */
export class SegmentList {
  private segments: Segment[];

  constructor(segments: Segment[]) {
    this.segments = segments;
  }

  get all(): readonly Segment[] {
    return this.segments;
  }

  get count(): number {
    return this.segments.length;
  }

  get first(): Segment {
    return this.segments[0]!;
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1]!;
  }

  get sizeInBytes(): number {
    let bytes = 0;
    for (const segment of this.segments) bytes += segment.size;
    return bytes;
  }

  get hasAbortedTransactions(): boolean {
    for (const segment of this.segments) if (segment.transactionIndex.entryCount > 0) return true;
    return false;
  }

  at(index: number): Segment | undefined {
    return this.segments[index];
  }

  add(segment: Segment): void {
    this.segments.push(segment);
  }

  /** Takes away the `count` oldest. */
  removeFirst(count: number): Segment[] {
    return this.segments.splice(0, count);
  }

  /** Puts `replacement` in the place of `old`, which lie side by side. */
  replace(old: readonly Segment[], replacement: Segment): void {
    const index = this.segments.indexOf(old[0]!);
    this.segments.splice(index, old.length, replacement);
  }

  /** Index of the segment that `offset` falls into; -1 when it lies before the first. */
  floorIndex(offset: number): number {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.segments[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
