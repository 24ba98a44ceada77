import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { isMillraceError, MillraceError } from '../../errors.ts';
import { readOffsetCheckpoint, readPartitionMetadata, writeOffsetCheckpoint } from './checkpoint-files.ts';
import { DirectoryLock } from './directory-lock.ts';
import { DELETED_DIRECTORY_SUFFIX, deletedDirectoryName, parsePartitionDirectory, partitionDirectoryName } from './file-names.ts';
import { type LogFileSystem, replaceFile } from './file-system.ts';
import { createLogResources, type LogResourceOptions, type LogResources } from './log-resources.ts';
import { PartitionLog } from './partition-log.ts';

const RECOVERY_POINTS = 'recovery-point-offset-checkpoint';
const LOG_STARTS = 'log-start-offset-checkpoint';
const CLEANED_OFFSETS = 'cleaner-offset-checkpoint';
const HIGH_WATERMARKS = 'replication-offset-checkpoint';
const CLEAN_SHUTDOWN = '.kafka_cleanshutdown';
/** How often checkpoints are written while partitions are open. */
const CHECKPOINT_INTERVAL_MS = 5000;

export interface LogDirectoryOptions extends LogResourceOptions {
  /** Made when missing. */
  readonly path: string;
}

export interface FoundPartition {
  readonly topic: string;
  readonly partition: number;
  /** 16 bytes; undefined when the directory has no `partition.metadata`. */
  readonly topicId: Buffer | undefined;
  readonly directory: string;
}

export interface OpenPartition {
  readonly topic: string;
  readonly partition: number;
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * A broker's data directory: the partitions in it, what they share, the lock against a second broker and the
 * checkpoints that make opening fast. Laid out as Kafka's `log.dirs`.
 */
export class LogDirectory {
  readonly path: string;
  readonly resources: LogResources;
  /** The last broker here stopped in order. */
  readonly wasCleanShutdown: boolean;
  private readonly fs: LogFileSystem;
  private readonly lock: DirectoryLock;
  private readonly logs = new Map<string, PartitionLog>();
  private readonly recoveryPoints: Map<string, number>;
  private readonly logStarts: Map<string, number>;
  private readonly cleanedOffsets: Map<string, number>;
  /** Not needed here; Kafka reads it when it is given the directory. */
  private readonly highWatermarks: Map<string, number>;
  /** What is in the checkpoint files, so that an idle broker writes nothing. */
  private readonly written = new Map<string, string>();
  private cancelCheckpoint: () => void;
  private closed = false;

