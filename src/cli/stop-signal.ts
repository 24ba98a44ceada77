const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export interface StopSignalOptions {
  /** What the user is told is being done. Default: nothing is told. */
  readonly doing?: string;
  /** Exit code of the process after a signal. Default: 130 for Ctrl-C, 143 for SIGTERM. */
  readonly exitCode?: number;
}

/** Ctrl-C and SIGTERM: the first asks for a clean stop, the second ends the process at once. */
export class StopSignal {
  requested = false;
  readonly promise: Promise<void>;
  readonly #options: StopSignalOptions;
  readonly #controller = new AbortController();
  #resolve: () => void = () => {};
  readonly #listener = (signal: 'SIGINT' | 'SIGTERM') => {
    if (this.requested) process.exit(EXIT_CODES[signal]);
    const { doing, exitCode } = this.#options;
    if (doing !== undefined) process.stderr.write(`\n${signal === 'SIGINT' ? 'Ctrl-C' : signal}: ${doing} (again to stop at once)\n`);
    process.exitCode = exitCode ?? EXIT_CODES[signal];
    this.request();
  };

  constructor(options: StopSignalOptions = {}) {
    this.#options = options;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  /** Asks for a stop without a signal: the process ends as if it were done. */
  request(): void {
    if (this.requested) return;
    this.requested = true;
    this.#controller.abort();
    this.#resolve();
  }

  /** Aborted with the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  release(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}
