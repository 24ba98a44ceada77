import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface PieceEvent {
  readonly event: string;
  readonly detail: string;
  readonly tracked: number;
}

/** One of this example's programs in a process of its own, as you would start it in a terminal. */
export class Piece {
  /** Orders it says it has tracked. */
  tracked = 0;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(name: 'producer' | 'tracker', args: readonly string[], onEvent: (event: PieceEvent) => void = () => undefined) {
    this.#name = name;
    const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    this.#child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // Each blocking call of the client takes a thread of this pool.
      env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const event = JSON.parse(line) as PieceEvent;
      this.tracked = event.tracked;
      onEvent(event);
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  /** Asks it to finish what it has in hand and end. */
  stop(): void {
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Throws when it has ended by itself with an error. */
  check(): void {
    if ((this.#child.exitCode ?? 0) !== 0) throw new Error(`A ${this.#name} ended with exit code ${this.#child.exitCode}.`);
  }

  /** Resolves when the process is gone. */
  async end(): Promise<void> {
    await this.#ended;
    this.check();
  }
}
