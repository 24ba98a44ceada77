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

  /** Syncs all of it, or, without `active`, all but the segment that is being written. */
  async sync(active: Segment | undefined): Promise<void> {
    const files: PooledFile[] = [];
    for (const segment of this.closedSegments) files.push(...segment.filesToSync());
    this.closedSegments.clear();
    if (active !== undefined && this.activeIsDirty) {
      files.push(active.file);
      this.activeIsDirty = false;
    }
    const small = [...this.smallFiles];
    this.smallFiles.clear();
    const syncNames = this.directoryIsDirty;
    this.directoryIsDirty = false;
    await Promise.all([...files.map(syncUnlessRetired), ...small.map((path) => this.syncByPath(path))]);
    if (syncNames) await this.fs.syncDirectory(this.directory);
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
