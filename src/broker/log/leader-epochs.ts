import { type EpochStart, readLeaderEpochs, writeLeaderEpochs } from './checkpoint-files.ts';
import type { LogFileSystem } from './file-system.ts';

/** Which leader epoch each stretch of the log was written in (KIP-101, KIP-320; Kafka: `LeaderEpochFileCache`). */
export class LeaderEpochs {
  private readonly fs: LogFileSystem;
  private readonly directory: string;
  private readonly durable: boolean;
  /** Epochs and start offsets rise. */
  private starts: EpochStart[];

  /** `durable`: changes are on the disk when a call returns. */
  constructor(fs: LogFileSystem, directory: string, durable: boolean) {
    this.fs = fs;
    this.directory = directory;
    this.durable = durable;
    this.starts = readLeaderEpochs(fs, directory) ?? [];
  }

  /** -1 when nothing was written or led yet. */
  get latest(): number {
    return this.starts[this.starts.length - 1]?.epoch ?? -1;
  }

  get entries(): readonly EpochStart[] {
    return this.starts;
  }

  /** `epoch` begins at `startOffset`. Entries that this contradicts go. An epoch that is known already stays as it is. */
  assign(epoch: number, startOffset: number): void {
    if (epoch <= this.latest && this.starts.some((start) => start.epoch === epoch)) return;
    this.starts = this.starts.filter((start) => start.epoch < epoch && start.startOffset < startOffset);
    this.starts.push({ epoch, startOffset });
    this.save();
  }

  /**
   * Records from `offset` on are gone. The latest epoch stays, and begins there: clients that were told of it would take
   * a smaller one for old news.
   */
  truncateFromEnd(offset: number): void {
    const latest = this.starts[this.starts.length - 1];
    if (latest === undefined || latest.startOffset <= offset) return;
    this.starts = this.starts.filter((start) => start.startOffset < offset);
    this.starts.push({ epoch: latest.epoch, startOffset: offset });
    this.save();
  }

  /** Records below `offset` are gone. The epoch that `offset` is in stays, and begins there. */
  truncateFromStart(offset: number): void {
    const index = this.starts.findLastIndex((start) => start.startOffset <= offset);
    if (index < 0 || (index === 0 && this.starts[0]!.startOffset === offset)) return;
    this.starts = this.starts.slice(index);
    this.starts[0] = { epoch: this.starts[0]!.epoch, startOffset: offset };
    this.save();
  }

  /** The largest epoch that is at most `epoch`, and the offset where the next one begins; -1/-1 when it is not known. */
  endOffsetFor(epoch: number, logEndOffset: number): { readonly epoch: number; readonly endOffset: number } {
    const latest = this.latest;
    if (epoch < 0 || epoch > latest) return { epoch: -1, endOffset: -1 };
    if (epoch === latest) return { epoch, endOffset: logEndOffset };
    const higher = this.starts.findIndex((start) => start.epoch > epoch);
    const endOffset = this.starts[higher]!.startOffset;
    // Below all known epochs: those records are gone, the asker must start at the first that is left.
    return { epoch: higher === 0 ? epoch : this.starts[higher - 1]!.epoch, endOffset };
  }

  /** The epoch of the batch at `offset`; -1 when unknown. */
  epochAt(offset: number): number {
    return this.starts.findLast((start) => start.startOffset <= offset)?.epoch ?? -1;
  }

  private save(): void {
    writeLeaderEpochs(this.fs, this.directory, this.starts, this.durable);
  }
}
