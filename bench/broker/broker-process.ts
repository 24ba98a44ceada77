import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProcessStats } from './process-stats.ts';
import { ProcessStats as Stats } from './process-stats.ts';

/** A broker in a process of its own, which is what is measured. */
export interface BrokerProcess {
  readonly name: string;
  readonly bootstrapServers: string;
  /** When the process was started, by `performance.now()` of this one. */
  readonly spawnedMs: number;
  readonly stats: ProcessStats;
  /** Why the process is no more; undefined while it runs. */
  ended(): string | undefined;
  /** Ends the process in order, and waits for that. */
  stop(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('millrace-process.ts', import.meta.url));

/** Options for Node in MILLRACE_BENCH_NODE_OPTIONS go to the broker's process, e.g. `--cpu-prof`. */
export async function startMillrace(directory: string, flushPolicy: string): Promise<BrokerProcess> {
  const options = (process.env['MILLRACE_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '');
  const spawnedMs = performance.now();
  const child = spawn(process.execPath, [...options, '--import', 'tsx', SCRIPT, directory, flushPolicy], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const bootstrapServers = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`The broker ended with ${code} before it was up.`)));
  });
  return {
    name: 'Millrace',
    bootstrapServers,
    spawnedMs,
    stats: new Stats(child.pid ?? 0),
    ended: () => (child.exitCode === null ? undefined : `The broker ended with ${child.exitCode}.`),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
