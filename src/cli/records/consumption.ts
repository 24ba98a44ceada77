import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';
import type { KafkaClient } from '../../client/index.ts';
import { partitionKey, type TopicPartition } from '../../client/topic-partition.ts';
import { isMillraceError } from '../../errors.ts';
import type { ConsumePlan } from '../consume-settings.ts';
import { type Fetched, Fetcher, type PartitionOffset } from './fetcher.ts';
import type { Chunk } from './kcat-format.ts';
import { recordsOf } from './read-records.ts';
import { resolveOffsets } from './start-offsets.ts';
import { StdoutSink } from './stdout-sink.ts';
import type { ConsumedRecord } from './types.ts';

export interface ConsumptionOptions {
  readonly plan: ConsumePlan;
  readonly write: (record: ConsumedRecord, out: Chunk[]) => void;
  readonly skipErrors: boolean;
  readonly signal: AbortSignal;
}

const NOTHING: readonly Fetched[] = [];

/** Reads assigned partitions to stdout until the plan, the signal or the lack of records says that it is enough. */
export class Consumption {
  records = 0;
  /** True when it ended for lack of records. */
  idle = false;
  readonly #client: KafkaClient;
  readonly #options: ConsumptionOptions;
  readonly #fetcher: Fetcher;
  readonly #sink: StdoutSink;
  /** Where partitions end, if they do. */
  readonly #ends = new Map<string, number>();
  /** What is on stdout: the next offset of each partition. */
  readonly #delivered = new Map<string, PartitionOffset>();
  /** Partitions come and go only between two deliveries. */
  #delivering: Promise<void> = Promise.resolve();
  /** Aborted by the user or by {@link Consumption.stop}. */
  readonly #signal: AbortSignal;
  readonly #stopping = new AbortController();
  #open = new Set<string>();
  #begun = false;
  #lastRecordMs = performance.now();

  constructor(client: KafkaClient, options: ConsumptionOptions) {
    this.#client = client;
    this.#options = options;
    this.#fetcher = new Fetcher(client, options.plan.fetching);
    this.#signal = AbortSignal.any([options.signal, this.#stopping.signal]);
    this.#sink = new StdoutSink(this.#signal);
  }

  /** Begins to read partitions at the given offsets. */
  async add(partitions: readonly PartitionOffset[]): Promise<void> {
    const { plan } = this.#options;
    if (plan.exit || plan.until !== undefined) {
      const ends = await resolveOffsets(this.#client, partitions, plan.until ?? { at: 'end' }, plan.fetching.readCommitted);
      for (const end of ends) this.#ends.set(partitionKey(end), end.offset);
    }
    for (const partition of partitions) {
      const key = partitionKey(partition);
      // A group's place is kept also where it read nothing, as in Kafka: else it would begin at the end once more.
      this.#delivered.set(key, partition);
      if (partition.offset >= (this.#ends.get(key) ?? Number.POSITIVE_INFINITY)) continue;
      this.#open.add(key);
      this.#fetcher.assign([partition]);
    }
    this.#begun = true;
  }

  /** Stops reading partitions, once what is being written is written; `before` they are forgotten, offsets can be committed. */
  async remove(partitions: readonly TopicPartition[], before: () => Promise<void> = async () => undefined): Promise<void> {
    this.#fetcher.unassign(partitions);
    await this.#delivering;
    await before();
    for (const partition of partitions) {
      const key = partitionKey(partition);
      this.#open.delete(key);
      this.#ends.delete(key);
      this.#delivered.delete(key);
    }
  }

  /** What was written to stdout, as offsets to commit. */
  delivered(): PartitionOffset[] {
    return [...this.#delivered.values()];
  }

  /** Rejects with what reading or showing fails with. */
  async run(): Promise<void> {
    const signal = this.#signal;
    const { plan } = this.#options;
    const stopped = new Promise<readonly Fetched[]>((resolve) => signal.addEventListener('abort', () => resolve(NOTHING), { once: true }));
    const ends = [stopped, ...(plan.idleMs === undefined ? [] : [this.#untilIdle(plan.idleMs)])];
    let next = this.#poll();
    while (!signal.aborted && !this.#isDone()) {
      const fetched = await Promise.race([next, ...ends]);
      if (fetched === NOTHING) break;
      next = this.#poll();
      this.#delivering = this.#deliver(fetched);
      await this.#delivering;
    }
    next.catch(() => undefined);
  }

  /** Ends {@link Consumption.run}, where something else has failed. */
  stop(): void {
    this.#stopping.abort();
  }

  #poll(): Promise<readonly Fetched[]> {
    const fetched = this.#fetcher.poll();
    // Its error is told when its turn comes.
    fetched.catch(() => undefined);
    return fetched;
  }

  #isDone(): boolean {
    if (this.records >= this.#options.plan.maxMessages) return true;
    return this.#begun && (this.#options.plan.exit || this.#options.plan.until !== undefined) && this.#open.size === 0;
  }

  /** Resolves when no record has come for so long. Does not keep the process alive. */
  async #untilIdle(idleMs: number): Promise<readonly Fetched[]> {
    for (;;) {
      const leftMs = this.#lastRecordMs + idleMs - performance.now();
      if (leftMs <= 0) break;
      await sleep(leftMs, undefined, { ref: false });
    }
    this.idle = true;
    return NOTHING;
  }

  async #deliver(fetched: readonly Fetched[]): Promise<void> {
    for (const one of fetched) {
      const { topic, partition } = one;
      if (!this.#fetcher.isAssigned(topic, partition)) continue;
      await this.#deliverPartition(one);
      if (this.records >= this.#options.plan.maxMessages) break;
    }
    await this.#sink.flush();
  }

  async #deliverPartition(fetched: Fetched): Promise<void> {
    const { topic, partition, nextOffset } = fetched;
    const key = partitionKey(fetched);
    const end = this.#ends.get(key) ?? Number.POSITIVE_INFINITY;
    const { maxMessages } = this.#options.plan;
    let reached = nextOffset;
    for (const record of recordsOf(fetched)) {
      if (record.offset >= end) break;
      const full = this.#show(record);
      if (full !== undefined) await full;
      this.records++;
      if (this.records < maxMessages) continue;
      reached = record.offset + 1;
      break;
    }
    if (fetched.records.length > 0) this.#lastRecordMs = performance.now();
    this.#delivered.set(key, { topic, partition, offset: Math.min(reached, end) });
    if (reached < end) return;
    this.#open.delete(key);
    this.#fetcher.unassign([fetched]);
  }

  #show(record: ConsumedRecord): Promise<void> | undefined {
    const { chunks } = this.#sink;
    const first = chunks.length;
    try {
      this.#options.write(record, chunks);
    } catch (error) {
      chunks.length = first;
      if (!this.#options.skipErrors || !isMillraceError(error)) throw error;
      process.stderr.write(`${pc.yellow('skipped')} ${error.message}\n`);
    }
    return this.#sink.wrote(first);
  }
}
