import { asError, type Engine } from './engine.ts';

const WATCHDOG_MS = 10_000;

/** What runs by the clock: periodic commits, purging of repartition topics, and the watch over shards that hang. */
export class Housekeeping {
  readonly #engine: Engine;
  readonly #timers: NodeJS.Timeout[] = [];
  #waitingSinceMs: number | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  start(): void {
    const { config } = this.#engine;
    this.#timers.push(
      setInterval(() => this.#engine.commitSoon(), config.commitIntervalMs),
      setInterval(() => void this.#purgeRepartitionTopics(), config.repartitionPurgeIntervalMs),
      setInterval(() => this.#watch(), WATCHDOG_MS),
    );
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Committed records of repartition topics are of no use to anybody; their retention is unlimited. */
  async #purgeRepartitionTopics(): Promise<void> {
    const { tasks, transport, hooks } = this.#engine;
    const upTo = [...tasks.activeInputs()]
      .filter(({ input }) => input.internal && input.committed > 0)
      .map(({ input: { topic, partition, committed } }) => ({ topic, partition, offset: committed }));
    if (upTo.length === 0) return;
    try {
      await transport.admin.deleteRecords(upTo);
    } catch (error) {
      hooks.log('warn', `Consumed records of repartition topics could not be deleted: ${asError(error).message}`);
    }
  }

  /** A processor that never returns keeps its shard from closing an epoch, and so everybody from committing. */
  #watch(): void {
    const { epochs, shards, config, hooks } = this.#engine;
    const waiting = epochs.waitingFor;
    if (waiting.length === 0) {
      this.#waitingSinceMs = undefined;
      return;
    }
    this.#waitingSinceMs ??= performance.now();
    const elapsedMs = performance.now() - this.#waitingSinceMs;
    if (elapsedMs < WATCHDOG_MS / 2) return;
    hooks.log('warn', `Shards ${waiting.join(', ')} have not answered for ${Math.round(elapsedMs / 1000)} s: a processor blocks its thread.`);
    if (elapsedMs > config.taskTimeoutMs) for (const shard of waiting) shards.kill(shard);
  }
}
