import { LOG_SUFFIX, OFFSET_INDEX_SUFFIX, offsetName, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX } from './file-names.ts';
import type { LogFileSystem } from './file-system.ts';
import type { LogConfig } from './log-config.ts';
import type { LogResources } from './log-resources.ts';
import { OffsetIndex } from './offset-index.ts';
import type { PooledFile } from './open-files.ts';
import { ReadPositions } from './read-positions.ts';
import { TimeIndex } from './time-index.ts';
import { TransactionIndex } from './transaction-index.ts';

const MAX_RELATIVE_OFFSET = 0x7fffffff;

/** A stretch of the log in one file, with its indexes. Only the last segment of a log is written. */
export class Segment {
  readonly baseOffset: number;
  readonly file: PooledFile;
  readonly offsetIndex: OffsetIndex;
  readonly timeIndex: TimeIndex;
  readonly transactionIndex: TransactionIndex;
  readonly readPositions = new ReadPositions();
  /** Bytes of the log file. */
  size = 0;
  /** Largest timestamp of any record; -1 when none has one. */
  largestTimestampMs = -1;
  /** Last offset of the batch that has it. */
  offsetOfLargestTimestamp = -1;
  /** Largest timestamp of the first batch, which `segment.ms` counts from; -1 when unknown. */
  firstTimestampMs = -1;
  /** When the segment was begun in this process: counts for `segment.ms` when records have no timestamps. */
  readonly createdAtMs: number;
  private readonly indexIntervalBytes: number;
  private bytesSinceIndexEntry = 0;

  constructor(resources: LogResources, directory: string, baseOffset: number, config: LogConfig, suffix = '') {
    const { files, indexes, clock } = resources;
    const path = `${directory}/${offsetName(baseOffset)}`;
    const indexPath = (kind: string): string => path + kind + suffix;
    const sizeOf = (kind: string): number => Math.max(files.fs.sizeOf(indexPath(kind)), 0);
    this.baseOffset = baseOffset;
    this.indexIntervalBytes = config.indexIntervalBytes;
    this.createdAtMs = clock.nowMs();
    this.file = files.file(path + LOG_SUFFIX + suffix);
    const maxIndexBytes = config.segmentIndexBytes;
    this.offsetIndex = new OffsetIndex(
      files,
      indexes,
      indexPath(OFFSET_INDEX_SUFFIX),
      baseOffset,
      maxIndexBytes,
      sizeOf(OFFSET_INDEX_SUFFIX),
    );
    this.timeIndex = new TimeIndex(files, indexes, indexPath(TIME_INDEX_SUFFIX), baseOffset, maxIndexBytes, sizeOf(TIME_INDEX_SUFFIX));
    this.transactionIndex = new TransactionIndex(files, indexes, indexPath(TRANSACTION_INDEX_SUFFIX), sizeOf(TRANSACTION_INDEX_SUFFIX));
  }

  /** Writes one batch at the end. When the write throws, the segment is as before. */
  append(buffer: Buffer, position: number, length: number, lastOffset: number, timestampMs: number): void {
    this.file.write(buffer, position, length, this.size);
    this.noteBatch(length, lastOffset, timestampMs);
  }

  /** Takes a batch that is already in the file into the indexes: after {@link append}, and in recovery. */
  noteBatch(length: number, lastOffset: number, timestampMs: number): void {
    if (this.size === 0) this.firstTimestampMs = timestampMs;
    if (timestampMs > this.largestTimestampMs) {
      this.largestTimestampMs = timestampMs;
      this.offsetOfLargestTimestamp = lastOffset;
    }
    if (this.bytesSinceIndexEntry > this.indexIntervalBytes && !this.offsetIndex.isFull) {
      this.offsetIndex.append(lastOffset, this.size);
      this.timeIndex.appendIfLater(this.largestTimestampMs, this.offsetOfLargestTimestamp, false);
      this.bytesSinceIndexEntry = 0;
    }
    this.size += length;
    this.bytesSinceIndexEntry += length;
  }

