import type { LogFileSystem, OpenMode } from '../../../src/broker/log/file-system.ts';
import type { Random } from './random.ts';

/** What a disk writes as a whole or not at all. */
const SECTOR_BYTES = 512;

type Write = { readonly position: number; readonly bytes: Buffer } | { readonly size: number };

/** A file's bytes: as the process sees them, and as they are on the disk. */
class FileNode {
  seen: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  /** Since the last sync, in their order. */
  pending: Write[] = [];
}

/** A directory's names, as the process sees them and as they are on the disk. */
class DirectoryNode {
  readonly seen = new Map<string, Node>();
  readonly durable = new Map<string, Node>();
  /** Since the last sync; what one call has changed happens as a whole. Undefined: the name is gone. */
  pending: (readonly (readonly [name: string, node: Node | undefined])[])[] = [];
}

type Node = FileNode | DirectoryNode;

export interface PowerCutOptions {
  /** Of the changes of names in a directory a cut keeps the first ones, as journaling file systems do. Default false: any. */
  readonly orderedNames?: boolean;
}

/**
 * A file system in memory whose power can be cut. What was not synced (bytes, sizes, names, directories) is in memory
 * only; of it a cut leaves nothing, all, the first part or any part, torn at sectors. Syncing a file does not sync its
 * name: POSIX promises no more.
 */
export class PowerCutFileSystem implements LogFileSystem {
  /** Syncs done, of files and directories. */
  syncs = 0;
  #root = new DirectoryNode();
  readonly #open: (FileNode | undefined)[] = [];
  readonly #options: PowerCutOptions;
  #off = false;

  constructor(options: PowerCutOptions = {}) {
    this.#options = options;
  }

