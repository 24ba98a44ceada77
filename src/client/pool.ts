import { type Address, formatAddress } from './address.ts';
import { backoffMs, waited } from './backoff.ts';
import { clientClosed } from './errors.ts';
import { openConnection, type ReadyConnection } from './open-connection.ts';
import type { ResolvedClientOptions } from './options.ts';

/** How often connections without use are looked for. */
const SWEEP_MS = 10_000;

interface Slot {
  readonly address: Address;
  readonly lane: string;
  ready: ReadyConnection | undefined;
  opening: Promise<ReadyConnection> | undefined;
  /** Attempts in a row that failed. */
  failures: number;
  /** On the clock of `performance.now`: no attempt before. */
  retryAtMs: number;
}

/**
 * The connections of a client: one per broker and lane. A broker answers one request of a connection after the other, so
 * what may wait long there (a fetch, a join) has a lane of its own. Lost ones are opened again when they are needed,
 * with a growing wait between attempts.
 */
export class ConnectionPool {
  readonly #options: ResolvedClientOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #closing = new AbortController();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: ResolvedClientOptions) {
    this.#options = options;
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, options.connectionsMaxIdleMs));
    this.#sweeper.unref();
  }

  /** An open connection to a broker; waits for one that is being made. Rejects as `openConnection`, or INVALID_STATE. */
  async get(address: Address, lane: string): Promise<ReadyConnection> {
    if (this.#closing.signal.aborted) throw clientClosed();
    const slot = this.#slot(address, lane);
    const { ready } = slot;
    if (ready?.connection.isOpen) {
      if (performance.now() < ready.expiresAtMs) return ready;
      this.#retire(slot, ready);
    }
    slot.opening ??= this.#open(slot).finally(() => {
      slot.opening = undefined;
    });
    return slot.opening;
  }

  /** The connection to a broker if there is one, without making any. */
  peek(address: Address, lane: string): ReadyConnection | undefined {
    const ready = this.#slots.get(keyOf(address, lane))?.ready;
    return ready?.connection.isOpen ? ready : undefined;
  }

  /** True while the last attempt failed and the next one is not due. */
  isBackingOff(address: Address, lane: string): boolean {
    return (this.#slots.get(keyOf(address, lane))?.retryAtMs ?? 0) > performance.now();
  }

  /** Ends the connections of one lane: whoever it was for is gone. */
  closeLane(lane: string): void {
    for (const [key, slot] of this.#slots) {
      if (slot.lane !== lane) continue;
      slot.ready?.connection.close();
      if (slot.opening === undefined) this.#slots.delete(key);
    }
  }

  /** Ends all connections; what waits on them is rejected. */
  close(): void {
    clearInterval(this.#sweeper);
    this.#closing.abort();
    for (const slot of this.#slots.values()) slot.ready?.connection.close(clientClosed());
    this.#slots.clear();
  }

  async #open(slot: Slot): Promise<ReadyConnection> {
    const waitMs = slot.retryAtMs - performance.now();
    if (waitMs > 0) await waited(waitMs, this.#closing.signal);
    if (this.#closing.signal.aborted) throw clientClosed();
    const { retryBackoffMs, retryBackoffMaxMs } = this.#options;
    try {
      const ready = await openConnection(slot.address, this.#options);
      if (this.#closing.signal.aborted) {
        ready.connection.close();
        throw clientClosed();
      }
      slot.failures = 0;
      slot.retryAtMs = 0;
      slot.ready = ready;
      ready.connection.onEnd(() => this.#forget(slot, ready));
      return ready;
    } catch (error) {
      slot.retryAtMs = performance.now() + backoffMs(slot.failures, retryBackoffMs, retryBackoffMaxMs);
      slot.failures++;
      throw error;
    }
  }

  #forget(slot: Slot, ready: ReadyConnection): void {
    if (slot.ready === ready) slot.ready = undefined;
  }

  /** The login is about to end: what is under way may finish on the old connection, new requests go over another. */
  #retire(slot: Slot, ready: ReadyConnection): void {
    this.#forget(slot, ready);
    const whenDone = (): void => {
      if (!ready.connection.isOpen) return;
      if (ready.connection.pending === 0 || this.#closing.signal.aborted) ready.connection.close();
      else setTimeout(whenDone, this.#options.retryBackoffMs).unref();
    };
    whenDone();
  }

  #sweep(): void {
    for (const [key, slot] of this.#slots) {
      const { ready } = slot;
      if (ready !== undefined && ready.connection.idleMs > this.#options.connectionsMaxIdleMs) ready.connection.close();
      if (slot.ready === undefined && slot.opening === undefined && slot.failures === 0) this.#slots.delete(key);
    }
  }

  #slot(address: Address, lane: string): Slot {
    const key = keyOf(address, lane);
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { address, lane, ready: undefined, opening: undefined, failures: 0, retryAtMs: 0 };
      this.#slots.set(key, slot);
    }
    return slot;
  }
}

function keyOf(address: Address, lane: string): string {
  return `${formatAddress(address)} ${lane}`;
}
