import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MillraceError } from '../../errors.ts';
import { type LogFileSystem, writeFully } from './file-system.ts';

const LOCK_FILE = '.lock';
/** The clock of a process's start is only known to about a second where there is no /proc. */
const START_TOLERANCE_MS = 2000;

interface LockOwner {
  readonly pid: number;
  /** When the process started: a process id alone may belong to another process by now (always so in containers). */
  readonly started: string;
  readonly token: string;
}

/**
 * Keeps two brokers out of one data directory. Node has no `flock`, so the lock is a file that names its owner, and an
 * owner that is no longer alive has lost it. Throws DATA_DIR_UNUSABLE when the owner is alive.
 */
export class DirectoryLock {
  private readonly fs: LogFileSystem;
  private readonly path: string;
  private readonly token = randomUUID();

  constructor(fs: LogFileSystem, dataDirectory: string) {
    this.fs = fs;
    this.path = `${dataDirectory}/${LOCK_FILE}`;
    const mine = `${this.path}.${this.token}`;
    this.writeOwner(mine);
    try {
      this.acquire(mine, dataDirectory);
    } finally {
      fs.remove(mine);
    }
  }

  release(): void {
    if (this.readOwner(this.path)?.token === this.token) this.fs.remove(this.path);
  }

  private acquire(mine: string, dataDirectory: string): void {
    if (this.tryLink(mine)) return;
    const owner = this.readOwner(this.path);
    if (owner !== undefined && isAlive(owner)) throw inUse(dataDirectory, owner.pid);
    // Only one of several that find a stale lock can move it away; what was moved must be what was found stale.
    const stale = `${mine}.stale`;
    this.fs.rename(this.path, stale);
    const moved = this.readOwner(stale);
    if (moved?.token !== owner?.token) {
      this.fs.link(stale, this.path);
      this.fs.remove(stale);
      throw inUse(dataDirectory, moved?.pid ?? -1);
    }
    this.fs.remove(stale);
    if (!this.tryLink(mine)) throw inUse(dataDirectory, this.readOwner(this.path)?.pid ?? -1);
  }

  /** A link appears with its content, and only if the name is free. */
  private tryLink(mine: string): boolean {
    try {
      this.fs.link(mine, this.path);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    }
  }

  private writeOwner(path: string): void {
    const owner: LockOwner = { pid: process.pid, started: startOf(process.pid), token: this.token };
    const content = Buffer.from(JSON.stringify(owner));
    const fd = this.fs.open(path, 'write');
    try {
      writeFully(this.fs, fd, content, 0, content.length, 0);
    } finally {
      this.fs.close(fd);
    }
  }

  private readOwner(path: string): LockOwner | undefined {
    try {
      const parsed: unknown = JSON.parse(this.fs.readFile(path).toString());
      if (typeof parsed !== 'object' || parsed === null) return undefined;
      const { pid, started, token } = parsed as Record<string, unknown>;
      return typeof pid === 'number' && typeof started === 'string' && typeof token === 'string' ? { pid, started, token } : undefined;
    } catch {
      return undefined; // Missing or damaged: nobody's.
    }
  }
}

function isAlive(owner: LockOwner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: alive, but another user's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const started = startOf(owner.pid);
  if (started === '' || owner.started === '') return true;
  if (started.startsWith('ms:') && owner.started.startsWith('ms:')) {
    return Math.abs(Number(started.slice(3)) - Number(owner.started.slice(3))) <= START_TOLERANCE_MS;
  }
  return started === owner.started;
}

/** Something that tells this life of a process id from earlier ones; empty when it cannot be known. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    // The command may hold spaces and brackets; the start time is the 20th field after it.
    return `${boot}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return pid === process.pid ? `ms:${Math.round(Date.now() - process.uptime() * 1000)}` : '';
  }
}

function inUse(directory: string, pid: number): MillraceError {
  return new MillraceError(
    'DATA_DIR_UNUSABLE',
    `Data directory ${directory} is in use by ${pid < 0 ? 'another broker' : `process ${pid}`}. Stop that broker or choose another directory.`,
    { context: { directory, pid } },
  );
}
