import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ProcessStats } from './process-stats.ts';

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

const COMMAND = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));
const SCRIPT = fileURLToPath(new URL('millrace-process.ts', import.meta.url));

/** Options for Node in MILLRACE_BENCH_NODE_OPTIONS go to the broker's process, e.g. `--cpu-prof`. */
export async function startMillrace(directory: string, flushPolicy: string): Promise<BrokerProcess> {
  const options = (process.env['MILLRACE_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '');
  const spawnedMs = performance.now();
  const child = spawn(process.execPath, [...options, '--import', 'tsx', SCRIPT, directory, flushPolicy], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const bootstrapServers = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`The broker ended with ${code} before it was up.`)));
  });
  return describe('Millrace', child, bootstrapServers, spawnedMs);
}

/** The command that users start, on a given port; resolves without waiting for anything. */
export function startCommand(directory: string, port: number): BrokerProcess {
  const spawnedMs = performance.now();
  const child = spawn(process.execPath, [COMMAND, 'broker', '--port', String(port), '--data', directory], {
    stdio: 'ignore',
  });
  return describe('millrace broker', child, `127.0.0.1:${port}`, spawnedMs);
}

function describe(name: string, child: ChildProcess, bootstrapServers: string, spawnedMs: number): BrokerProcess {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    name,
    bootstrapServers,
    spawnedMs,
    stats: new ProcessStats(child.pid ?? 0),
    ended: () => (child.exitCode === null ? undefined : `The broker ended with ${child.exitCode}.`),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
