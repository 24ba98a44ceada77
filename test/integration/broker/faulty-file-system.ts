import type { LogFileSystem, OpenMode } from '../../../src/broker/log/file-system.ts';

export type FileOperation = 'open' | 'write' | 'read' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncDirectory';

/** What becomes of one call: nothing (undefined), an error with this code, or a write of this many bytes only. */
export type Fault = { readonly code: string } | { readonly bytes: number } | undefined;

/** A file system on which a test makes calls fail. */
export class FaultyFileSystem implements LogFileSystem {
  /** Asked before each call; replaced by the test. */
  fault: (operation: FileOperation, path: string) => Fault = () => undefined;
  /** Calls that were made to fail. */
  failures = 0;
  readonly #base: LogFileSystem;
  readonly #paths = new Map<number, string>();

  constructor(base: LogFileSystem) {
    this.#base = base;
  }

  open(path: string, mode: OpenMode): number {
    this.#check('open', path);
    const fd = this.#base.open(path, mode);
    this.#paths.set(fd, path);
    return fd;
  }

  close(fd: number): void {
    this.#base.close(fd);
  }

  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = this.#check('write', this.#pathOf(fd));
    return this.#base.write(fd, buffer, offset, bytes === undefined ? length : Math.min(bytes, length), position);
  }

  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    this.#check('read', this.#pathOf(fd));
    return this.#base.read(fd, buffer, offset, length, position);
  }

  async readAsync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    this.#check('read', this.#pathOf(fd));
    return this.#base.readAsync(fd, buffer, offset, length, position);
  }

  async sync(fd: number): Promise<void> {
    this.#check('sync', this.#pathOf(fd));
    await this.#base.sync(fd);
  }

  syncNow(fd: number): void {
    this.#check('sync', this.#pathOf(fd));
    this.#base.syncNow(fd);
  }

  truncate(fd: number, size: number): void {
    this.#check('truncate', this.#pathOf(fd));
    this.#base.truncate(fd, size);
  }

  size(fd: number): number {
    return this.#base.size(fd);
  }

  exists(path: string): boolean {
    return this.#base.exists(path);
  }

  sizeOf(path: string): number {
    return this.#base.sizeOf(path);
  }

  list(path: string): string[] {
    return this.#base.list(path);
  }

  isDirectory(path: string): boolean {
    return this.#base.isDirectory(path);
  }

  makeDirectory(path: string): void {
    this.#check('open', path);
    this.#base.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#check('rename', from);
    this.#base.rename(from, to);
  }

  link(from: string, to: string): void {
    this.#base.link(from, to);
  }

  remove(path: string): void {
    this.#check('remove', path);
    this.#base.remove(path);
  }

  removeDirectory(path: string): void {
    this.#check('remove', path);
    this.#base.removeDirectory(path);
  }

  readFile(path: string): Buffer {
    this.#check('read', path);
    return this.#base.readFile(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#check('syncDirectory', path);
    await this.#base.syncDirectory(path);
  }

  syncDirectoryNow(path: string): void {
    this.#check('syncDirectory', path);
    this.#base.syncDirectoryNow(path);
  }

  /** Throws the fault; returns the bytes of a short write. */
  #check(operation: FileOperation, path: string): number | undefined {
    const fault = this.fault(operation, path);
    if (fault === undefined) return undefined;
    this.failures++;
    if ('bytes' in fault) return fault.bytes;
    throw Object.assign(new Error(`${fault.code}: injected, ${operation} '${path}'`), { code: fault.code, syscall: operation });
  }

  #pathOf(fd: number): string {
    return this.#paths.get(fd) ?? '';
  }
}
