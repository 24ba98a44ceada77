import { ErrorCode } from '../../protocol/index.ts';
import type { CoordinatorCalls } from './coordinator-calls.ts';
import type { GroupGeneration } from './types.ts';

/** Tells the coordinator at intervals that a member is alive, one heartbeat at a time. */
export class Heartbeats {
  readonly #calls: CoordinatorCalls;
  readonly #intervalMs: number;
  readonly #onCode: (code: number) => void;
  readonly #onTrouble: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Counts starts and stops: the answer to a heartbeat of before means nothing. */
  #round = 0;

  /** `onCode`: an error code other than none. `onTrouble`: no answer; the next heartbeat tries again. */
  constructor(calls: CoordinatorCalls, intervalMs: number, onCode: (code: number) => void, onTrouble: (error: unknown) => void) {
    this.#calls = calls;
    this.#intervalMs = intervalMs;
    this.#onCode = onCode;
    this.#onTrouble = onTrouble;
  }

  start(generation: GroupGeneration): void {
    this.stop();
    this.#schedule(this.#round, generation);
  }

  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
  }

  #schedule(round: number, generation: GroupGeneration): void {
    this.#timer = setTimeout(() => void this.#beat(round, generation), this.#intervalMs);
  }

  async #beat(round: number, generation: GroupGeneration): Promise<void> {
    try {
      const code = await this.#calls.heartbeat(generation);
      if (round !== this.#round) return;
      if (code !== ErrorCode.NONE) this.#onCode(code);
    } catch (error) {
      if (round !== this.#round) return;
      this.#onTrouble(error);
    }
    if (round === this.#round) this.#schedule(round, generation);
  }
}
