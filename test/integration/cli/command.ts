import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../../bin/millrace.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the `millrace` command to its end; `signalAfter` sends SIGINT once its stderr matches. */
export function millrace(args: readonly string[], signalAfter?: RegExp): Promise<CommandResult> {
  return run([launcher, ...args], signalAfter);
}

/** The same for any arguments to Node. */
export function run(args: readonly string[], signalAfter?: RegExp): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let signalled = false;
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
      if (signalAfter === undefined || signalled || !signalAfter.test(stderr)) return;
      signalled = true;
      child.kill('SIGINT');
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
