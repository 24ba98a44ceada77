import { MillraceError } from '../../errors.ts';
import {
  batchLastOffsetDelta,
  batchMaxTimestamp,
  batchProducerId,
  buildEndTransactionMarker,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
} from '../../protocol/index.ts';
import type { AppendResult, PartitionLogApi, ReadResult } from '../seams.ts';
import { checkBatch, checkCoordinatorBatch } from './batch-checks.ts';
import { describeProducer, messageOf, stampAppendTime } from './batch-stamps.ts';
import { readPartitionMetadata, writePartitionMetadata } from './checkpoint-files.ts';
import { DoomedFiles } from './doomed-files.ts';
import { KAFKA_STORAGE_ERROR, NONE, refusedResult } from './error-codes.ts';
import { Flusher } from './flusher.ts';
import { LeaderEpochs } from './leader-epochs.ts';
import { cleanLog } from './log-cleaning.ts';
import { type LogConfig, parseLogConfig } from './log-config.ts';
import { type LoadedLog, loadLog } from './log-loader.ts';
import { type ReadRequest, readLog } from './log-read.ts';
import { createLogResources, type LogResources } from './log-resources.ts';
import type { PartitionLogOptions } from './partition-log-options.ts';
import type { DataBatch, ProducerStates } from './producer-states.ts';
import { ReadableWaiters } from './readable-waiters.ts';
import { recompressed } from './recompress.ts';
import { Segment } from './segment.ts';
import { SegmentList } from './segment-list.ts';
import type { SnapshotFiles } from './snapshot-files.ts';
import { LogTail } from './tail-cache.ts';
import { type FoundOffset, findMaxTimestamp, findTimestamp } from './timestamp-search.ts';
import { isOpenFailure, UnsyncedFiles } from './unsynced-files.ts';

/**
 * One partition's log. An append is one write into the OS's page cache and a few numbers; batches are stored as they
 * come, with offset and leader epoch stamped in. Everything else (indexes, producers, cleaning) is around that.
 */
export class PartitionLog implements PartitionLogApi {
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  readonly resources: LogResources;
  readonly segments: SegmentList;
  readonly producers: ProducerStates;
  readonly snapshots: SnapshotFiles;
  readonly epochs: LeaderEpochs;
  readonly tail: LogTail;
  readonly unsynced: UnsyncedFiles;
  readonly doomed: DoomedFiles;
  /** Bytes that opening had to cut off. */
  readonly truncatedBytes: number;
  config: LogConfig;
  /** Compaction is done below. */
  cleanedUpTo: number;
  /** Bytes appended since the log was opened: only ever grows. */
  appendedBytes = 0;
  private readonly flusher: Flusher;
  private readonly waiters: ReadableWaiters;
  private startOffset: number;
  private endOffset: number;
  private syncedOffset: number;
  private currentEpoch: number;
  private rollJitterMs = 0;
  private failure: MillraceError | undefined;
  private cleaning: Promise<void> | undefined;
  private closed = false;

  /** Opens the partition in `dir`, repairing what a crash has left. Rejects with DATA_DIR_UNUSABLE. */
  static async open(options: PartitionLogOptions): Promise<PartitionLog> {
    const resources = options.resources ?? createLogResources(options);
    const name = `${options.topic}-${options.partition}`;
    try {
      const fs = resources.files.fs;
      const durable = resources.flushPolicy === 'batch';
      fs.makeDirectory(options.dir);
      if (readPartitionMetadata(fs, options.dir) === undefined) writePartitionMetadata(fs, options.dir, options.topicId, durable);
      const epochs = new LeaderEpochs(fs, options.dir, durable);
      const loaded = await loadLog({
        resources,
        directory: options.dir,
        config: parseLogConfig(options.config),
        epochs,
        name,
        cleanShutdown: options.cleanShutdown ?? false,
        recoveryPoint: options.recoveryPoint ?? 0,
        logStartOffset: options.logStartOffset ?? 0,
      });
      const log = new PartitionLog(options, resources, epochs, loaded);
      await log.start(loaded, options.cleanShutdown ?? false);
      return log;
    } catch (cause) {
      throw new MillraceError('DATA_DIR_UNUSABLE', `The log of ${name} in ${options.dir} cannot be opened: ${messageOf(cause)}`, { cause });
    }
  }