  /** Takes the lock. Throws DATA_DIR_UNUSABLE when another broker has it or the directory cannot be written. */
  static open(options: LogDirectoryOptions): LogDirectory {
    try {
      return new LogDirectory(options);
    } catch (cause) {
      if (isMillraceError(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MillraceError(
        'DATA_DIR_UNUSABLE',
        `Data directory ${options.path} cannot be used: ${reason}. Check that it exists and is writable.`,
        {
          cause,
          context: { directory: options.path },
        },
      );
    }
  }

  private constructor(options: LogDirectoryOptions) {
    this.path = options.path;
    this.resources = createLogResources(options);
    this.fs = this.resources.files.fs;
    this.makeDirectory();
    this.lock = new DirectoryLock(this.fs, this.path);
    const marker = `${this.path}/${CLEAN_SHUTDOWN}`;
    this.wasCleanShutdown = this.fs.exists(marker);
    this.recoveryPoints = this.readOffsets(RECOVERY_POINTS);
    this.logStarts = this.readOffsets(LOG_STARTS);
    this.cleanedOffsets = this.readOffsets(CLEANED_OFFSETS);
    this.highWatermarks = this.readOffsets(HIGH_WATERMARKS);
    // From here on a crash is a crash: the marker must be gone from the disk before anything is written.
    this.fs.remove(marker);
    if (this.wasCleanShutdown) this.fs.syncDirectoryNow(this.path);
    this.removeDoomedDirectories();
    this.cancelCheckpoint = this.scheduleCheckpoint();
  }

  /** The partitions on disk, open or not. */
  findPartitions(): FoundPartition[] {
    const found: FoundPartition[] = [];
    for (const name of this.fs.list(this.path)) {
      const directory = `${this.path}/${name}`;
      const parsed = parsePartitionDirectory(name);
      if (parsed === undefined || !this.fs.isDirectory(directory)) continue;
      found.push({ ...parsed, directory, topicId: readPartitionMetadata(this.fs, directory) });
    }
    return found;
  }

  /** Opens a partition, or creates it. Rejects with DATA_DIR_UNUSABLE. */
  async openPartition(partition: OpenPartition): Promise<PartitionLog> {
    const name = partitionDirectoryName(partition.topic, partition.partition);
    if (this.closed || this.logs.has(name)) {
      throw new MillraceError(
        'INVALID_STATE',
        `Partition ${name} cannot be opened: ${this.closed ? 'the data directory is closed' : 'it is open'}.`,
      );
    }
    const dir = `${this.path}/${name}`;
    const isNew = !this.fs.exists(dir);
    const { clock } = this.resources;
    const log = await PartitionLog.open({
      ...partition,
      clock,
      dir,
      resources: this.resources,
      cleanShutdown: this.wasCleanShutdown || isNew,
      recoveryPoint: this.recoveryPoints.get(name) ?? 0,
      logStartOffset: isNew ? 0 : (this.logStarts.get(name) ?? 0),
      cleanedUpTo: isNew ? 0 : (this.cleanedOffsets.get(name) ?? 0),
    });
    if (isNew && this.resources.flushPolicy === 'batch') await this.fs.syncDirectory(this.path);
    this.logs.set(name, log);
    return log;
  }

  /** Closes a partition and removes its files. It is gone for good once this resolves. */
  async deletePartition(log: PartitionLog): Promise<void> {
    const name = partitionDirectoryName(log.topic, log.partition);
    this.logs.delete(name);
    for (const offsets of [this.recoveryPoints, this.logStarts, this.cleanedOffsets, this.highWatermarks]) offsets.delete(name);
    await log.close();
    const doomed = `${this.path}/${deletedDirectoryName(log.topic, log.partition, randomUUID().replaceAll('-', ''))}`;
    this.fs.rename(log.directory, doomed);
    await this.fs.syncDirectory(this.path);
    this.fs.removeDirectory(doomed);
    this.checkpoint();
  }

  /** Writes how far each partition is synced, where it begins and how far it is cleaned. */
  checkpoint(): void {
    this.writeOffsets(RECOVERY_POINTS, this.recoveryPoints, (log) => log.recoveryPoint);
    this.writeOffsets(LOG_STARTS, this.logStarts, (log) => log.logStartOffset);
    this.writeOffsets(CLEANED_OFFSETS, this.cleanedOffsets, (log) => log.cleanedUpTo);
    this.writeOffsets(HIGH_WATERMARKS, this.highWatermarks, (log) => log.highWatermark);
  }

  /** Closes all partitions, marks the stop as a clean one unless a partition could not be closed, gives up the lock. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.cancelCheckpoint();
    try {
      const results = await Promise.allSettled([...this.logs.values()].map((log) => log.close()));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      this.checkpoint();
      // Partitions that nobody opened since a crash still need their check.
      const unchecked =
        !this.wasCleanShutdown &&
        this.findPartitions().some(({ topic, partition }) => !this.logs.has(partitionDirectoryName(topic, partition)));
      if (unchecked) return;
      replaceFile(this.fs, `${this.path}/${CLEAN_SHUTDOWN}`, Buffer.from('{"version":0,"brokerEpoch":-1}'), true);
    } finally {
      this.lock.release();
    }
  }

  /** A new directory's name survives a power cut only once the directory it is in is synced, and so on upwards. */
  private makeDirectory(): void {
    const parents: string[] = [];
    for (let path = this.path; path !== dirname(path) && !this.fs.exists(path); path = dirname(path)) parents.unshift(dirname(path));
    this.fs.makeDirectory(this.path);
    if (this.resources.flushPolicy === 'none') return;
    for (const parent of parents) this.fs.syncDirectoryNow(parent);
  }

  private scheduleCheckpoint(): () => void {
    return this.resources.clock.after(CHECKPOINT_INTERVAL_MS, () => {
      try {
        this.checkpoint();
      } catch (cause) {
        // Old checkpoints only make the next start slower.
        this.resources.onEvent({ level: 'warn', message: `Checkpoints in ${this.path} could not be written.`, cause });
      }
      this.cancelCheckpoint = this.scheduleCheckpoint();
    });
  }

  private readOffsets(file: string): Map<string, number> {
    return readOffsetCheckpoint(this.fs, `${this.path}/${file}`);
  }

  /** Partitions that are not open keep what the file said about them. */
  private writeOffsets(file: string, offsets: Map<string, number>, offsetOf: (log: PartitionLog) => number): void {
    for (const [name, log] of this.logs) offsets.set(name, offsetOf(log));
    const content = JSON.stringify([...offsets]);
    if (this.written.get(file) === content) return;
    const entries = [...offsets].map(([name, offset]) => ({ ...parsePartitionDirectory(name)!, offset }));
    writeOffsetCheckpoint(this.fs, `${this.path}/${file}`, entries, this.resources.flushPolicy === 'batch');
    this.written.set(file, content);
  }

  /** Topics that were deleted when the last broker stopped. */
  private removeDoomedDirectories(): void {
    for (const name of this.fs.list(this.path)) {
      if (name.endsWith(DELETED_DIRECTORY_SUFFIX)) this.fs.removeDirectory(`${this.path}/${name}`);
    }
  }
}
