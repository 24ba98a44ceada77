import { MillraceError } from '../../src/errors.ts';
import type { FetchedBatch, TopicPartition, TopicPartitionOffset } from '../../src/transport/transport.ts';
import type { FakeCluster } from './fake-cluster.ts';

interface Reading extends TopicPartition {
  position: number;
  paused: boolean;
  /** End that was reported last. */
  reportedEnd: number;
}

const BATCHES_PER_POLL_MAX = 8;

/** Reads assigned partitions: the part that the group's consumer and readers share. */
export class FakeReading {
  readonly #cluster: FakeCluster;
  readonly #readings = new Map<string, Reading>();
  #caughtUp: TopicPartitionOffset[] = [];
  /** Polls and changes of what is read take turns, as with a client that polls on another thread. */
  #turn: Promise<void> = Promise.resolve();
  closed = false;

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
  }

  assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    this.#readings.clear();
    this.#caughtUp = [];
    return this.#inTurn(async () => {
      this.#readings.clear();
      this.#caughtUp = [];
      for (const { topic, partition, offset } of partitions) {
        if (!Number.isSafeInteger(offset) || offset < 0)
          throw new MillraceError('INTERNAL', `Assigned ${topic}-${partition} at ${offset}.`);
        this.#readings.set(`${topic}-${partition}`, { topic, partition, position: offset, paused: false, reportedEnd: -1 });
      }
    });
  }

  unassign(): void {
    this.#readings.clear();
    this.#caughtUp = [];
  }

  poll(timeoutMs: number): Promise<FetchedBatch[]> {
    return this.#inTurn(async () => {
      const untilMs = performance.now() + timeoutMs;
      for (;;) {
        if (this.closed) return [];
        const batches = this.#take();
        const leftMs = untilMs - performance.now();
        if (batches.length > 0 || leftMs <= 0) return batches;
        // Whatever is paused, sought or assigned meanwhile counts when the wait is over.
        await this.#cluster.change(Math.min(leftMs, 20));
      }
    });
  }

  takeCaughtUp(): TopicPartitionOffset[] {
    const taken = this.#caughtUp;
    this.#caughtUp = [];
    return taken;
  }

  setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const { topic, partition } of partitions) {
      const reading = this.#readings.get(`${topic}-${partition}`);
      if (reading !== undefined) reading.paused = paused;
    }
  }

  async seek({ topic, partition, offset }: TopicPartitionOffset): Promise<void> {
    await this.#inTurn(async () => {
      const reading = this.#readings.get(`${topic}-${partition}`);
      if (reading === undefined) throw new MillraceError('INVALID_STATE', `Cannot seek ${topic}-${partition}: it is not assigned.`);
      reading.position = offset;
      reading.reportedEnd = -1;
      this.#caughtUp = this.#caughtUp.filter((end) => end.topic !== topic || end.partition !== partition);
    });
  }

  position({ topic, partition }: TopicPartition): number {
    const reading = this.#readings.get(`${topic}-${partition}`);
    if (reading === undefined) throw new MillraceError('INVALID_STATE', `${topic}-${partition} is not assigned.`);
    return reading.position;
  }

  #take(): FetchedBatch[] {
    const batches: FetchedBatch[] = [];
    for (const reading of this.#cluster.random.shuffled([...this.#readings.values()])) {
      if (reading.paused) continue;
      const log = this.#cluster.log(reading);
      const { topic, partition } = reading;
      for (let left = this.#cluster.random.below(4); left > 0 && batches.length < BATCHES_PER_POLL_MAX; left--) {
        const found = log.read(reading.position);
        if (found === undefined) break;
        reading.position = found.nextOffset;
        const { firstOffset, nextOffset, recordCount, bytes } = found;
        batches.push({ topic, partition, firstOffset, nextOffset, recordCount, bytes });
      }
      this.#noteEnd(reading);
    }
    return batches;
  }

  /** Told once of every end, as librdkafka does. */
  #noteEnd(reading: Reading): void {
    const { topic, partition } = reading;
    const log = this.#cluster.log(reading);
    if (log.read(reading.position) !== undefined) return;
    const end = Math.max(log.stableOffset, reading.position);
    reading.position = end;
    if (end === reading.reportedEnd) return;
    reading.reportedEnd = end;
    this.#caughtUp.push({ topic, partition, offset: end });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
