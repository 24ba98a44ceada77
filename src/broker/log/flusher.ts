import type { Clock, FlushPolicy } from '../seams.ts';

export interface FlushTarget {
  logEndOffset(): number;
  /** `flush.messages` and `flush.ms` of the topic. */
  limits(): { readonly flushMessages: number; readonly flushMs: number };
  /** Syncs what has been written so far; without `whole` all but the segment that is being written. */
  sync(whole: boolean): Promise<void>;
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
/** Longer delays are none: the default of `flush.ms` is Java's largest number. */
const MAX_TIMER_MS = 0x7fffffff;

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
  /** The next round takes in the segment that is being written. */
  private queuedWhole = false;
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
    if (this.policy === 'batch' || this.isOverdue()) {
      // Consumers wait for the sync too, not only the producer.
      if (this.queued === undefined || !this.queuedWhole) this.request(true).catch(ignore);
      return;
    }
    const { flushMs } = this.target.limits();
    const delayMs = this.policy === 'interval' ? Math.min(this.intervalMs, flushMs) : flushMs;
    if (delayMs < MAX_TIMER_MS) this.cancelTimer ??= this.clock.after(delayMs, () => this.onTimer());
  }

  /** Resolves when all that was appended so far is as safe as the policy and the topic's `flush.messages` promise. */
  flushed(): Promise<void> {
    if (this.syncedOffset >= this.target.logEndOffset() || !(this.policy === 'batch' || this.isOverdue())) return DONE;
    return this.request(true);
  }

  /** As many records are unsynced as `flush.messages` allows. Kafka: `UnifiedLog.append`. */
  private isOverdue(): boolean {
    return this.target.logEndOffset() - this.syncedOffset >= this.target.limits().flushMessages;
  }

  /** Asks for a sync that begins later than now. Without `whole` it is what the policy syncs of itself. */
  request(whole = this.policy !== 'none'): Promise<void> {
    this.queuedWhole ||= whole;
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
    this.request(true).catch(ignore);
  }

  private async run(): Promise<void> {
    while (this.queued !== undefined) {
      const round = this.queued;
      const whole = this.queuedWhole;
      this.queued = undefined;
      this.queuedWhole = false;
      const offset = this.target.logEndOffset();
      try {
        await this.target.sync(whole);
        if (whole) this.syncedOffset = offset;
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