  /** Kafka's `LogSegment.shouldRoll`: a batch of these properties needs a new segment first. */
  mustRollFor(bytes: number, lastOffset: number, timestampMs: number, nowMs: number, config: LogConfig, maxAgeMs: number): boolean {
    if (this.size + bytes > config.segmentBytes || lastOffset - this.baseOffset > MAX_RELATIVE_OFFSET) return this.size > 0;
    if (this.offsetIndex.isFull || this.timeIndex.isFull) return true;
    return this.size > 0 && this.ageMs(timestampMs, nowMs) > maxAgeMs;
  }

  /** How much later than the first batch a batch with this timestamp comes. */
  ageMs(timestampMs: number, nowMs: number): number {
    return this.firstTimestampMs >= 0 ? timestampMs - this.firstTimestampMs : nowMs - this.createdAtMs;
  }

  /**
   * Brings the indexes to their files: when the segment is begun or closed, and before a clean stop. An empty log file is
   * made too: its name tells a start after a crash at which offset the log goes on.
   */
  writeIndexes(closing: boolean): void {
    if (this.size === 0) this.file.touch();
    if (closing && this.largestTimestampMs >= 0) {
      this.timeIndex.appendIfLater(this.largestTimestampMs, this.offsetOfLargestTimestamp, true);
    }
    this.offsetIndex.write();
    this.timeIndex.write();
    if (this.transactionIndex.entryCount > 0) this.transactionIndex.write();
  }

  /** No more batches will come. */
  seal(): void {
    this.writeIndexes(true);
    this.offsetIndex.seal();
    this.timeIndex.seal();
    if (this.transactionIndex.entryCount > 0) this.transactionIndex.seal();
  }

  /** Empties the indexes and forgets the size, so that {@link noteBatch} can build them up again. */
  resetForRecovery(): void {
    this.size = 0;
    this.largestTimestampMs = -1;
    this.offsetOfLargestTimestamp = -1;
    this.firstTimestampMs = -1;
    this.bytesSinceIndexEntry = 0;
    this.offsetIndex.reset();
    this.timeIndex.reset();
    if (this.transactionIndex.entryCount > 0) this.transactionIndex.reset();
  }

  /** Files to be synced so that the whole segment survives a power cut. */
  filesToSync(): PooledFile[] {
    const files = [this.file, this.offsetIndex.file, this.timeIndex.file];
    if (this.transactionIndex.entryCount > 0) files.push(this.transactionIndex.file);
    return files;
  }

  closeFiles(): void {
    this.file.close();
    this.offsetIndex.file.close();
    this.timeIndex.file.close();
    this.transactionIndex.file.close();
  }

  /** The names are no longer this segment's. Reads under way keep their open descriptors. */
  retire(): void {
    this.file.retire();
    this.offsetIndex.retire();
    this.timeIndex.retire();
    this.transactionIndex.retire();
  }

  /** The paths of all its files, also of those that may not exist. */
  paths(): string[] {
    return [this.file.path, this.offsetIndex.path, this.timeIndex.path, this.transactionIndex.path];
  }

  /** Removes its files: first renamed, so that a crash in between leaves nothing that looks like a segment. */
  deleteFiles(fs: LogFileSystem, deletedSuffix: string): void {
    for (const path of this.renameFiles(fs, deletedSuffix)) fs.remove(path);
  }

  /** Takes its files out of the log by giving their names a suffix; returns the new paths. */
  renameFiles(fs: LogFileSystem, suffix: string): string[] {
    this.retire();
    const renamed: string[] = [];
    for (const path of this.paths()) {
      if (!fs.exists(path)) continue;
      if (suffix !== '') fs.rename(path, path + suffix);
      renamed.push(path + suffix);
    }
    return renamed;
  }
}
