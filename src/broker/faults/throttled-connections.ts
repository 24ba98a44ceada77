import type { Clock } from '../seams.ts';
import type { Connection } from '../server/connection.ts';

/** Connections whose next request must wait, as Kafka mutes channels (KIP-219): not all clients heed the throttle time. */
export class ThrottledConnections {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #until = new Map<Connection, number>();

  /** `onChange` is called when a connection came or went. */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#until.size;
  }

  /** Milliseconds that a request which comes now must wait. */
  waitMs(connection: Connection): number {
    const untilMs = this.#until.get(connection);
    return untilMs === undefined ? 0 : Math.max(untilMs - this.#clock.nowMs(), 0);
  }

  add(connection: Connection, throttleTimeMs: number): void {
    const untilMs = this.#clock.nowMs() + throttleTimeMs;
    if ((this.#until.get(connection) ?? 0) >= untilMs || connection.closed) return;
    this.#until.set(connection, untilMs);
    const forget = (): void => {
      stopTimer();
      stopListening();
      if (this.#until.get(connection) === untilMs) this.#until.delete(connection);
      this.#onChange();
    };
    const stopTimer = this.#clock.after(throttleTimeMs, forget);
    const stopListening = connection.onClose(forget);
    this.#onChange();
  }
}
