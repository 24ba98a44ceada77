import { setTimeout as sleep } from 'node:timers/promises';
import { resolveTopic } from '../topology/internal-topics.ts';
import type { TopicPartitionOffset } from '../transport/transport.ts';
import type { Engine } from './engine.ts';
import type { InputState } from './tasks.ts';

const POLL_MS = 100;

/** Whether everything that lay in the input partitions of this process is processed and committed. */
export class CaughtUp {
  readonly #engine: Engine;
  /** Topics that this application writes itself. */
  readonly #own: ReadonlySet<string>;

  constructor(engine: Engine) {
    this.#engine = engine;
    const { plan, config } = engine;
    const sinks = plan.subTopologies.flatMap((sub) => sub.sinks.flatMap(({ topic }) => (typeof topic === 'function' ? [] : [topic])));
    this.#own = new Set(sinks.map((topic) => resolveTopic(topic, config.applicationId)));
  }

  /** Resolves when it is so, or when the engine ends. */
  async wait(): Promise<void> {
    while (this.#engine.active) {
      if (this.#looksSo()) {
        await this.#engine.epochs.close();
        if (this.#looksSo() && (await this.#hasReachedEnd())) return;
      }
      await sleep(POLL_MS);
    }
  }

  #looksSo(): boolean {
    const { assigned, held, epochs, tasks } = this.#engine;
    if (!assigned || held || !epochs.idle) return false;
    for (const { task, input } of tasks.activeInputs()) {
      if (task.state !== 'running' || input.inFlightRecords > 0 || input.caughtUpAt < input.routed) return false;
    }
    return true;
  }

  /**
   * The broker's word on it: what the client last saw may be from before our own commit wrote to a repartition topic.
   * What this application writes counts from when it is written: a transaction's coordinator answers the commit before
   * the markers are written, and until then the records lie behind the last stable offset. Elsewhere a transaction that
   * somebody left open must not keep us.
   */
  async #hasReachedEnd(): Promise<boolean> {
    const { tasks } = this.#engine;
    const inputs = [...tasks.activeInputs()].map(({ input }) => input);
    const ends = await Promise.all([
      this.#ends(
        inputs.filter(({ topic }) => this.#own.has(topic)),
        'highWatermark',
      ),
      this.#ends(
        inputs.filter(({ topic }) => !this.#own.has(topic)),
        'latest',
      ),
    ]);
    const reached = (end: TopicPartitionOffset) => (tasks.route(end.topic, end.partition)?.input.caughtUpAt ?? -1) >= end.offset;
    return ends.flat().every(reached) && this.#looksSo();
  }

  async #ends(inputs: readonly InputState[], at: 'latest' | 'highWatermark'): Promise<TopicPartitionOffset[]> {
    return inputs.length === 0 ? [] : this.#engine.transport.admin.listOffsets(inputs, at);
  }
}
