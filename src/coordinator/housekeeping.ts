import { MillraceError } from '../errors.ts';
import { asError, type Engine } from './engine.ts';

const WATCHDOG_MS = 10_000;
const DEFAULT_PATIENCE_MS = 300_000;

/** What runs by the clock: periodic commits, purging of repartition topics, and the watch over shards that hang. */
export class Housekeeping {
  readonly #engine: Engine;
  readonly #timers: NodeJS.Timeout[] = [];
  #purging = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** How long a shard may take to close an epoch. A task timeout of 0 says that nothing is retried, not that nothing may take time. */
  get #patienceMs(): number {
    return this.#engine.config.taskTimeoutMs || DEFAULT_PATIENCE_MS;
  }

  start(): void {
    const { config } = this.#engine;
    this.#timers.push(
      setInterval(() => this.#engine.commitSoon(), config.commitIntervalMs),
      setInterval(() => void this.#purgeRepartitionTopics(), config.repartitionPurgeIntervalMs),
      setInterval(() => this.#watch(), Math.min(WATCHDOG_MS, this.#patienceMs)),
    );
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  /** Committed records of repartition topics are of no use to anybody; their retention is unlimited. */
  async #purgeRepartitionTopics(): Promise<void> {
    const { tasks, transport, hooks } = this.#engine;
    const upTo = [...tasks.activeInputs()]
      .filter(({ input }) => input.internal && input.committed > 0)
      .map(({ input: { topic, partition, committed } }) => ({ topic, partition, offset: committed }));
    if (upTo.length === 0 || this.#purging) return;
    this.#purging = true;
    try {
      await transport.admin.deleteRecords(upTo);
    } catch (error) {
      if (this.#engine.active) hooks.log('warn', `Consumed records of repartition topics could not be deleted: ${asError(error).message}`);
    } finally {
      this.#purging = false;
    }
  }

  /** A processor that never returns keeps its shard from closing an epoch, and so everybody from committing. */
  #watch(): void {
    const { epochs, shards, hooks } = this.#engine;
    const waiting = epochs.waitingFor(performance.now());
    if (waiting === undefined || waiting.elapsedMs < Math.min(WATCHDOG_MS / 2, this.#patienceMs)) return;
    const { elapsedMs } = waiting;
    const late = `has not answered for ${Math.round(elapsedMs / 1000)} s: a processor blocks its thread`;
    for (const shard of waiting.shards) {
      hooks.log('warn', `Shard ${shard} ${late}.`);
      if (elapsedMs <= this.#patienceMs) continue;
      shards.kill(
        shard,
        new MillraceError(
          'SHARD_DIED',
          `Shard ${shard} ${late}, longer than taskTimeoutMs ("task.timeout.ms") allows. Its thread was ended.`,
          { context: { shard } },
        ),
      );
    }
  }
}
