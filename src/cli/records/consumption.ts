import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';
import { BatchFetcher, type FetchedRecords, type KafkaClient, type TopicPartition } from '../../client/index.ts';
import { partitionKey } from '../../client/topic-partition.ts';
import { isMillraceError } from '../../errors.ts';
import type { ConsumePlan } from '../consume-settings.ts';
import type { Chunk } from './kcat-format.ts';
import { recordsOf } from './read-records.ts';
import { type PartitionOffset, resolveOffsets } from './start-offsets.ts';
import { StdoutSink } from './stdout-sink.ts';
import type { ConsumedRecord } from './types.ts';

export interface ConsumptionOptions {
  readonly plan: ConsumePlan;
  readonly write: (record: ConsumedRecord, out: Chunk[]) => void;
  readonly skipErrors: boolean;
  readonly signal: AbortSignal;
}

/** Between two polls partitions may come and go. */
const POLL_MS = 500;
const POLL_RECORDS = 10_000;
const NOTHING: readonly FetchedRecords[] = [];
const NEVER = Number.POSITIVE_INFINITY;

/** A partition that is being read. */
interface Reading extends TopicPartition {
  /** What is on stdout ends before this offset. */
  offset: number;
  /** Where it ends, if it does. */
  readonly end: number;
  /** Somebody else will read it: nothing more is shown. */
  revoked: boolean;
}

/** Reads assigned partitions to stdout until the plan, the signal or the lack of records says that it is enough. */
export class Consumption {
  records = 0;
  /** True when it ended for lack of records. */
  idle = false;
  readonly #client: KafkaClient;
  readonly #options: ConsumptionOptions;
  readonly #fetcher: BatchFetcher;
  readonly #sink: StdoutSink;
  readonly #readings = new Map<string, Reading>();
  /** Aborted by the user or by {@link Consumption.stop}. */
  readonly #signal: AbortSignal;
  readonly #stopping = new AbortController();
  #delivering: Promise<void> | undefined;
  /** Grows with every change of what is read; records polled before are not current. */
  #generation = 0;
  #begun = false;
  #lastRecordMs = performance.now();

  constructor(client: KafkaClient, options: ConsumptionOptions) {
    this.#client = client;
    this.#options = options;
    this.#fetcher = new BatchFetcher(client, options.plan.fetching);
    this.#signal = AbortSignal.any([options.signal, this.#stopping.signal]);
    this.#sink = new StdoutSink(this.#signal);
  }

  /** Begins to read partitions at the given offsets. */
  async add(partitions: readonly PartitionOffset[]): Promise<void> {
    const { exit, until, fetching } = this.#options.plan;
    const bounded = exit || until !== undefined;
    const ends = bounded ? await resolveOffsets(this.#client, partitions, until ?? { at: 'end' }, fetching.readCommitted) : [];
    const endOf = new Map(ends.map((each) => [partitionKey(each), each.offset]));
    await this.#quiet();
    for (const { topic, partition, offset } of partitions) {
      const key = partitionKey({ topic, partition });
      this.#readings.set(key, { topic, partition, offset, end: endOf.get(key) ?? NEVER, revoked: false });
    }
    this.#begun = true;
    this.#assign();
  }

  /** Stops reading partitions, once what is being written is written; `before` they are forgotten, offsets can be committed. */
  async remove(partitions: readonly TopicPartition[], before: () => Promise<void> = async () => undefined): Promise<void> {
    for (const partition of partitions) {
      const reading = this.#readings.get(partitionKey(partition));
      if (reading !== undefined) reading.revoked = true;
    }
    await this.#quiet();
    await before();
    await this.#quiet();
    for (const partition of partitions) this.#readings.delete(partitionKey(partition));
    this.#assign();
  }

  /**
   * What was written to stdout, as offsets to commit. A group's place is kept also where it read nothing, as in Kafka: else
   * it would begin at the end once more.
   */
  delivered(): PartitionOffset[] {
    return [...this.#readings.values()].map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  /** Rejects with what reading or showing fails with. */
  async run(): Promise<void> {
    const signal = this.#signal;
    const { idleMs } = this.#options.plan;
    const stopped = new Promise<readonly FetchedRecords[]>((resolve) => {
      signal.addEventListener('abort', () => resolve(NOTHING), { once: true });
    });
    const ends = [stopped, ...(idleMs === undefined ? [] : [this.#untilIdle(idleMs)])];
    try {
      while (!signal.aborted && !this.#isDone()) {
        const generation = this.#generation;
        const fetched = await Promise.race([this.#fetcher.poll(POLL_MS, POLL_RECORDS), ...ends]);
        if (fetched === NOTHING) break;
        if (generation !== this.#generation) {
          // Nobody can tell whether these were fetched before or after the change, so they are fetched again.
          this.#assign();
          continue;
        }
        this.#delivering = this.#deliver(fetched).finally(() => {
          this.#delivering = undefined;
        });
        await this.#delivering;
      }
    } finally {
      this.#fetcher.close();
    }
  }

  /** Ends {@link Consumption.run}, where something else has failed. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves when nothing is being delivered; what follows at once may change what is read. */
  async #quiet(): Promise<void> {
    while (this.#delivering !== undefined) await this.#delivering;
  }

  /** Those that have more to read, from where they are. */
  #assign(): void {
    this.#generation++;
    this.#fetcher.assign([...this.#readings.values()].filter(({ offset, end }) => offset < end));
  }

  #isDone(): boolean {
    if (this.records >= this.#options.plan.maxMessages) return true;
    return this.#begun && this.#isBounded() && [...this.#readings.values()].every(({ offset, end }) => offset >= end);
  }

  #isBounded(): boolean {
    const { exit, until } = this.#options.plan;
    return exit || until !== undefined;
  }

  /** Resolves when no record has come for so long. Does not keep the process alive. */
  async #untilIdle(idleMs: number): Promise<readonly FetchedRecords[]> {
    for (;;) {
      const leftMs = this.#lastRecordMs + idleMs - performance.now();
      if (leftMs <= 0) break;
      await sleep(leftMs, undefined, { ref: false });
    }
    this.idle = true;
    return NOTHING;
  }

  async #deliver(fetched: readonly FetchedRecords[]): Promise<void> {
    for (const one of fetched) {
      const reading = this.#readings.get(partitionKey(one));
      if (reading === undefined || reading.revoked) continue;
      await this.#deliverRecords(one, reading);
      if (this.records >= this.#options.plan.maxMessages) break;
    }
    await this.#sink.flush();
    if (this.records < this.#options.plan.maxMessages) this.#passOver();
  }

  async #deliverRecords(fetched: FetchedRecords, reading: Reading): Promise<void> {
    const { maxMessages } = this.#options.plan;
    this.#lastRecordMs = performance.now();
    for (const record of recordsOf(fetched)) {
      if (record.offset >= reading.end) break;
      const full = this.#show(record);
      if (full !== undefined) await full;
      this.records++;
      if (this.records < maxMessages) continue;
      reading.offset = record.offset + 1;
      return;
    }
    reading.offset = Math.min(fetched.nextOffset, reading.end);
  }

  /** What readers do not see, such as markers and aborted records, is read when the fetcher has passed it. */
  #passOver(): void {
    for (const reading of this.#readings.values()) {
      if (reading.revoked || reading.offset >= reading.end) continue;
      reading.offset = Math.min(Math.max(reading.offset, this.#fetcher.position(reading.topic, reading.partition)), reading.end);
      if (reading.offset >= reading.end) this.#fetcher.pause([reading]);
    }
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