  /** Ends this one: every call fails from now on. What is left on the disk is in the one returned. */
  cutPower(random: Random): PowerCutFileSystem {
    this.#off = true;
    const next = new PowerCutFileSystem(this.#options);
    next.#root = directoryAfterCut(this.#root, random, this.#options.orderedNames ?? false);
    return next;
  }

  open(path: string, mode: OpenMode): number {
    const { directory, name } = this.#locate(path);
    let node = directory.seen.get(name);
    if (node === undefined) {
      if (mode === 'read') throw failure('ENOENT', path);
      node = new FileNode();
      change(directory, [[name, node]]);
    }
    if (node instanceof DirectoryNode) throw failure('EISDIR', path);
    return this.#open.push(node) - 1;
  }

  close(fd: number): void {
    this.#file(fd);
    this.#open[fd] = undefined;
  }

  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    this.#power();
    const file = this.#file(fd);
    const write = { position, bytes: Buffer.from(buffer.subarray(offset, offset + length)) };
    file.seen = applied(file.seen, write);
    file.pending.push(write);
    return length;
  }

  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = this.#file(fd).seen.subarray(position, position + length);
    buffer.set(bytes, offset);
    return bytes.length;
  }

  async readAsync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#power();
    return this.read(fd, buffer, offset, length, position);
  }

  async sync(fd: number): Promise<void> {
    const file = this.#file(fd);
    const writes = file.pending.length;
    await new Promise((resolve) => setImmediate(resolve));
    this.#sync(file, writes);
  }

  syncNow(fd: number): void {
    const file = this.#file(fd);
    this.#sync(file, file.pending.length);
  }

  truncate(fd: number, size: number): void {
    this.#power();
    const file = this.#file(fd);
    file.seen = applied(file.seen, { size });
    file.pending.push({ size });
  }

  size(fd: number): number {
    return this.#file(fd).seen.length;
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  sizeOf(path: string): number {
    const node = this.#find(path);
    return node instanceof FileNode ? node.seen.length : -1;
  }

  list(path: string): string[] {
    const node = this.#find(path);
    if (!(node instanceof DirectoryNode)) throw failure('ENOENT', path);
    return [...node.seen.keys()];
  }

  isDirectory(path: string): boolean {
    return this.#find(path) instanceof DirectoryNode;
  }

  makeDirectory(path: string): void {
    this.#power();
    let directory = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      let node = directory.seen.get(name);
      if (node === undefined) {
        node = new DirectoryNode();
        change(directory, [[name, node]]);
      }
      if (!(node instanceof DirectoryNode)) throw failure('ENOTDIR', path);
      directory = node;
    }
  }

  rename(from: string, to: string): void {
    this.#power();
    const [source, target] = [this.#locate(from), this.#locate(to)];
    const node = source.directory.seen.get(source.name);
    if (node === undefined) throw failure('ENOENT', from);
    if (source.directory !== target.directory) throw failure('EXDEV', from);
    change(source.directory, [
      [source.name, undefined],
      [target.name, node],
    ]);
  }

  link(from: string, to: string): void {
    this.#power();
    const { directory, name } = this.#locate(to);
    const node = this.#find(from);
    if (node === undefined) throw failure('ENOENT', from);
    if (directory.seen.has(name)) throw failure('EEXIST', to);
    change(directory, [[name, node]]);
  }

  remove(path: string): void {
    this.#power();
    const { directory, name } = this.#locate(path);
    if (directory.seen.has(name)) change(directory, [[name, undefined]]);
  }

  /** The files in it first, one by one: a cut may come in between. */
  removeDirectory(path: string): void {
    this.#power();
    const { directory, name } = this.#locate(path);
    const node = directory.seen.get(name);
    if (node === undefined) return;
    if (node instanceof DirectoryNode) for (const child of [...node.seen.keys()]) this.removeDirectory(`${path}/${child}`);
    change(directory, [[name, undefined]]);
  }

  readFile(path: string): Buffer {
    const node = this.#find(path);
    if (!(node instanceof FileNode)) throw failure('ENOENT', path);
    return Buffer.from(node.seen);
  }

  async syncDirectory(path: string): Promise<void> {
    const node = this.#find(path);
    if (!(node instanceof DirectoryNode)) throw failure('ENOENT', path);
    const changes = node.pending.length;
    await new Promise((resolve) => setImmediate(resolve));
    this.#syncNames(node, changes);
  }

  syncDirectoryNow(path: string): void {
    const node = this.#find(path);
    if (!(node instanceof DirectoryNode)) throw failure('ENOENT', path);
    this.#syncNames(node, node.pending.length);
  }

  #sync(file: FileNode, writes: number): void {
    this.#power();
    this.syncs++;
    for (const write of file.pending.splice(0, writes)) file.durable = applied(file.durable, write);
  }

  #syncNames(directory: DirectoryNode, changes: number): void {
    this.#power();
    this.syncs++;
    for (const names of directory.pending.splice(0, changes)) setNames(directory.durable, names);
  }

  #find(path: string): Node | undefined {
    this.#power();
    let node: Node | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      node = node instanceof DirectoryNode ? node.seen.get(name) : undefined;
    }
    return node;
  }

  #locate(path: string): { readonly directory: DirectoryNode; readonly name: string } {
    const slash = path.lastIndexOf('/');
    const directory = this.#find(path.slice(0, slash));
    if (!(directory instanceof DirectoryNode)) throw failure('ENOENT', path);
    return { directory, name: path.slice(slash + 1) };
  }

  #file(fd: number): FileNode {
    const file = this.#open[fd];
    if (file === undefined) throw failure('EBADF', String(fd));
    return file;
  }

  #power(): void {
    if (this.#off) throw failure('EIO', 'the power is off');
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function change(directory: DirectoryNode, names: readonly (readonly [string, Node | undefined])[]): void {
  setNames(directory.seen, names);
  directory.pending.push(names);
}

function setNames(map: Map<string, Node>, names: readonly (readonly [string, Node | undefined])[]): void {
  for (const [name, node] of names) {
    if (node === undefined) map.delete(name);
    else map.set(name, node);
  }
}

/** The bytes with a write done. Buffers have room to grow, so that appending does not copy the file each time. */
function applied(data: Buffer, write: Write): Buffer {
  if ('size' in write) {
    if (write.size <= data.length) return data.subarray(0, write.size);
    return Buffer.concat([data, Buffer.alloc(write.size - data.length)]);
  }
  const end = write.position + write.bytes.length;
  let target = data;
  if (end > data.length) {
    const room = data.buffer.byteLength - data.byteOffset;
    const grown = room >= end ? Buffer.from(data.buffer, data.byteOffset, end) : Buffer.from(new ArrayBuffer(end * 2), 0, end);
    if (room < end) data.copy(grown);
    else grown.fill(0, data.length);
    target = grown;
  }
  target.set(write.bytes, write.position);
  return target;
}

/** What is left of a directory; draws what becomes of the pending changes in it. */
function directoryAfterCut(directory: DirectoryNode, random: Random, ordered: boolean): DirectoryNode {
  const left = new DirectoryNode();
  const names = new Map(directory.durable);
  const kept = ordered
    ? directory.pending.slice(0, random(directory.pending.length + 1))
    : surviving(directory.pending, random, (whole) => [whole]);
  for (const change of kept) setNames(names, change);
  for (const [name, child] of names) {
    const copy = child instanceof FileNode ? fileAfterCut(child, random) : directoryAfterCut(child, random, ordered);
    left.seen.set(name, copy);
    left.durable.set(name, copy);
  }
  return left;
}

function fileAfterCut(file: FileNode, random: Random): FileNode {
  let bytes = copyOf(file.durable);
  for (const write of surviving(file.pending, random, torn)) bytes = applied(bytes, write);
  const left = new FileNode();
  left.seen = copyOf(bytes);
  left.durable = copyOf(bytes);
  return left;
}

/** In memory of its own: {@link applied} grows into the memory behind a buffer. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Nothing, everything, the first part, or any part of the pending changes. */
function surviving<T>(pending: readonly T[], random: Random, tear: (change: T, random: Random) => T[]): T[] {
  switch (random(4)) {
    case 0:
      return [];
    case 1:
      return [...pending];
    case 2: {
      const kept = pending.slice(0, random(pending.length + 1));
      const next = pending[kept.length];
      return next === undefined ? kept : [...kept, ...tear(next, random)];
    }
    default:
      return pending.flatMap((each) => (random(2) === 0 ? [] : tear(each, random)));
  }
}

/** The sectors of a write that got to the disk. */
function torn(write: Write, random: Random): Write[] {
  if ('size' in write || random(2) === 0) return [write];
  const sectors: Write[] = [];
  for (let at = 0; at < write.bytes.length; ) {
    const end = Math.min(at + SECTOR_BYTES - ((write.position + at) % SECTOR_BYTES), write.bytes.length);
    if (random(2) === 0) sectors.push({ position: write.position + at, bytes: write.bytes.subarray(at, end) });
    at = end;
  }
  return sectors;
}
