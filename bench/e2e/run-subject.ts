import { spawn } from 'node:child_process';
import type { KafkaClient } from '../../src/client/index.ts';
import { ProcessStats } from '../broker/process-stats.ts';
import type { Input } from './inputs.ts';
import { watchProgress } from './committed.ts';
import { type SubjectSettings, toEnvironment } from './subjects/settings.ts';
import type { Subject } from './subjects.ts';

/** One run of a subject, measured from when it had warmed up until all its input was committed. */
export interface SubjectRun {
  /** Input records of the measured part. */
  readonly records: number;
  readonly elapsedMs: number;
  /** User and system time of the subject's whole process. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** Part of the input that warms up caches, compilers and collectors, and is not counted. */
const WARM_UP = 0.25;
const STUCK_MS = 60_000;
const STOP_MS = 40_000;
const MAX_OUTPUT = 64 * 1024;

/** Starts a subject, watches it from outside until all is committed, and ends it in order. */
export async function runSubject(subject: Subject, settings: SubjectSettings, input: Input, client: KafkaClient): Promise<SubjectRun> {
  const child = spawn(subject.command, subject.parameters, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16', ...toEnvironment(settings) },
  });
  let output = '';
  const take = (data: Buffer): void => {
    output = (output + data.toString()).slice(-MAX_OUTPUT);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stats = new ProcessStats(child.pid ?? 0);
  const check = (): void => {
    if (child.exitCode !== null) throw new Error(`${subject.name} ended with ${child.exitCode}: ${output.slice(-4_000)}`);
  };
  try {
    return await measured(client, settings.applicationId, input, stats, check);
  } catch (error) {
    throw new Error(`${subject.name}: ${error instanceof Error ? error.message : String(error)}\n${output.slice(-4_000)}`, {
      cause: error,
    });
  } finally {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  }
}

async function measured(client: KafkaClient, groupId: string, input: Input, stats: ProcessStats, check: () => void): Promise<SubjectRun> {
  let warm: { readonly atMs: number; readonly committed: number; readonly cpuSeconds: number } | undefined;
  let run: SubjectRun | undefined;
  await watchProgress(
    client,
    groupId,
    input,
    ({ committed, done }) => {
      const atMs = performance.now();
      const cpuSeconds = stats.cpuSeconds();
      if (warm === undefined && committed >= input.count * WARM_UP) warm = { atMs, committed, cpuSeconds };
      if (!done || warm === undefined) return;
      run = {
        records: committed - warm.committed,
        elapsedMs: atMs - warm.atMs,
        cpuSeconds: cpuSeconds - warm.cpuSeconds,
        peakRssBytes: stats.peakRssBytes(),
      };
    },
    check,
    STUCK_MS,
  );
  if (run === undefined || run.records <= 0) throw new Error('was done before it could be measured; use more rows');
  return run;
}
