import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Leftovers } from '../session/leftovers.ts';

const MAX_OUTPUT = 64 * 1024;

/** A process of the latency benchmark. */
export interface HelperProcess<T> {
  /** What it says at its end. Rejects when it fails. */
  readonly report: Promise<T>;
  /** Resolves with the first line that it says. Rejects when it fails before. */
  readonly firstLine: Promise<string>;
  /** Tells it something, in a line. */
  tell(message: object): void;
  /** Asks it to end. */
  stop(): void;
}

export function startHelper<T>(leftovers: Leftovers, script: 'sender' | 'reader', orders: object): HelperProcess<T> {
  const path = fileURLToPath(new URL(`${script}.ts`, import.meta.url));
  const child = leftovers.child(
    spawn(process.execPath, ['--import', 'tsx', path, JSON.stringify(orders)], { stdio: ['pipe', 'pipe', 'pipe'] }),
  );
  let [output, errors] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    output = (output + data.toString()).slice(-MAX_OUTPUT);
  });
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-MAX_OUTPUT);
  });
  const report = new Promise<T>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const line = output.trim().split('\n').at(-1) ?? '';
      if (code === 0 && line.startsWith('{')) resolve(JSON.parse(line) as T);
      else reject(new Error(`The ${script} of the latency benchmark ended with ${code}: ${errors.slice(-2_000)}`));
    });
  });
  const line = new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
  const firstLine = Promise.race([line, report.then(() => line)]);
  // Whoever waits for it sees it; nobody may wait yet when it fails.
  report.catch(() => {});
  firstLine.catch(() => {});
  child.stdin.on('error', () => {});
  return {
    report,
    firstLine,
    tell: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    stop: () => void child.kill('SIGTERM'),
  };
}
