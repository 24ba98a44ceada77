import { offsetName, parseOffsetName, SNAPSHOT_SUFFIX } from './file-names.ts';
import { type LogFileSystem, replaceFile } from './file-system.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts';
import type { ProducerState } from './producer-states.ts';

/** The producer snapshots of a partition: one where each segment begins, one at a clean stop. */
export class SnapshotFiles {
  private readonly fs: LogFileSystem;
  private readonly directory: string;
  /** Ascending. */
  private offsets: number[] = [];

  constructor(fs: LogFileSystem, directory: string) {
    this.fs = fs;
    this.directory = directory;
    for (const name of fs.list(directory)) {
      const offset = parseOffsetName(name, SNAPSHOT_SUFFIX);
      if (offset !== undefined) this.offsets.push(offset);
    }
    this.offsets.sort((left, right) => left - right);
  }

  /** Returns the path of the file written, which is not synced. */
  write(offset: number, producers: ReadonlyMap<number, ProducerState>): string {
    const path = this.pathOf(offset);
    replaceFile(this.fs, path, encodeProducerSnapshot(producers), false);
    if (!this.offsets.includes(offset)) this.offsets.push(offset);
    this.offsets.sort((left, right) => left - right);
    return path;
  }

  /** The newest one at or before `offset` that is not damaged; damaged ones are removed. */
  loadNewest(offset: number, seenMs: number): { readonly offset: number; readonly states: ProducerState[] } | undefined {
    for (const candidate of this.offsets.filter((known) => known <= offset).reverse()) {
      const states = decodeProducerSnapshot(this.fs.readFile(this.pathOf(candidate)), seenMs);
      if (states !== undefined) return { offset: candidate, states };
      this.remove([candidate]);
    }
    return undefined;
  }

  /** Those of segments that are gone; the newest always stays. */
  removeBefore(offset: number): void {
    this.remove(this.offsets.slice(0, -1).filter((known) => known < offset));
  }

  /** Those where a segment begins, and the newest. */
  keepOnly(offsets: readonly number[]): void {
    this.remove(this.offsets.slice(0, -1).filter((known) => !offsets.includes(known)));
  }

  removeAfter(offset: number): void {
    this.remove(this.offsets.filter((known) => known > offset));
  }

  private remove(offsets: readonly number[]): void {
    for (const offset of offsets) this.fs.remove(this.pathOf(offset));
    this.offsets = this.offsets.filter((offset) => !offsets.includes(offset));
  }

  private pathOf(offset: number): string {
    return `${this.directory}/${offsetName(offset)}${SNAPSHOT_SUFFIX}`;
  }
}
