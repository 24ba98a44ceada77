/** What asks a member to join again, until it does. */
export class RejoinFlag {
  #reason: string | undefined;
  #wake: (() => void) | undefined;

  /** The first reason counts; it is told to the coordinator, for its log (KIP-800). */
  raise(reason: string): void {
    this.#reason ??= reason;
    this.#wake?.();
  }

  /** Resolves when it is raised; at once if it is. One waits at a time. */
  async raised(): Promise<void> {
    if (this.#reason !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  /** The reason; from here on it has to be raised anew. */
  lower(): string {
    const reason = this.#reason ?? 'joining for the first time';
    this.#reason = undefined;
    return reason;
  }
}
