import type { LogFileSystem } from './file-system.ts';
import { FileRetiredError, type PooledFile } from './open-files.ts';
import type { Segment } from './segment.ts';

/** What of a partition has been written but may not be on the disk yet. */
export class UnsyncedFiles {
  private readonly fs: LogFileSystem;
  private readonly directory: string;
  private readonly closedSegments = new Set<Segment>();
  private readonly smallFiles = new Set<string>();
  private activeIsDirty = false;
  private directoryIsDirty = false;

  constructor(fs: LogFileSystem, directory: string) {
    this.fs = fs;
    this.directory = directory;
  }

  activeChanged(): void {
    this.activeIsDirty = true;
  }

  segmentClosed(segment: Segment): void {
    this.closedSegments.add(segment);
    this.directoryIsDirty = true;
  }

  fileReplaced(path: string): void {
    this.smallFiles.add(path);
    this.directoryIsDirty = true;
  }

  namesChanged(): void {
    this.directoryIsDirty = true;
  }

  /**
   * Syncs all of it, or, without `active`, all but the segment that is being written. When it rejects with what
   * {@link isOpenFailure} says yes to, nothing is lost and it can be tried again.
   */
  async sync(active: Segment | undefined): Promise<void> {
    const closed = [...this.closedSegments];
    const small = [...this.smallFiles];
    const syncActive = active !== undefined && this.activeIsDirty;
    const syncNames = this.directoryIsDirty;
    this.closedSegments.clear();
    this.smallFiles.clear();
    if (syncActive) this.activeIsDirty = false;
    this.directoryIsDirty = false;
    try {
      const files = closed.flatMap((segment) => segment.filesToSync());
      if (syncActive) files.push(active.file);
      await allOrFirstError([...files.map(syncUnlessRetired), ...small.map((path) => this.syncByPath(path))]);
      if (syncNames) await this.fs.syncDirectory(this.directory);
    } catch (error) {
      for (const segment of closed) this.closedSegments.add(segment);
      for (const path of small) this.smallFiles.add(path);
      this.activeIsDirty ||= syncActive;
      this.directoryIsDirty ||= syncNames;
      throw error;
    }
  }

  private async syncByPath(path: string): Promise<void> {
    if (!this.fs.exists(path)) return;
    const fd = this.fs.open(path, 'read');
    try {
      await this.fs.sync(fd);
    } finally {
      this.fs.close(fd);
    }
  }
}

/** What retention has deleted needs no sync; what compaction has replaced was synced by it. */
async function syncUnlessRetired(file: PooledFile): Promise<void> {
  if (file.isRetired) return;
  try {
    await file.sync();
  } catch (error) {
    if (!(error instanceof FileRetiredError)) throw error;
  }
}

/** Waits for all, so that no failure of a sync is overlooked; of several errors that of a sync counts. */
async function allOrFirstError(syncs: readonly Promise<void>[]): Promise<void> {
  const errors: unknown[] = [];
  for (const result of await Promise.allSettled(syncs)) if (result.status === 'rejected') errors.push(result.reason);
  if (errors.length > 0) throw errors.find((error) => !isOpenFailure(error)) ?? errors[0];
}

/**
 * A file could not be opened, as when too many are open: what was written to it is still in the OS cache. After a failed
 * sync that is not so: the kernel may have dropped it, and a second sync would say that all is well.
 */
export function isOpenFailure(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'open';
}