  private constructor(options: PartitionLogOptions, resources: LogResources, epochs: LeaderEpochs, loaded: LoadedLog) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.directory = options.dir;
    this.resources = resources;
    this.config = parseLogConfig(options.config);
    this.epochs = epochs;
    this.segments = new SegmentList(loaded.segments);
    this.producers = loaded.producers;
    this.snapshots = loaded.snapshots;
    this.truncatedBytes = loaded.truncatedBytes;
    this.tail = new LogTail(resources.tail);
    this.unsynced = new UnsyncedFiles(resources.files.fs, options.dir);
    this.doomed = new DoomedFiles(resources);
    this.endOffset = loaded.logEndOffset;
    this.startOffset = Math.min(Math.max(options.logStartOffset ?? 0, this.segments.first.baseOffset), this.endOffset);
    this.cleanedUpTo = Math.min(Math.max(options.cleanedUpTo ?? 0, this.startOffset), this.endOffset);
    this.syncedOffset = (options.cleanShutdown ?? false) ? this.endOffset : Math.min(options.recoveryPoint ?? 0, this.endOffset);
    this.currentEpoch = Math.max(epochs.latest, 0);
    this.waiters = new ReadableWaiters(this.highWatermark, this.lastStableOffset);
    this.flusher = new Flusher(resources.flushPolicy, resources.flushIntervalMs, resources.clock, this.flushTarget(), this.endOffset);
    this.chooseJitter();
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  get logStartOffset(): number {
    return this.startOffset;
  }

  get logEndOffset(): number {
    return this.endOffset;
  }

  /** With the flush policy `batch`, what a power cut could take back is not shown to consumers. */
  get highWatermark(): number {
    return this.resources.flushPolicy === 'batch' ? this.syncedOffset : this.endOffset;
  }

  get lastStableOffset(): number {
    const { firstOpenOffset: firstOpen } = this.producers;
    const { highWatermark } = this;
    return firstOpen < 0 || firstOpen > highWatermark ? highWatermark : Math.max(firstOpen, this.startOffset);
  }

  get leaderEpoch(): number {
    return this.currentEpoch;
  }

  get sizeInBytes(): number {
    return this.segments.sizeInBytes;
  }

  /** All below survives a power cut: where a check after a crash begins. */
  get recoveryPoint(): number {
    return this.resources.flushPolicy === 'none' ? Math.min(this.syncedOffset, this.segments.active.baseOffset) : this.syncedOffset;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  append(batch: Buffer, options: { readonly origin: 'client' | 'coordinator'; readonly transactionVersion?: number }): AppendResult {
    if (this.failure !== undefined) return refusedResult({ code: KAFKA_STORAGE_ERROR, message: this.failure.message });
    const nowMs = this.resources.clock.nowMs();
    const fromClient = options.origin === 'client';
    const refusal = fromClient ? checkBatch(batch, this.config, nowMs, this.name) : checkCoordinatorBatch(batch, this.config, this.name);
    if (refusal !== undefined) return refusedResult(refusal);
    const producerId = batchProducerId(batch, 0);
    if (producerId < 0) return this.write(batch, undefined, nowMs, fromClient);

    const data = describeProducer(batch, producerId);
    const duplicate = fromClient ? this.producers.findDuplicate(data) : undefined;
    if (duplicate !== undefined) {
      const logAppendTimeMs = this.config.logAppendTime ? duplicate.timestampMs : -1;
      const baseOffset = duplicate.lastOffset - duplicate.offsetDelta;
      return { errorCode: NONE, baseOffset, lastOffset: duplicate.lastOffset, logAppendTimeMs };
    }
    const strict = options.transactionVersion === 2 && data.transactional;
    const fenced = this.producers.checkData(data, fromClient, strict);
    return fenced !== undefined ? refusedResult(fenced) : this.write(batch, data, nowMs, fromClient);
  }

  appendMarker(marker: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly commit: boolean;
    readonly coordinatorEpoch: number;
  }): AppendResult {
    if (this.failure !== undefined) return refusedResult({ code: KAFKA_STORAGE_ERROR, message: this.failure.message });
    const { producerId, producerEpoch, coordinatorEpoch, commit } = marker;
    const refusal = this.producers.checkMarker(producerId, producerEpoch, coordinatorEpoch);
    if (refusal !== undefined) return refusedResult(refusal);
    const nowMs = this.resources.clock.nowMs();
    const batch = buildEndTransactionMarker({ ...marker, offset: this.endOffset, timestamp: nowMs, leaderEpoch: this.currentEpoch });
    const result = this.store(batch, nowMs, nowMs);
    if (result.errorCode !== NONE) return result;
    const completed = this.producers.applyMarker(producerId, producerEpoch, coordinatorEpoch, result.baseOffset, nowMs, nowMs);
    if (completed !== undefined && !commit) {
      const firstOpen = this.producers.firstOpenOffset;
      const lastStableOffset = firstOpen < 0 ? this.endOffset : firstOpen;
      this.segments.active.transactionIndex.append({ ...completed, lastStableOffset });
    }
    this.moved();
    return result;
  }

