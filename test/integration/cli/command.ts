import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleCommand } from '../../../scripts/bundle-command.mjs';

const launcher = fileURLToPath(new URL('../../../bin/millrace.js', import.meta.url));

// The launcher takes a bundle that is newer than the sources, and starts several times faster.
await bundleCommand();

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** What the command reads from stdin. Default: nothing, at its end at once. */
  readonly input?: string | Buffer;
  /** Send SIGINT once stderr matches. */
  readonly signalAfter?: RegExp | undefined;
  /** Call once stdout matches, `perform` with what sends a signal. */
  readonly onOutput?: { readonly matching: RegExp; readonly perform: (kill: (signal: NodeJS.Signals) => void, stdout: string) => void };
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the `millrace` command to its end; `signalAfter` sends SIGINT once its stderr matches. */
export function millrace(args: readonly string[], options: RegExp | CommandOptions = {}): Promise<CommandResult> {
  return run([launcher, ...args], options);
}

/** The same for any arguments to Node. */
export function run(args: readonly string[], options: RegExp | CommandOptions = {}): Promise<CommandResult> {
  const { input, signalAfter, onOutput, env } = options instanceof RegExp ? ({ signalAfter: options } as CommandOptions) : options;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    let signalled = false;
    let told = false;
    // A command that ends early does not read its input to the end.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString('latin1');
      if (onOutput === undefined || told || !onOutput.matching.test(stdout)) return;
      told = true;
      onOutput.perform((signal) => child.kill(signal), stdout);
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
      if (signalAfter === undefined || signalled || !signalAfter.test(stderr)) return;
      signalled = true;
      child.kill('SIGINT');
    });
    // Bytes are kept as they are, so that tests can look at those that are no text.
    child.on('close', (code) => resolve({ code, stdout: Buffer.from(stdout, 'latin1').toString('utf8'), stderr }));
  });
}
