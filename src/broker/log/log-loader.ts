/**
 * Opens the files of a partition: finishes interrupted cleanings, finds what a crash has damaged, rebuilds indexes and
 * producers. Follows Kafka's `LogLoader`.
 */
import {
  BATCH_HEADER_BYTES,
  batchBaseSequence,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  isControlBatch,
  isTransactionalBatch,
  readControlType,
  readCoordinatorEpoch,
} from '../../protocol/index.ts';
import { BatchScanner, recordsMaxTimestamp } from './batch-scanner.ts';
import { DELETED_SUFFIX, LOG_SUFFIX, parseOffsetName } from './file-names.ts';
import { finishInterruptedCleaning } from './interrupted-cleaning.ts';
import type { LeaderEpochs } from './leader-epochs.ts';
import type { LogConfig } from './log-config.ts';
import type { LogResources } from './log-resources.ts';
import { isOffsetIndexSane, positionOf } from './offset-index.ts';
import { ProducerStates } from './producer-states.ts';
import { Segment } from './segment.ts';
import { sequencePlus } from './sequences.ts';
import { SnapshotFiles } from './snapshot-files.ts';

export interface LoadRequest {
  readonly resources: LogResources;
  readonly directory: string;
  readonly config: LogConfig;
  readonly epochs: LeaderEpochs;
  /** For messages. */
  readonly name: string;
  /** The broker stopped in order: files are as they were written. */
  readonly cleanShutdown: boolean;
  /** All below was synced. */
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

export interface LoadedLog {
  readonly segments: Segment[];
  readonly producers: ProducerStates;
  readonly snapshots: SnapshotFiles;
  readonly logEndOffset: number;
  /** Index of the first segment that was checked and whose indexes were rebuilt; the number of segments if none was. */
  readonly firstRecovered: number;
  /** Bytes cut off because they were no whole, undamaged batches. */
  readonly truncatedBytes: number;
}

export async function loadLog(request: LoadRequest): Promise<LoadedLog> {
  return new LogLoading(request).run();
}

class LogLoading {
  private readonly request: LoadRequest;
  private readonly producers = new ProducerStates();
  private readonly snapshots: SnapshotFiles;
  private segments: Segment[] = [];
  private truncatedBytes = 0;
  private nextOffset = 0;

  constructor(request: LoadRequest) {
    this.request = request;
    this.snapshots = new SnapshotFiles(request.resources.files.fs, request.directory);
  }

  async run(): Promise<LoadedLog> {
    const { resources, directory, config, cleanShutdown, epochs } = this.request;
    finishInterruptedCleaning(resources.files.fs, directory);
    this.segments = this.listSegments();
    if (this.segments.length === 0) this.segments.push(new Segment(resources, directory, this.request.logStartOffset, config));
    let trusted = this.openTrusted(cleanShutdown ? Infinity : this.request.recoveryPoint);
    if (!(await this.replayTrusted(trusted))) {
      // The end of the last segment is damaged, though the broker had stopped in order.
      trusted = this.segments.length - 1;
      this.producers.restore([]);
      this.nextOffset = 0;
      await this.replayTrusted(trusted);
    }
    await this.recover(trusted);
    this.finish();
    epochs.truncateFromEnd(this.nextOffset);
    this.snapshots.removeAfter(this.nextOffset);
    const { segments, producers, snapshots, truncatedBytes } = this;
    return { segments, producers, snapshots, logEndOffset: this.nextOffset, firstRecovered: trusted, truncatedBytes };
  }

  private listSegments(): Segment[] {
    const { resources, directory, config } = this.request;
    const bases: number[] = [];
    for (const name of resources.files.fs.list(directory)) {
      const base = parseOffsetName(name, LOG_SUFFIX);
      if (base !== undefined) bases.push(base);
    }
    bases.sort((left, right) => left - right);
    return bases.map((base) => new Segment(resources, directory, base, config));
  }

  /** Takes segments that end before `recoveryPoint` as they are; returns the index of the first that must be checked. */
  private openTrusted(recoveryPoint: number): number {
    const last = this.segments.length - 1;
    for (let index = 0; index <= last; index++) {
      const segment = this.segments[index]!;
      const endsAt = index === last ? Infinity : this.segments[index + 1]!.baseOffset;
      if (endsAt > recoveryPoint || !this.openAsItIs(segment)) return index;
    }
    return this.segments.length;
  }

  /** False when its indexes are missing or wrong. */
  private openAsItIs(segment: Segment): boolean {
    const size = Math.max(this.request.resources.files.fs.sizeOf(segment.file.path), 0);
    segment.size = size;
    if (size === 0) return true;
    if (segment.timeIndex.sizeInBytes === 0 && size > this.request.config.indexIntervalBytes * 4) return false;
    const last = segment.timeIndex.lastNow();
    if (last !== undefined) {
      segment.largestTimestampMs = last.timestampMs;
      segment.offsetOfLargestTimestamp = last.offset;
    }
    return segment === this.segments[this.segments.length - 1] ? isOffsetIndexSane(segment.offsetIndex.loadNow(), size) : true;
  }

  /** Returns the offset from which producers must be replayed. */
  private loadSnapshot(newestOffset: number): number {
    const { resources } = this.request;
    const snapshot = this.snapshots.loadNewest(newestOffset, resources.clock.nowMs());
    if (snapshot === undefined) return this.segments[0]!.baseOffset;
    this.producers.restore(snapshot.states);
    return snapshot.offset;
  }

