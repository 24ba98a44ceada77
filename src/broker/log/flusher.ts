import type { Clock, FlushPolicy } from '../seams.ts';

export interface FlushTarget {
  readonly logEndOffset: number;
  /** Syncs what has been written so far and what the policy wants synced. */
  sync(): Promise<void>;
  /** All below `offset` had been written when the sync that is now over began. */
  synced(offset: number): void;
  /** A sync failed: what was written since the last one may be lost, whatever a later sync says, unless no file was synced. */
  failed(error: unknown): void;
}

interface Round {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const DONE = Promise.resolve();

/**
 * Decides when a log is synced. With `batch`, all who ask while a sync is under way share the next one: the busier the
 * log, the more requests share a sync. With `interval` a timer asks. With `none` only closed segments are synced.
 */
export class Flusher {
  private readonly policy: FlushPolicy;
  private readonly intervalMs: number;
  private readonly clock: Clock;
  private readonly target: FlushTarget;
  private syncedOffset: number;
  private queued: Round | undefined;
  private running: Promise<void> | undefined;
  private closed = false;
  private cancelTimer: (() => void) | undefined;

  constructor(policy: FlushPolicy, intervalMs: number, clock: Clock, target: FlushTarget, syncedOffset: number) {
    this.policy = policy;
    this.intervalMs = intervalMs;
    this.clock = clock;
    this.target = target;
    this.syncedOffset = syncedOffset;
  }

  /** After every append. */
  appended(): void {
    if (this.policy === 'none') return;
    if (this.policy === 'batch') {
      // Consumers wait for the sync too, not only the producer.
      if (this.queued === undefined) this.request().catch(ignore);
    } else this.cancelTimer ??= this.clock.after(this.intervalMs, () => this.onTimer());
  }

  /** Resolves when all that was appended so far is as safe as the policy promises. */
  flushed(): Promise<void> {
    if (this.policy !== 'batch' || this.syncedOffset >= this.target.logEndOffset) return DONE;
    return this.request();
  }

  /** Asks for a sync that begins later than now. */
  request(): Promise<void> {
    if (this.queued === undefined) {
      this.queued = createRound();
      // Not at once: requests that came in with this one take part.
      if (this.running === undefined) this.running = new Promise((resolve) => setImmediate(resolve)).then(() => this.run());
    }
    return this.queued.promise;
  }

  /** Stops the timer and waits for syncs under way. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await this.running;
  }

  private onTimer(): void {
    this.cancelTimer = undefined;
    this.request().catch(ignore);
  }

  private async run(): Promise<void> {
    while (this.queued !== undefined) {
      const round = this.queued;
      this.queued = undefined;
      const offset = this.target.logEndOffset;
      try {
        await this.target.sync();
        this.syncedOffset = offset;
        this.target.synced(offset);
        round.resolve();
      } catch (error) {
        this.target.failed(error);
        round.reject(error);
        if (this.policy === 'interval' && !this.closed) this.appended();
      }
    }
    this.running = undefined;
  }
}

/** The failure is already with the target, which refuses further work. */
function ignore(): void {}

function createRound(): Round {
  let resolve = (): void => undefined;
  let reject = (_error: unknown): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
