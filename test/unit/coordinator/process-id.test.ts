import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimProcessId } from '../../../src/coordinator/process-id.ts';

describe('claimProcessId', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-process-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const lock = () => join(directory, 'app', '.lock');
  const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

  it('keeps the id from one life of a process to the next', () => {
    const first = claimProcessId(directory, 'app');
    first.release();
    const second = claimProcessId(directory, 'app');
    expect(second.id).toBe(first.id);
    expect(second.id).toMatch(/^[0-9a-f-]{36}$/);
    second.release();
    expect(existsSync(lock())).toBe(false);
  });

  it('keeps two living processes apart', () => {
    const first = claimProcessId(directory, 'app');
    const second = claimProcessId(directory, 'app');
    expect(second.id).not.toBe(first.id);
    first.release();
    const third = claimProcessId(directory, 'app');
    expect(third.id).toBe(first.id);
    second.release();
    third.release();
  });

  it('keeps applications apart', () => {
    const first = claimProcessId(directory, 'app');
    const other = claimProcessId(directory, 'other');
    expect(other.id).not.toBe(first.id);
    first.release();
    other.release();
  });

  it('takes over the lock of a process that was killed', () => {
    const first = claimProcessId(directory, 'app');
    first.release();
    writeFileSync(lock(), String(deadPid()));
    const second = claimProcessId(directory, 'app');
    expect(second.id).toBe(first.id);
    expect(readFileSync(lock(), 'utf8')).toBe(String(process.pid));
    second.release();
  });

  it('takes over a lock with its own number that it does not hold: in a container every process may be number 1', () => {
    const first = claimProcessId(directory, 'app');
    first.release();
    writeFileSync(lock(), String(process.pid));
    const second = claimProcessId(directory, 'app');
    expect(second.id).toBe(first.id);
    second.release();
  });

  it('respects the lock of a living process', () => {
    mkdirSync(join(directory, 'app'));
    writeFileSync(lock(), String(process.ppid));
    const claimed = claimProcessId(directory, 'app');
    expect(readFileSync(lock(), 'utf8')).toBe(String(process.ppid));
    expect(existsSync(join(directory, 'app', 'process-1', '.lock'))).toBe(true);
    claimed.release();
  });

  it.each(['', '{"processId":', '{"processId":"../../etc"}', '{}'])('makes a new id where the file holds %j', (content) => {
    mkdirSync(join(directory, 'app'));
    writeFileSync(join(directory, 'app', 'kafka-streams-process-metadata'), content);
    const claimed = claimProcessId(directory, 'app');
    expect(claimed.id).toMatch(/^[0-9a-f-]{36}$/);
    claimed.release();
    const again = claimProcessId(directory, 'app');
    expect(again.id).toBe(claimed.id);
    again.release();
  });

  it('takes a lock with nonsense in it for a dead one', () => {
    mkdirSync(join(directory, 'app'));
    writeFileSync(lock(), 'nonsense');
    const claimed = claimProcessId(directory, 'app');
    expect(readFileSync(lock(), 'utf8')).toBe(String(process.pid));
    claimed.release();
  });

  it('names the directory that cannot be used, and the option', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o444);
    expect(() => claimProcessId(file, 'app')).toThrow(
      expect.objectContaining({ code: 'DATA_DIR_UNUSABLE', message: expect.stringMatching(/file.*state\.dir/) }),
    );
  });
});
