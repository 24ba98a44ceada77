import { MillraceError } from '../../src/errors.ts';
import type { OutputBatch, TopicPartition, TopicPartitionOffset } from '../../src/transport/transport.ts';
import { FakeGroup } from './fake-group.ts';
import { FakeLog, type LogTransaction } from './fake-log.ts';
import { Faults } from './faults.ts';
import { Random } from './random.ts';

/** A transaction with what it will do when it is decided. */
export interface FakeTransaction extends LogTransaction {
  readonly logs: Set<FakeLog>;
  readonly offsets: TopicPartitionOffset[];
  readonly timer: NodeJS.Timeout;
}

/** What the cluster knows of a transactional id. */
interface ProducerState {
  epoch: number;
  open: FakeTransaction | undefined;
}

export interface FakeClusterOptions {
  readonly seed?: number;
  readonly sessionTimeoutMs?: number;
  readonly transactionTimeoutMs?: number;
}

/** An in-memory cluster with one consumer group: what {@link FakeTransport} is a client of. */
export class FakeCluster {
  readonly random: Random;
  readonly faults: Faults;
  readonly group: FakeGroup;
  readonly #topics = new Map<string, FakeLog[]>();
  readonly #producers = new Map<string, ProducerState>();
  readonly #transactionTimeoutMs: number;
  /** Polls that wait for something to read. */
  readonly #waiting = new Set<() => void>();

  constructor({ seed = 1, sessionTimeoutMs = 2_000, transactionTimeoutMs = 1_000 }: FakeClusterOptions = {}) {
    this.random = new Random(seed);
    this.faults = new Faults(new Random(seed ^ 0x5bd1e995));
    this.group = new FakeGroup(new Random(seed ^ 0x2545f491), (topic) => this.partitions(topic) ?? 0, sessionTimeoutMs);
    this.#transactionTimeoutMs = transactionTimeoutMs;
  }

  // --- topics -------------------------------------------------------------------------------------------------------

  createTopic(topic: string, partitions: number): boolean {
    if (this.#topics.has(topic)) return false;
    this.#topics.set(
      topic,
      Array.from({ length: partitions }, () => new FakeLog()),
    );
    return true;
  }

  get topics(): string[] {
    return [...this.#topics.keys()];
  }

  /** Undefined where there is no such topic. */
  partitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.length;
  }

  log({ topic, partition }: TopicPartition): FakeLog {
    const log = this.#topics.get(topic)?.[partition];
    if (log === undefined) throw new MillraceError('MISSING_TOPIC', `${topic}-${partition} does not exist.`);
    return log;
  }

  /** Writes outside of transactions. */
  append(batches: readonly OutputBatch[]): void {
    for (const batch of batches) this.log(batch).append(batch.bytes);
    this.wake();
  }

  /** Resolves when something changed, at the latest after `timeoutMs`. */
  change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  // --- transactions -------------------------------------------------------------------------------------------------

  /** Fences earlier producers and ends what they left open; returns the new epoch. */
  initProducer(transactionalId: string): number {
    const state = this.#producers.get(transactionalId) ?? { epoch: -1, open: undefined };
    this.#producers.set(transactionalId, state);
    this.#decide(state, 'aborted');
    return ++state.epoch;
  }

  /** @throws PRODUCER_FENCED for an old epoch. */
  addToTransaction(transactionalId: string, epoch: number, batches: readonly OutputBatch[]): void {
    const transaction = this.#transaction(transactionalId, epoch);
    for (const batch of batches) {
      const log = this.log(batch);
      log.append(batch.bytes, transaction);
      transaction.logs.add(log);
    }
  }

  addOffsets(transactionalId: string, epoch: number, offsets: readonly TopicPartitionOffset[]): void {
    const transaction = this.#transaction(transactionalId, epoch);
    transaction.offsets.push(...offsets);
    this.group.addPending(offsets, 1);
  }

  endTransaction(transactionalId: string, epoch: number, outcome: 'committed' | 'aborted'): void {
    this.#decide(this.#producer(transactionalId, epoch), outcome);
  }

  #producer(transactionalId: string, epoch: number): ProducerState {
    const state = this.#producers.get(transactionalId);
    if (state !== undefined && state.epoch === epoch) return state;
    throw new MillraceError('PRODUCER_FENCED', `Producer epoch ${epoch} of ${transactionalId} is not ${state?.epoch}.`, { fatal: true });
  }

  #transaction(transactionalId: string, epoch: number): FakeTransaction {
    const state = this.#producer(transactionalId, epoch);
    if (state.open === undefined) {
      // As the broker does to transactions of the dead: the epoch goes up, so that who comes back late is fenced.
      const timer = setTimeout(() => this.initProducer(transactionalId), this.#transactionTimeoutMs);
      state.open = { state: 'open', logs: new Set(), offsets: [], timer: timer.unref() };
    }
    return state.open;
  }

  #decide(state: ProducerState, outcome: 'committed' | 'aborted'): void {
    const transaction = state.open;
    if (transaction === undefined) return;
    state.open = undefined;
    clearTimeout(transaction.timer);
    transaction.state = outcome;
    for (const log of transaction.logs) log.appendMarker();
    this.group.addPending(transaction.offsets, -1);
    if (outcome === 'committed') this.group.store(transaction.offsets);
    this.wake();
  }
}
