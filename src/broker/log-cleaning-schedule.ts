/** Runs retention and compaction now and then, one partition after the other. */

import type { ConfigStore } from './configs/config-store.ts';
import { splitList } from './configs/definition.ts';
import type { BrokerLogger } from './logger.ts';
import type { Clock } from './seams.ts';
import type { Topic } from './topic.ts';
import type { TopicRegistry } from './topics.ts';

/** Shortest pause between two rounds, whatever is configured. */
const MIN_INTERVAL_MS = 100;

export interface CleaningDeps {
  readonly topics: TopicRegistry;
  readonly configs: ConfigStore;
  readonly clock: Clock;
  readonly log: BrokerLogger;
}

export class LogCleaningSchedule {
  readonly #deps: CleaningDeps;
  #cancel: () => void = () => undefined;
  #nextRetentionMs = 0;
  #stopped = false;

  /** Compacted topics are looked at each `log.cleaner.backoff.ms`, all others each `log.retention.check.interval.ms`. */
  constructor(deps: CleaningDeps) {
    this.#deps = deps;
    this.#nextRetentionMs = deps.clock.nowMs() + deps.configs.number('log.retention.check.interval.ms');
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(): void {
    const { clock, configs } = this.#deps;
    const delayMs = Math.min(configs.number('log.cleaner.backoff.ms'), configs.number('log.retention.check.interval.ms'));
    this.#cancel = clock.after(Math.max(delayMs, MIN_INTERVAL_MS), () => void this.#round());
  }

  async #round(): Promise<void> {
    const { clock, configs, topics } = this.#deps;
    const retention = clock.nowMs() >= this.#nextRetentionMs;
    if (retention) this.#nextRetentionMs = clock.nowMs() + configs.number('log.retention.check.interval.ms');
    for (const topic of [...topics.all()]) {
      if (retention || this.#isCompacted(topic)) await this.#clean(topic);
    }
    if (!this.#stopped) this.#schedule();
  }

  #isCompacted(topic: Topic): boolean {
    return splitList(this.#deps.configs.effectiveTopicConfig(topic.config)['cleanup.policy'] ?? '').includes('compact');
  }

  async #clean(topic: Topic): Promise<void> {
    for (const log of topic.partitions) {
      if (this.#stopped) return;
      try {
        await log.clean();
      } catch (error) {
        this.#deps.log.error(`Cleaning ${topic.name}-${log.partition} failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
