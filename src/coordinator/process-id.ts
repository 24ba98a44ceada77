import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../errors.ts';

/**
 * The id of this process of an application, kept in `<state.dir>/<application.id>/` so that a restarted process takes
 * up its old transactional id and thereby ends at once what it left open. Kafka Streams keeps the same file,
 * `kafka-streams-process-metadata`. A lock file keeps two living processes apart: the second gets a directory of its own.
 */
export interface ProcessId {
  readonly id: string;
  /** Gives the directory free for the next process. */
  release(): void;
}

const FILE = 'kafka-streams-process-metadata';
const PROCESSES_MAX = 256;

/** @throws MillraceError DATA_DIR_UNUSABLE when the directory cannot be written. */
export function claimProcessId(stateDir: string, applicationId: string): ProcessId {
  for (let slot = 0; slot < PROCESSES_MAX; slot++) {
    const directory = join(stateDir, applicationId, ...(slot === 0 ? [] : [`process-${slot}`]));
    try {
      mkdirSync(directory, { recursive: true });
      const lock = join(directory, '.lock');
      if (!takeLock(lock)) continue;
      return { id: readOrCreate(directory), release: () => releaseLock(lock) };
    } catch (cause) {
      throw new MillraceError(
        'DATA_DIR_UNUSABLE',
        `State directory ${directory} cannot be used (${(cause as Error).message}). Make it writable or set stateDir ("state.dir") to another place.`,
        {
          cause,
          context: { directory },
        },
      );
    }
  }
  throw new MillraceError(
    'DATA_DIR_UNUSABLE',
    `State directory ${stateDir} is locked by ${PROCESSES_MAX} living processes of ${applicationId}.`,
  );
}

/** Locks that this process holds: its own pid in any other lock is left over from an earlier process of the same number. */
const held = new Set<string>();

/** The lock holds the owner's pid: a lock whose owner is dead (kill -9) is taken over. */
function takeLock(path: string): boolean {
  for (let attempt = 0; attempt < 2; attempt++) {
    if (createLock(path)) {
      held.add(path);
      return true;
    }
    const owner = ownerOf(path);
    // In a container every process may have number 1.
    if (owner === process.pid ? held.has(path) : isAlive(owner)) return false;
    if (!putAside(path, owner)) return false;
  }
  return false;
}

/** Appears with its content at once: an empty lock would look like that of a dead process. */
function createLock(path: string): boolean {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** 0 where there is none. */
function ownerOf(path: string): number {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(pid) ? pid : 0;
  } catch {
    return 0; // released just now
  }
}

/** Removes a dead owner's lock; false when it turns out to be somebody's who was quicker. */
function putAside(path: string, owner: number): boolean {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
  const stale = ownerOf(aside) === owner;
  if (!stale && !existsSync(path)) renameSync(aside, path);
  else rmSync(aside, { force: true });
  return stale;
}

function releaseLock(path: string): void {
  if (held.delete(path)) rmSync(path, { force: true });
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readOrCreate(directory: string): string {
  const path = join(directory, FILE);
  if (existsSync(path)) {
    try {
      const { processId } = JSON.parse(readFileSync(path, 'utf8')) as { processId?: unknown };
      if (typeof processId === 'string' && /^[0-9a-f-]{36}$/.test(processId)) return processId;
    } catch {
      // Half-written by a crash: a new id costs nothing but the wait for an open transaction's timeout.
    }
  }
  const processId = randomUUID();
  writeFileSync(`${path}.tmp`, JSON.stringify({ processId }));
  renameSync(`${path}.tmp`, path);
  return processId;
}
