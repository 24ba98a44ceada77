/** Lets a test stop all its workers between two steps, look at what there is, and let them go on. */
export class Gate {
  /** Steps done by all workers. */
  steps = 0;
  #workers = 0;
  #parked = 0;
  #ended = false;
  #closed: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  #onChange: () => void = () => undefined;
  #failure: Error | undefined;

  /** Runs `step` again and again until the gate ends. A step that throws ends the test. */
  async run(name: string, step: () => Promise<void>): Promise<void> {
    this.#workers++;
    try {
      while (!this.#ended) {
        await this.#pass();
        if (this.#ended) break;
        await step();
        this.steps++;
        this.#onChange();
      }
    } catch (cause) {
      this.#failure ??= new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    } finally {
      this.#workers--;
      this.#onChange();
    }
  }

  /** Resolves when every worker is between two steps; rejects with what a worker has failed with. */
  async pause(): Promise<void> {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#closed = { opened, open };
    await this.#until(() => this.#parked === this.#workers, 'the workers did not come to rest');
  }

  resume(): void {
    this.#closed?.open();
    this.#closed = undefined;
  }

  /** Resolves when the workers have done so many more steps. */
  async progress(steps: number): Promise<void> {
    const goal = this.steps + steps;
    await this.#until(() => this.steps >= goal, `the workers stand still at step ${this.steps} of ${goal}`);
  }

  end(): void {
    this.#ended = true;
    this.resume();
  }

  /** Throws what a worker has failed with. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #pass(): Promise<void> {
    while (this.#closed !== undefined) {
      const { opened } = this.#closed;
      this.#parked++;
      this.#onChange();
      await opened;
      this.#parked--;
    }
  }

  async #until(condition: () => boolean, problem: string): Promise<void> {
    const giveUpMs = Date.now() + 90_000;
    for (;;) {
      this.check();
      if (condition()) return;
      if (Date.now() > giveUpMs) throw new Error(`Within 90 seconds ${problem}.`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#onChange = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
