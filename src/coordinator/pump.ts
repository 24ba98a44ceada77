import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchedBatch, TopicPartitionOffset } from '../transport/transport.ts';
import type { Engine } from './engine.ts';

/** Rebalances make progress only while the client is polled, so a rest is short. */
const REST_MAX_MS = 1_000;
const REST_MS = 2;

/** The loop on the main thread: polls the transport and hands batches to the shards that own their tasks. */
export class Pump {
  readonly #engine: Engine;
  /** Records read from input topics since the start. */
  recordsIn = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Runs until the engine stops or fails. */
  async run(): Promise<void> {
    const { config, transport, tasks } = this.#engine;
    const { consumer } = transport;
    while (this.#engine.active) {
      await this.#letCommitsCatchUp();
      const batches = (await consumer.poll(config.pollMs)).filter((batch) => this.#isRoutable(batch));
      if (config.processingGuarantee === 'at_most_once') await this.#commitBeforeProcessing(batches);
      for (const batch of batches) this.#route(batch);
      for (const end of consumer.takeCaughtUp()) {
        const routed = tasks.route(end.topic, end.partition);
        if (routed !== undefined && routed.task.state === 'running') this.#routeCaughtUp(routed.task.id, end);
      }
      this.#engine.applyBackPressure();
    }
  }

  /** Rests instead of pausing partitions, which would throw away what the client has fetched. */
  async #letCommitsCatchUp(): Promise<void> {
    const untilMs = performance.now() + REST_MAX_MS;
    while (this.#engine.active && this.#engine.commitOverdue && performance.now() < untilMs) await sleep(REST_MS);
  }

  /** Batches of partitions that were given up, or that lie before where we stand, are stale: they are fetched again. */
  #isRoutable(batch: FetchedBatch): boolean {
    if (this.#engine.held) return false;
    const routed = this.#engine.tasks.route(batch.topic, batch.partition);
    if (routed === undefined) return false;
    if (routed.task.state !== 'running') routed.input.missed = true;
    return routed.task.state === 'running' && batch.firstOffset >= routed.input.routed;
  }

  async #commitBeforeProcessing(batches: readonly FetchedBatch[]): Promise<void> {
    if (batches.length === 0) return;
    const next = new Map<string, TopicPartitionOffset>();
    for (const { topic, partition, nextOffset } of batches) next.set(`${topic}-${partition}`, { topic, partition, offset: nextOffset });
    await this.#engine.transport.consumer.commit([...next.values()]);
    for (const { topic, partition, offset } of next.values()) {
      const routed = this.#engine.tasks.route(topic, partition);
      if (routed !== undefined) routed.input.committed = offset;
    }
  }

  #route({ topic, partition, bytes, recordCount, nextOffset }: FetchedBatch): void {
    const routed = this.#engine.tasks.route(topic, partition);
    // A rebalance may have come in between, while at_most_once was committing.
    if (routed === undefined || routed.task.state !== 'running') {
      if (routed !== undefined) routed.input.missed = true;
      return;
    }
    const { task, input } = routed;
    input.routed = nextOffset;
    input.inFlightRecords += recordCount;
    this.recordsIn += recordCount;
    this.#engine.shards.post(
      task.shard,
      { type: 'batch', taskId: task.id, generation: task.generation, topic, partition, bytes, recordCount, nextOffset },
      [bytes.buffer as ArrayBuffer],
    );
  }

  #routeCaughtUp(taskId: string, { topic, partition, offset }: TopicPartitionOffset): void {
    const routed = this.#engine.tasks.route(topic, partition);
    if (routed === undefined) return;
    routed.input.caughtUpAt = offset;
    const { generation, shard } = routed.task;
    this.#engine.shards.post(shard, { type: 'caughtUp', taskId, generation, topic, partition, offset });
  }
}