  /** Rebuilds the producers below `trusted`. False when the log's last segment is among them and does not end with a batch. */
  private async replayTrusted(trusted: number): Promise<boolean> {
    // Once indexes are rebuilt anyway, producers are replayed from the snapshot before; else from the newest one.
    const replayFrom = this.loadSnapshot(trusted < this.segments.length ? this.segments[trusted]!.baseOffset : Infinity);
    for (let index = 0; index < trusted; index++) {
      const segment = this.segments[index]!;
      const next = this.segments[index + 1];
      if (next !== undefined && next.baseOffset <= replayFrom) continue;
      const entries = segment.offsetIndex.loadNow();
      const scanner = new BatchScanner(segment.file, positionOf(entries, replayFrom - segment.baseOffset), segment.size);
      this.nextOffset = Math.max(this.nextOffset, segment.baseOffset);
      while (scanner.next() || (await scanner.fill())) {
        if (scanner.baseOffset >= replayFrom) this.replayProducer(scanner);
        this.nextOffset = scanner.lastOffset + 1;
      }
      if (next === undefined && scanner.position !== segment.size) return false;
    }
    return true;
  }

  /** Walks the batches of the segments from `first` on, and cuts the log at the first bad byte. */
  private async recover(first: number): Promise<void> {
    const { files } = this.request.resources;
    for (let index = first; index < this.segments.length; index++) {
      const segment = this.segments[index]!;
      // Segments lie end to end: between two whose bytes were not all synced a power cut can have taken batches.
      if (index > first && segment.baseOffset > this.nextOffset) {
        this.dropSegmentsAfter(index - 1);
        this.warnOfCut(`the segment that begins there is gone or cut short`);
        return;
      }
      const bytes = Math.max(files.fs.sizeOf(segment.file.path), 0);
      this.nextOffset = Math.max(this.nextOffset, segment.baseOffset);
      const intact = await this.rebuild(segment, bytes);
      if (intact === bytes) {
        if (index < this.segments.length - 1) segment.seal();
        continue;
      }
      this.truncatedBytes += bytes - intact;
      segment.file.truncate(intact);
      this.dropSegmentsAfter(index);
      this.warnOfCut(`byte ${intact} of ${segment.file.path} begins no undamaged batch`);
    }
  }

  private warnOfCut(reason: string): void {
    this.request.resources.onEvent({
      level: 'warn',
      message: `${this.request.name}: cut at offset ${this.nextOffset}, as ${reason}; ${this.truncatedBytes} bytes are given up.`,
    });
  }

  /** Builds the segment's indexes anew; returns how many bytes of it are whole batches. */
  private async rebuild(segment: Segment, bytes: number): Promise<number> {
    segment.resetForRecovery();
    const scanner = new BatchScanner(segment.file, 0, bytes);
    while (scanner.next() || (await scanner.fill())) {
      if (scanner.baseOffset < this.nextOffset || !scanner.crcMatches) return scanner.batchPosition;
      const { buffer, at } = scanner;
      this.nextOffset = scanner.lastOffset + 1;
      segment.noteBatch(scanner.length, scanner.lastOffset, recordsMaxTimestamp(buffer, at));
      const epoch = batchLeaderEpoch(buffer, at);
      if (epoch > this.request.epochs.latest) this.request.epochs.assign(epoch, scanner.baseOffset);
      this.replayProducer(scanner, segment);
    }
    return scanner.position;
  }

  private replayProducer(scanner: BatchScanner, rebuilt?: Segment): void {
    const { buffer, at } = scanner;
    const producerId = batchProducerId(buffer, at);
    if (producerId < 0) return;
    const nowMs = this.request.resources.clock.nowMs();
    const epoch = batchProducerEpoch(buffer, at);
    const timestampMs = batchMaxTimestamp(buffer, at);
    if (!isControlBatch(buffer, at)) {
      const firstSequence = batchBaseSequence(buffer, at);
      const lastSequence = firstSequence < 0 ? -1 : sequencePlus(firstSequence, batchLastOffsetDelta(buffer, at));
      const transactional = isTransactionalBatch(buffer, at);
      const batch = { producerId, epoch, firstSequence, lastSequence, transactional };
      this.producers.applyData(batch, scanner.baseOffset, scanner.lastOffset, timestampMs, nowMs);
      return;
    }
    const type = readControlType(buffer, at);
    if (type === 'other') return;
    const coordinatorEpoch = readCoordinatorEpoch(buffer, at);
    const completed = this.producers.applyMarker(producerId, epoch, coordinatorEpoch, scanner.baseOffset, timestampMs, nowMs);
    if (completed === undefined || type !== 'abort' || rebuilt === undefined) return;
    const firstOpen = this.producers.firstOpenOffset;
    const lastStableOffset = firstOpen < 0 ? this.nextOffset : firstOpen;
    rebuilt.transactionIndex.append({ ...completed, lastStableOffset });
  }

  private dropSegmentsAfter(index: number): void {
    for (const segment of this.segments.splice(index + 1)) {
      this.truncatedBytes += Math.max(this.request.resources.files.fs.sizeOf(segment.file.path), 0);
      segment.deleteFiles(this.request.resources.files.fs, DELETED_SUFFIX);
    }
  }

  /** The last segment can be appended to again. */
  private finish(): void {
    const active = this.segments[this.segments.length - 1]!;
    active.offsetIndex.unseal();
    active.timeIndex.unseal();
    active.transactionIndex.unseal();
    this.nextOffset = Math.max(this.nextOffset, active.baseOffset, this.request.logStartOffset);
    const first = new BatchScanner(active.file, 0, active.size, BATCH_HEADER_BYTES);
    if (first.fillNow()) active.firstTimestampMs = batchMaxTimestamp(first.buffer, first.at);
  }
}
