import { setTimeout as sleep } from 'node:timers/promises';
import { isMillraceError } from '../errors.ts';
import { encodeCommitMetadata } from '../topology/commit-metadata.ts';
import type { FetchedBatch, TopicPartitionOffset } from '../transport/transport.ts';
import type { Engine } from './engine.ts';
import { type InputState, sent } from './tasks.ts';

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
    const { config, transport } = this.#engine;
    const { consumer } = transport;
    while (this.#engine.active) {
      await this.#letCommitsCatchUp();
      let batches = this.#routable(await consumer.poll(config.pollMs));
      if (config.processingGuarantee === 'at_most_once') batches = await this.#commitBeforeProcessing(batches);
      for (const batch of batches) this.#route(batch);
      for (const end of consumer.takeCaughtUp()) this.#routeCaughtUp(end);
      this.#engine.applyBackPressure();
    }
  }

  /** Rests instead of pausing partitions, which would throw away what the client has fetched. */
  async #letCommitsCatchUp(): Promise<void> {
    const untilMs = performance.now() + REST_MAX_MS;
    while (this.#engine.active && this.#engine.commitOverdue && performance.now() < untilMs) await sleep(REST_MS);
  }

  #routable(batches: readonly FetchedBatch[]): FetchedBatch[] {
    return batches.filter((batch) => {
      if (this.#isRoutable(batch)) return true;
      batch.release?.();
      return false;
    });
  }

  /** Batches of partitions that were given up, or that lie before where we stand, are stale: they are fetched again. */
  #isRoutable(batch: FetchedBatch): boolean {
    const routed = this.#engine.tasks.route(batch.topic, batch.partition);
    if (routed === undefined) return false;
    const taken = routed.task.state === 'running' && !this.#engine.held;
    if (!taken) routed.input.missed = true;
    return taken && batch.nextOffset > routed.input.routed;
  }

  /** Returns what may be processed: all of it or, when the commit failed, nothing. */
  async #commitBeforeProcessing(batches: readonly FetchedBatch[]): Promise<FetchedBatch[]> {
    if (batches.length === 0) return [];
    const { tasks, transport, hooks } = this.#engine;
    const next = new Map<InputState, TopicPartitionOffset>();
    for (const { topic, partition, nextOffset: offset } of batches) {
      const input = tasks.route(topic, partition)?.input;
      if (input !== undefined) next.set(input, { topic, partition, offset, metadata: encodeCommitMetadata(input.partitionTimeMs) });
    }
    try {
      await transport.consumer.commit([...next.values()]);
    } catch (error) {
      if (!isMillraceError(error) || error.fatal) throw error;
      // A rebalance, mostly, which makes progress only if we go on polling.
      hooks.log('warn', `Offsets could not be committed before processing; the records are read again: ${error.message}`);
      await this.#readAgain([...next.keys()]);
      return [];
    }
    for (const [input, { offset }] of next) input.committed = offset;
    return this.#routable(batches);
  }

  async #readAgain(inputs: readonly InputState[]): Promise<void> {
    for (const { topic, partition, routed } of inputs) {
      try {
        await this.#engine.transport.consumer.seek({ topic, partition, offset: routed });
      } catch (error) {
        // Not assigned any more: whoever gets it starts at the committed offset anyway.
        if (!isMillraceError(error) || (error.code !== 'INVALID_STATE' && !error.retriable)) throw error;
      }
    }
  }

  #route(batch: FetchedBatch): void {
    const { topic, partition, bytes, recordCount, nextOffset, release } = batch;
    const routed = this.#engine.tasks.route(topic, partition);
    if (routed === undefined) return;
    const { task, input } = routed;
    sent(input, batch);
    this.recordsIn += recordCount;
    this.#engine.shards.post(
      task.shard,
      { type: 'batch', taskId: task.id, generation: task.generation, topic, partition, bytes, recordCount, nextOffset },
      release === undefined ? [bytes.buffer as ArrayBuffer] : [],
    );
  }

  /** Kept for a task that does not run yet: the client tells of an end only once. */
  #routeCaughtUp({ topic, partition, offset }: TopicPartitionOffset): void {
    const routed = this.#engine.tasks.route(topic, partition);
    if (routed === undefined) return;
    const { task, input } = routed;
    if (input.missed || input.seeking || this.#engine.held) {
      // Of which position this is the end is not certain: once reading is set back, it is reported again.
      input.missed = true;
      return;
    }
    input.caughtUpAt = offset;
    if (task.state === 'running')
      this.#engine.shards.post(task.shard, { type: 'caughtUp', taskId: task.id, generation: task.generation, topic, partition, offset });
  }
}
