import type { OpenFiles, PooledFile } from './open-files.ts';

const FIRST_BUFFER_BYTES = 512;
const EMPTY = Buffer.alloc(0);

/** Which indexes of closed segments are in memory: those used last, up to a number of bytes over all partitions. */
export class IndexCache {
  private readonly maxBytes: number;
  private readonly loaded = new Set<IndexFile>();
  private bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get sizeInBytes(): number {
    return this.bytes;
  }

  added(index: IndexFile): void {
    this.loaded.add(index);
    this.bytes += index.sizeInBytes;
    for (const oldest of this.loaded) {
      if (this.bytes <= this.maxBytes || oldest === index) break;
      oldest.unload();
    }
  }

  touched(index: IndexFile): void {
    if (this.loaded.delete(index)) this.loaded.add(index);
  }

  removed(index: IndexFile): void {
    if (this.loaded.delete(index)) this.bytes -= index.sizeInBytes;
  }
}

/**
 * A file of entries of one size, sorted as they are appended. While its segment is written the entries are in memory and
 * reach the file in batches: after a crash they are rebuilt from the log. Once sealed, they are read back when needed.
 */
export class IndexFile {
  readonly path: string;
  readonly file: PooledFile;
  private readonly cache: IndexCache;
  private readonly entryBytes: number;
  private readonly maxBytes: number;
  /** Undefined: not in memory. */
  private buffer: Buffer | undefined;
  private bytes: number;
  private bytesOnDisk: number;
  private sealed: boolean;

  /** `bytesOnDisk` > 0 means an index of a closed segment as found at start; call {@link unseal} to append to it. */
  constructor(files: OpenFiles, cache: IndexCache, path: string, entryBytes: number, maxBytes: number, bytesOnDisk: number) {
    this.path = path;
    this.file = files.file(path);
    this.cache = cache;
    this.entryBytes = entryBytes;
    this.maxBytes = Math.max(maxBytes - (maxBytes % entryBytes), entryBytes);
    this.bytesOnDisk = bytesOnDisk - (bytesOnDisk % entryBytes);
    this.bytes = this.bytesOnDisk;
    this.sealed = this.bytes > 0;
    this.buffer = this.sealed ? undefined : EMPTY;
  }

  get sizeInBytes(): number {
    return this.bytes;
  }

  get entryCount(): number {
    return this.bytes / this.entryBytes;
  }

  get isFull(): boolean {
    return this.bytes + this.entryBytes > this.maxBytes;
  }

  /** The entries when they are in memory. */
  get entries(): Buffer | undefined {
    if (this.buffer === undefined) return undefined;
    if (this.sealed) this.cache.touched(this);
    return this.buffer.subarray(0, this.bytes);
  }

  /** The entries, from disk if need be. */
  async load(): Promise<Buffer> {
    const present = this.entries;
    if (present !== undefined) return present;
    const buffer = Buffer.allocUnsafeSlow(this.bytes);
    const bytes = await this.file.read(buffer, 0);
    return this.entries ?? this.keep(buffer.subarray(0, bytes - (bytes % this.entryBytes)));
  }

  /** As {@link load}, blocking: while a log is opened. */
  loadNow(): Buffer {
    const present = this.entries;
    if (present !== undefined) return present;
    const buffer = Buffer.allocUnsafeSlow(this.bytes);
    const bytes = this.file.readNow(buffer, 0);
    return this.keep(buffer.subarray(0, bytes - (bytes % this.entryBytes)));
  }

  /** The bytes of the last entry, without loading the others; undefined when there is none. */
  lastEntryNow(): Buffer | undefined {
    if (this.bytes === 0) return undefined;
    const at = this.bytes - this.entryBytes;
    if (this.buffer !== undefined) return this.buffer.subarray(at, this.bytes);
    const entry = Buffer.allocUnsafe(this.entryBytes);
    return this.file.readNow(entry, at) === this.entryBytes ? entry : undefined;
  }

  /** Makes room for one entry and returns where it goes in {@link target}. Only while the segment is written. */
  protected grow(): number {
    const at = this.bytes;
    this.bytes += this.entryBytes;
    if (this.bytes > this.buffer!.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer!.length * 2, FIRST_BUFFER_BYTES));
      grown.set(this.buffer!);
      this.buffer = grown;
    }
    return at;
  }

  protected get target(): Buffer {
    return this.buffer!;
  }

  /** Writes the entries that are only in memory to the file, which exists afterwards. */
  write(): void {
    if (this.buffer === undefined) return;
    if (this.bytesOnDisk === this.bytes && this.bytes > 0) return;
    this.file.write(this.buffer, this.bytesOnDisk, this.bytes - this.bytesOnDisk, this.bytesOnDisk);
    this.bytesOnDisk = this.bytes;
  }

  /** No more entries will come: the memory may be given up. */
  seal(): void {
    this.write();
    if (this.sealed) return;
    this.sealed = true;
    this.buffer = Buffer.from(this.buffer!.subarray(0, this.bytes));
    this.cache.added(this);
  }

  /** Entries will be appended again, after a restart. */
  unseal(): void {
    if (!this.sealed) return;
    const entries = this.loadNow();
    this.cache.removed(this);
    this.sealed = false;
    this.bytes = entries.length;
    this.bytesOnDisk = entries.length;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(entries.length, FIRST_BUFFER_BYTES));
    this.buffer.set(entries);
  }

  /** Empties the file; entries can be appended. */
  reset(): void {
    if (this.sealed) this.cache.removed(this);
    this.sealed = false;
    this.bytes = 0;
    this.bytesOnDisk = 0;
    this.buffer = EMPTY;
    this.file.truncate(0);
  }

  unload(): void {
    if (!this.sealed) return;
    this.cache.removed(this);
    this.buffer = undefined;
  }

  /** The file is gone or belongs to another segment. */
  retire(): void {
    this.unload();
    this.file.retire();
  }

  private keep(entries: Buffer): Buffer {
    this.bytes = entries.length;
    this.bytesOnDisk = entries.length;
    this.buffer = entries;
    this.cache.added(this);
    return entries;
  }
}
