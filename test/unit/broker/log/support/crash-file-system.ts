import type { LogFileSystem } from '../../../../../src/broker/log/index.ts';

class Inode {
  data: Buffer = Buffer.alloc(0);
  /** What a power cut leaves. */
  durable: Buffer = Buffer.alloc(0);
}

class Killed extends Error {}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
}

/**
 * A file system in memory that knows what has been synced, can lose the rest, and can stop the "process" at any change.
 * Directories are not nodes of their own: a name belongs to the directory before its last slash.
 */
export class CrashFileSystem implements LogFileSystem {
  /** Changes to be let through before everything fails; Infinity = no limit. */
  changesLeft = Infinity;
  /** Changes made. */
  changes = 0;
  /** Files synced. */
  syncs = 0;
  private names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private directories = new Set<string>();
  private readonly open_: (Inode | undefined)[] = [];

  /** What is there after a kill: everything the calls have done. */
  afterKill(): CrashFileSystem {
    const next = new CrashFileSystem();
    for (const [path, inode] of this.names) next.put(path, inode.data, inode.data);
    next.directories = new Set(this.directories);
    return next;
  }

  /** What is there after a power cut. Unsynced bytes are lost, or kept in part, or garbled, as `below` says. */
  afterPowerCut(below: (limit: number) => number): CrashFileSystem {
    const next = new CrashFileSystem();
    for (const [path, inode] of this.durableNames) {
      let data = Buffer.from(inode.durable);
      const isAppended = inode.data.length > data.length && inode.data.subarray(0, data.length).equals(data);
      if (isAppended && below(2) === 0) {
        const extra = Buffer.from(inode.data.subarray(data.length, data.length + below(inode.data.length - data.length + 1)));
        if (extra.length > 0 && below(2) === 0) extra.fill(0, below(extra.length));
        data = Buffer.concat([data, extra]);
      }
      next.put(path, data, data);
    }
    next.directories = new Set(this.directories);
    return next;
  }

  /** Changes bytes behind everybody's back. */
  damage(path: string, change: (data: Buffer) => Buffer): void {
    const inode = this.names.get(path)!;
    inode.data = change(Buffer.from(inode.data));
    inode.durable = inode.data;
  }

  open(path: string, mode: 'read' | 'write'): number {
    let inode = this.names.get(path);
    if (inode === undefined) {
      if (mode === 'read') throw missing(path);
      this.change();
      inode = new Inode();
      this.names.set(path, inode);
    }
    this.open_.push(inode);
    return this.open_.length - 1;
  }

  close(fd: number): void {
    this.inode(fd);
    this.open_[fd] = undefined;
  }

  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    this.change();
    const inode = this.inode(fd);
    const end = position + length;
    if (end > inode.data.length) inode.data = Buffer.concat([inode.data, Buffer.alloc(end - inode.data.length)]);
    inode.data.set(buffer.subarray(offset, offset + length), position);
    return length;
  }

  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = this.inode(fd).data.subarray(position, position + length);
    buffer.set(bytes, offset);
    return bytes.length;
  }

  async readAsync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    await Promise.resolve();
    return this.read(fd, buffer, offset, length, position);
  }

  async sync(fd: number): Promise<void> {
    const inode = this.inode(fd);
    const data = Buffer.from(inode.data);
    await new Promise((resolve) => setImmediate(resolve));
    this.change();
    this.syncs++;
    inode.durable = data;
  }

  syncNow(fd: number): void {
    this.change();
    this.syncs++;
    const inode = this.inode(fd);
    inode.durable = Buffer.from(inode.data);
  }

  truncate(fd: number, size: number): void {
    this.change();
    const inode = this.inode(fd);
    inode.data = Buffer.from(inode.data.subarray(0, size));
  }

  size(fd: number): number {
    return this.inode(fd).data.length;
  }

  exists(path: string): boolean {
    return this.names.has(path) || this.directories.has(path);
  }

  sizeOf(path: string): number {
    return this.names.get(path)?.data.length ?? -1;
  }

  list(path: string): string[] {
    const inside = (name: string): boolean => name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/');
    return [...this.names.keys(), ...this.directories].filter(inside).map((name) => name.slice(path.length + 1));
  }

  isDirectory(path: string): boolean {
    return this.directories.has(path);
  }

  makeDirectory(path: string): void {
    this.directories.add(path);
  }

  rename(from: string, to: string): void {
    this.change();
    const inode = this.names.get(from);
    if (inode === undefined) throw missing(from);
    this.names.delete(from);
    this.names.set(to, inode);
  }

  link(from: string, to: string): void {
    if (this.names.has(to)) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    this.names.set(to, this.names.get(from)!);
  }

  remove(path: string): void {
    if (!this.names.has(path)) return;
    this.change();
    this.names.delete(path);
  }

  removeDirectory(path: string): void {
    for (const name of [...this.names.keys()]) if (name.startsWith(`${path}/`)) this.names.delete(name);
    this.directories.delete(path);
  }

  readFile(path: string): Buffer {
    const inode = this.names.get(path);
    if (inode === undefined) throw missing(path);
    return Buffer.from(inode.data);
  }

  async syncDirectory(path: string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.syncDirectoryNow(path);
  }

  syncDirectoryNow(path: string): void {
    this.change();
    const isInside = (name: string): boolean => name.slice(0, name.lastIndexOf('/')) === path;
    for (const name of [...this.durableNames.keys()]) if (isInside(name)) this.durableNames.delete(name);
    for (const [name, inode] of this.names) if (isInside(name)) this.durableNames.set(name, inode);
  }

  private put(path: string, data: Buffer, durable: Buffer): void {
    const inode = new Inode();
    inode.data = Buffer.from(data);
    inode.durable = Buffer.from(durable);
    this.names.set(path, inode);
    this.durableNames.set(path, inode);
  }

  private inode(fd: number): Inode {
    const inode = this.open_[fd];
    if (inode === undefined) throw new Error(`EBADF: descriptor ${fd}`);
    return inode;
  }

  private change(): void {
    if (this.changesLeft <= 0) throw new Killed('the process was killed');
    this.changesLeft--;
    this.changes++;
  }
}
