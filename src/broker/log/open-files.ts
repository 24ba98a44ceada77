import type { LogFileSystem } from './file-system.ts';
import { writeFully } from './file-system.ts';

/** Thrown by a read of a file that retention or compaction has taken away meanwhile: look the offset up again. */
export class FileRetiredError extends Error {
  constructor(path: string) {
    super(`${path} was replaced or deleted while it was read.`);
    this.name = 'FileRetiredError';
  }
}

/**
 * The files of all partitions, of which only so many are open at a time. A file is opened when it is used; the ones
 * not used for the longest are closed, but never one that an asynchronous call is using.
 */
export class OpenFiles {
  readonly fs: LogFileSystem;
  private readonly maxOpen: number;
  /** Open files; the hand of the clock algorithm goes round them. */
  private readonly open: PooledFile[] = [];
  private hand = 0;

  constructor(fs: LogFileSystem, maxOpen: number) {
    this.fs = fs;
    this.maxOpen = Math.max(maxOpen, 2);
  }

  get openCount(): number {
    return this.open.length;
  }

  /** Makes a handle; opens nothing. */
  file(path: string): PooledFile {
    return new PooledFile(this, path);
  }

  /** Called by a file that has just been opened. */
  opened(file: PooledFile): void {
    if (this.open.length >= this.maxOpen) this.closeOne();
    file.slot = this.open.length;
    this.open.push(file);
  }

  /** Called by a file that has just been closed. */
  closed(file: PooledFile): void {
    const last = this.open.pop()!;
    if (last === file) return;
    this.open[file.slot] = last;
    last.slot = file.slot;
  }

  /** Second chance: two rounds at most. With all of them in use the limit is exceeded rather than a call failed. */
  private closeOne(): void {
    for (let step = 0; step < this.open.length * 2; step++) {
      if (this.hand >= this.open.length) this.hand = 0;
      const file = this.open[this.hand]!;
      if (!file.inUse) {
        if (!file.recentlyUsed) {
          file.close();
          return;
        }
        file.recentlyUsed = false;
      }
      this.hand++;
    }
  }
}

/** A file of a partition, open or not. */
export class PooledFile {
  readonly path: string;
  recentlyUsed = false;
  /** Place in the list of open files. */
  slot = -1;
  private readonly pool: OpenFiles;
  private fd = -1;
  private users = 0;
  private retired = false;

  constructor(pool: OpenFiles, path: string) {
    this.pool = pool;
    this.path = path;
  }

  get inUse(): boolean {
    return this.users > 0;
  }

  get isRetired(): boolean {
    return this.retired;
  }

  /** Throws what the file system throws, e.g. ENOSPC. The bytes before `position` are untouched then. */
  write(buffer: Uint8Array, offset: number, length: number, position: number): void {
    writeFully(this.pool.fs, this.descriptor(), buffer, offset, length, position);
  }

  /** Fills as much of the buffer as the file has; returns the bytes read. */
  readNow(buffer: Uint8Array, position: number): number {
    const fd = this.descriptor();
    let done = 0;
    while (done < buffer.length) {
      const bytes = this.pool.fs.read(fd, buffer, done, buffer.length - done, position + done);
      if (bytes === 0) break;
      done += bytes;
    }
    return done;
  }

  /** As {@link readNow}, without blocking. */
  async read(buffer: Uint8Array, position: number): Promise<number> {
    const fd = this.descriptor();
    this.users++;
    try {
      let done = 0;
      while (done < buffer.length) {
        const bytes = await this.pool.fs.readAsync(fd, buffer, done, buffer.length - done, position + done);
        if (bytes === 0) break;
        done += bytes;
      }
      return done;
    } finally {
      this.release();
    }
  }

  async sync(): Promise<void> {
    const fd = this.descriptor();
    this.users++;
    try {
      await this.pool.fs.sync(fd);
    } finally {
      this.release();
    }
  }

  /** Makes the file when it is not there. */
  touch(): void {
    this.descriptor();
  }

  truncate(size: number): void {
    this.pool.fs.truncate(this.descriptor(), size);
  }

  size(): number {
    return this.pool.fs.size(this.descriptor());
  }

  /** Closes the descriptor; the next use opens it again. */
  close(): void {
    if (this.fd < 0) return;
    this.pool.fs.close(this.fd);
    this.fd = -1;
    this.pool.closed(this);
  }

  /** The name now belongs to another file or to none: reads under way finish, others get a {@link FileRetiredError}. */
  retire(): void {
    this.retired = true;
    if (this.users === 0) this.close();
  }

  private release(): void {
    this.users--;
    if (this.users === 0 && this.retired) this.close();
  }

  private descriptor(): number {
    this.recentlyUsed = true;
    if (this.retired) throw new FileRetiredError(this.path);
    if (this.fd < 0) {
      this.fd = this.pool.fs.open(this.path, 'write');
      this.pool.opened(this);
    }
    return this.fd;
  }
}
