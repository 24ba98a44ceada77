import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BrokerOptions } from '../../../src/broker/index.ts';
import type { BrokerLife } from './broker-life.ts';

const MAIN = fileURLToPath(new URL('./broker-main.ts', import.meta.url));
/** A start has to read back what is there; on a busy machine that takes its time. */
const START_LIMIT_MS = 60_000;

/** A broker process that can be killed and started again on the same port and directory. */
export class BrokerChild implements BrokerLife {
  port = 0;
  /** What the broker has said on stderr, all lives together. */
  readonly output: string[] = [];
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** Resolves with true once it serves; with false when it was killed before. Rejects when it ends by itself. */
  async start(options: BrokerOptions): Promise<boolean> {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, JSON.stringify({ ...options, port: this.port })], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    child.stderr.on('data', (chunk: Buffer) => this.#note(chunk.toString()));
    let said = '';
    const ready = new Promise<boolean>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const port = /^ready (\d+)\n/.exec(said)?.[1];
        if (port === undefined) return;
        this.port = Number(port);
        resolve(true);
      });
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
    const served = await Promise.race([ready, this.#exited.then(() => false)]);
    clearTimeout(timer);
    if (!served && child.signalCode === null) {
      throw new Error(`The broker did not start (exit code ${child.exitCode}):\n${this.output.slice(-20).join('\n')}`);
    }
    return served;
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#child?.exitCode !== null) throw new Error(`The broker ended by itself:\n${this.output.slice(-20).join('\n')}`);
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** An orderly stop. */
  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.#exited;
  }

  #note(text: string): void {
    this.output.push(...text.split('\n').filter((line) => line !== ''));
    this.output.splice(0, Math.max(this.output.length - 2000, 0));
  }
}
