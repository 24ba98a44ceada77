/**
 * What the log needs of a file system, small enough to be replaced: tests drop unsynced writes or fill the disk.
 * Calls are synchronous where they hit the page cache or happen once per segment, asynchronous where they wait for the
 * disk. Errors are those of `node:fs`, with their `code`.
 */

import * as nodeFs from 'node:fs';
import { promisify } from 'node:util';

/** `read`: must exist. `write`: read and write, created when missing, never truncated. */
export type OpenMode = 'read' | 'write';

export interface LogFileSystem {
  open(path: string, mode: OpenMode): number;
  close(fd: number): void;
  /** Writes at a position; returns the bytes written, which may be fewer than asked. */
  write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  /** Reads at a position; 0 at the end of the file. */
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  readAsync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Waits until what was written to the file survives a power cut. */
  sync(fd: number): Promise<void>;
  syncNow(fd: number): void;
  truncate(fd: number, size: number): void;
  /** Size of an open file in bytes. */
  size(fd: number): number;
  exists(path: string): boolean;
  /** Size of a file in bytes; -1 when it does not exist. */
  sizeOf(path: string): number;
  /** Names in a directory, files and directories. */
  list(path: string): string[];
  isDirectory(path: string): boolean;
  makeDirectory(path: string): void;
  /** Replaces the target when there is one; atomic. */
  rename(from: string, to: string): void;
  /** Makes a second name for a file; EEXIST when the name is taken. */
  link(from: string, to: string): void;
  remove(path: string): void;
  removeDirectory(path: string): void;
  readFile(path: string): Buffer;
  /** Makes names made, changed or removed in a directory survive a power cut. */
  syncDirectory(path: string): Promise<void>;
  syncDirectoryNow(path: string): void;
}

const readAsync = promisify(nodeFs.read);
const fdatasync = promisify(nodeFs.fdatasync);
const fsync = promisify(nodeFs.fsync);

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // A directory cannot be opened there; NTFS journals its names.
  const fd = nodeFs.openSync(path, 'r');
  try {
    await fsync(fd);
  } finally {
    nodeFs.closeSync(fd);
  }
}

function syncDirectoryNow(path: string): void {
  if (process.platform === 'win32') return;
  const fd = nodeFs.openSync(path, 'r');
  try {
    nodeFs.fsyncSync(fd);
  } finally {
    nodeFs.closeSync(fd);
  }
}

const WRITE_FLAGS = nodeFs.constants.O_RDWR | nodeFs.constants.O_CREAT;

/** The real one. */
export const nodeFileSystem: LogFileSystem = {
  open: (path, mode) => nodeFs.openSync(path, mode === 'read' ? nodeFs.constants.O_RDONLY : WRITE_FLAGS),
  close: (fd) => nodeFs.closeSync(fd),
  write: (fd, buffer, offset, length, position) => nodeFs.writeSync(fd, buffer, offset, length, position),
  read: (fd, buffer, offset, length, position) => nodeFs.readSync(fd, buffer, offset, length, position),
  readAsync: async (fd, buffer, offset, length, position) => (await readAsync(fd, buffer, offset, length, position)).bytesRead,
  sync: (fd) => fdatasync(fd),
  syncNow: (fd) => nodeFs.fdatasyncSync(fd),
  truncate: (fd, size) => nodeFs.ftruncateSync(fd, size),
  size: (fd) => nodeFs.fstatSync(fd).size,
  exists: (path) => nodeFs.existsSync(path),
  sizeOf: (path) => nodeFs.statSync(path, { throwIfNoEntry: false })?.size ?? -1,
  list: (path) => nodeFs.readdirSync(path),
  isDirectory: (path) => nodeFs.statSync(path).isDirectory(),
  makeDirectory: (path) => {
    nodeFs.mkdirSync(path, { recursive: true });
  },
  rename: (from, to) => nodeFs.renameSync(from, to),
  link: (from, to) => nodeFs.linkSync(from, to),
  remove: (path) => nodeFs.rmSync(path, { force: true }),
  removeDirectory: (path) => nodeFs.rmSync(path, { recursive: true, force: true }),
  readFile: (path) => nodeFs.readFileSync(path),
  syncDirectory,
  syncDirectoryNow,
};

/** Writes all of `length` bytes, however many calls it takes. */
export function writeFully(fs: LogFileSystem, fd: number, buffer: Uint8Array, offset: number, length: number, position: number): void {
  let done = fs.write(fd, buffer, offset, length, position);
  while (done < length) {
    const written = fs.write(fd, buffer, offset + done, length - done, position + done);
    if (written <= 0) throw new Error(`The file system accepted ${done} of ${length} bytes.`);
    done += written;
  }
}

/** Replaces a small file so that a reader sees the old or the new content. `durable` also waits for the disk. */
export function replaceFile(fs: LogFileSystem, path: string, content: Uint8Array, durable: boolean): void {
  const temporary = `${path}.tmp`;
  fs.remove(temporary);
  const fd = fs.open(temporary, 'write');
  try {
    writeFully(fs, fd, content, 0, content.length, 0);
    if (durable) fs.syncNow(fd);
  } finally {
    fs.close(fd);
  }
  fs.rename(temporary, path);
  if (durable) fs.syncDirectoryNow(path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))));
}