  flushed(): Promise<void> {
    return this.failure !== undefined ? Promise.reject(this.failure) : this.flusher.flushed();
  }

  read(request: ReadRequest): Promise<ReadResult> {
    return readLog(this, request);
  }

  offsetForTimestamp(timestampMs: number): Promise<FoundOffset | undefined> {
    return findTimestamp(this, timestampMs);
  }

  offsetOfMaxTimestamp(): Promise<FoundOffset | undefined> {
    return findMaxTimestamp(this);
  }

  endOffsetForEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number } {
    return this.epochs.endOffsetFor(epoch, this.endOffset);
  }

  deleteRecordsBefore(offset: number): number | undefined {
    const target = offset === -1 ? this.highWatermark : offset;
    if (target < 0 || target > this.highWatermark) return undefined;
    this.raiseStartOffset(target);
    return this.startOffset;
  }

  /** Moves the log's start; whole segments below it go with the next {@link clean}. Never moves back. */
  raiseStartOffset(offset: number): void {
    if (offset <= this.startOffset) return;
    this.startOffset = offset;
    this.cleanedUpTo = Math.max(this.cleanedUpTo, offset);
    this.epochs.truncateFromStart(offset);
    this.waiters.moved(this.highWatermark, this.lastStableOffset);
  }

  activeProducers(): ReturnType<PartitionLogApi['activeProducers']> {
    return this.producers.describe();
  }

  onReadable(offset: number, readCommitted: boolean, callback: () => void): () => void {
    return this.waiters.add(offset, readCommitted, callback);
  }

  /** One round at a time: a call during a round waits for that one. */
  clean(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.cleaning ??= cleanLog(this).finally(() => {
      this.cleaning = undefined;
    });
    return this.cleaning;
  }

  updateConfig(config: Readonly<Record<string, string>>): void {
    this.config = parseLogConfig(config);
  }

  bumpLeaderEpoch(): void {
    this.currentEpoch++;
    this.epochs.assign(this.currentEpoch, this.endOffset);
    // Who waits here learns that the leader is another one.
    this.waiters.wakeNow();
  }

  /** Writes and syncs everything, and closes the files. Those waiting are woken. Calling again does nothing. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.waiters.wakeAll();
    await this.cleaning?.catch(() => undefined);
    await this.flusher.close();
    try {
      if (this.failure === undefined) await this.settle();
    } finally {
      this.failure ??= new MillraceError('INVALID_STATE', `The log of ${this.name} is closed.`);
      this.tail.clear();
      for (const segment of this.segments.all) segment.closeFiles();
      this.doomed.close();
    }
  }

  /** Begins a new segment, unless the last one is empty. */
  roll(): void {
    const closed = this.segments.active;
    if (closed.size === 0) return;
    const next = new Segment(this.resources, this.directory, this.endOffset, this.config);
    closed.seal();
    this.unsynced.segmentClosed(closed);
    this.unsynced.fileReplaced(this.snapshots.write(this.endOffset, this.producers.producers));
    this.segments.add(next);
    next.writeIndexes(false);
    this.chooseJitter();
    this.flusher.request().catch(() => undefined);
  }

  /** Largest distance in time within a segment. With a limit on the compaction lag no segment may stay open longer. */
  get maxSegmentAgeMs(): number {
    const { compact, maxCompactionLagMs, segmentMs } = this.config;
    return (compact ? Math.min(maxCompactionLagMs, segmentMs) : segmentMs) - this.rollJitterMs;
  }

  /** Writes a data batch and takes it into the producer's state. */
  private write(received: Buffer, data: DataBatch | undefined, nowMs: number, fromClient: boolean): AppendResult {
    const batch = fromClient ? recompressed(received, this.config, this.name) : received;
    if (!Buffer.isBuffer(batch)) return refusedResult(batch);
    const timestampMs = this.config.logAppendTime ? nowMs : batchMaxTimestamp(batch, 0);
    const result = this.store(batch, timestampMs, nowMs);
    if (result.errorCode !== NONE) return result;
    if (data !== undefined) this.producers.applyData(data, result.baseOffset, result.lastOffset, timestampMs, nowMs);
    this.moved();
    return result;
  }

  /** Stamps a batch, writes it and moves the log's end. After a failed write nothing has changed. */
  private store(batch: Buffer, timestampMs: number, nowMs: number): AppendResult {
    const baseOffset = this.endOffset;
    const lastOffset = baseOffset + batchLastOffsetDelta(batch, 0);
    const length = batch.length;
    try {
      if (this.segments.active.mustRollFor(length, lastOffset, timestampMs, nowMs, this.config, this.maxSegmentAgeMs)) this.roll();
      const cached = this.tail.reserve(length, baseOffset);
      const target = cached ? this.tail.target : batch;
      const position = cached ? this.tail.targetPosition : 0;
      if (cached) target.set(batch, position);
      setBatchBaseOffset(target, position, baseOffset);
      setBatchLeaderEpoch(target, position, this.currentEpoch);
      if (this.config.logAppendTime) stampAppendTime(target, position, timestampMs);
      // The first write makes the file: its name has to be synced too.
      if (this.segments.active.size === 0) this.unsynced.namesChanged();
      this.segments.active.append(target, position, length, lastOffset, timestampMs);
      if (cached) this.tail.commit(length, baseOffset, lastOffset + 1);
    } catch (cause) {
      return this.writeFailed(cause);
    }
    this.endOffset = lastOffset + 1;
    this.appendedBytes += length;
    return { errorCode: NONE, baseOffset, lastOffset, logAppendTimeMs: this.config.logAppendTime ? timestampMs : -1 };
  }

  private moved(): void {
    this.unsynced.activeChanged();
    this.waiters.moved(this.highWatermark, this.lastStableOffset);
    this.flusher.appended();
  }

  /** The log is as before, so the next append may work again: a full disk can be emptied. */
  private writeFailed(cause: unknown): AppendResult {
    const message = `${this.name}: the batch could not be written: ${messageOf(cause)}`;
    this.resources.onEvent({ level: 'error', message, cause });
    return refusedResult({ code: KAFKA_STORAGE_ERROR, message });
  }

  private flushTarget(): ConstructorParameters<typeof Flusher>[3] {
    return {
      logEndOffset: () => this.endOffset,
      limits: () => this.config,
      sync: (whole) => this.unsynced.sync(whole ? this.segments.active : undefined),
      synced: (offset) => {
        this.syncedOffset = offset;
        this.waiters.moved(this.highWatermark, this.lastStableOffset);
      },
      failed: (cause) => {
        const consequence = isOpenFailure(cause) ? 'it is tried again later' : 'the log takes no more writes';
        const message = `${this.name}: syncing to disk failed, ${consequence}: ${messageOf(cause)}`;
        if (!isOpenFailure(cause)) this.failure = new MillraceError('DATA_DIR_UNUSABLE', message, { cause, fatal: true });
        this.resources.onEvent({ level: 'error', message, cause });
      },
    };
  }

  /** After opening: what was repaired is made safe, and readers of what may have been lost are made to notice. */
  private async start(loaded: LoadedLog, cleanShutdown: boolean): Promise<void> {
    this.segments.active.writeIndexes(false);
    if (this.epochs.latest < 0) this.epochs.assign(0, this.endOffset);
    else if (!cleanShutdown && this.endOffset > this.startOffset) this.bumpLeaderEpoch();
    this.epochs.truncateFromStart(this.startOffset);
    for (const segment of loaded.segments.slice(loaded.firstRecovered)) this.unsynced.segmentClosed(segment);
    this.unsynced.activeChanged();
    if (this.resources.flushPolicy === 'batch') await this.flusher.request();
    else if (!cleanShutdown) this.flusher.appended();
  }

  /** For a clean stop: indexes, producers and data are on the disk. */
  private async settle(): Promise<void> {
    const active = this.segments.active;
    active.writeIndexes(true);
    this.unsynced.segmentClosed(active);
    this.unsynced.fileReplaced(this.snapshots.write(this.endOffset, this.producers.producers));
    await this.unsynced.sync(active);
    this.syncedOffset = this.endOffset;
  }

  private chooseJitter(): void {
    this.rollJitterMs = Math.floor(Math.random() * Math.max(Math.min(this.config.segmentJitterMs, this.config.segmentMs), 0));
  }
}
