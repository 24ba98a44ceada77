const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Ctrl-C and SIGTERM: the first asks for a clean stop, the second ends the process at once. */
export class StopSignal {
  requested = false;
  readonly promise: Promise<void>;
  #resolve: () => void = () => {};
  readonly #listener = (signal: 'SIGINT' | 'SIGTERM') => {
    if (this.requested) process.exit(EXIT_CODES[signal]);
    this.requested = true;
    process.stderr.write(`\n${signal === 'SIGINT' ? 'Ctrl-C' : signal}: committing and stopping (again to stop at once)\n`);
    process.exitCode = EXIT_CODES[signal];
    this.#resolve();
  };

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  release(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}
