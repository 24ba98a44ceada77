import type { Controller } from '../control/controls.ts';
import type { Fault, FaultStatus } from './fault.ts';

/** A fault that was set. It lasts until its `count` is used up or it is removed. */
export class FaultHandle {
  readonly id: number;
  readonly #control: Controller;

  constructor(id: number, control: Controller) {
    this.id = id;
    this.#control = control;
  }

  /** How many requests it has hit. Rejects with INVALID_STATE when it was removed. */
  async hits(): Promise<number> {
    return (await this.#control('fault', this.id)).hits;
  }

  /** Resolves when it has hit so many requests in all; 1 by default. Rejects with INVALID_STATE when it is removed before. */
  waitForHits(hits = 1): Promise<void> {
    return this.#control('waitForFault', this.id, hits);
  }

  /** Ends it. Requests that it has delayed or left without an answer stay so. Does nothing when it is gone already. */
  async remove(): Promise<void> {
    await this.#control('removeFault', this.id);
  }
}

/** What is made to go wrong with the requests of a broker, for tests of clients. */
export class BrokerFaults {
  readonly #control: Controller;

  constructor(control: Controller) {
    this.#control = control;
  }

  /**
   * Sets a fault and resolves when it is in force. All faults that match a request delay and throttle it; of those that
   * fail, drop, disconnect or truncate, the one that was added first decides. Rejects with INVALID_CONFIG, whose context
   * names the `field`.
   */
  async add(fault: Fault): Promise<FaultHandle> {
    return new FaultHandle(await this.#control('addFault', fault), this.#control);
  }

  /** Removes all faults. */
  async clear(): Promise<void> {
    await this.#control('clearFaults');
  }

  /** The faults in the order in which they were added, those whose count is used up included. */
  list(): Promise<FaultStatus[]> {
    return this.#control('faults');
  }
}
