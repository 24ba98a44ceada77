import type { MillraceError } from '../../errors.ts';
import type { NodeInfo } from '../metadata.ts';
import { MAX_IDEMPOTENT_IN_FLIGHT } from './options.ts';
import { NOBODY, type PendingBatch, type ProducerIdentity, sequenceAfter } from './pending-batch.ts';

/** The batches of one partition: those with a sequence number, sent at least once, then those without. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** In the order of their sequence numbers; the oldest first. */
  readonly sent: PendingBatch[] = [];
  readonly waiting: PendingBatch[] = [];
  nextSequence = 0;
  leader: { readonly node: NodeInfo; readonly topicId: Buffer } | undefined;
  finding = false;
  /** The broker has taken a batch of this epoch, and so knows what comes next. */
  isKnown = false;
  /** A batch with a sequence number was given up: the broker takes none of those after it. */
  hasGap = false;
  #putBack = 0;
  /** On the clock of `performance.now`: not before. */
  retryAtMs = 0;
  failures = 0;
  /** Why it has no leader. */
  lastError: MillraceError | undefined;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  get isEmpty(): boolean {
    return this.sent.length === 0 && this.waiting.length === 0;
  }

  get inFlight(): number {
    return this.sent.reduce((count, { inFlight }) => count + Number(inFlight), 0);
  }

  /**
   * The batch that may go out now. `oneFirst`: a broker that knows nothing of the producer begins with any number, so the
   * first batch goes alone; were it to get lost, those after it would be taken in its place. Repetitions go one by one and before all others: only then can a batch not get ahead
   * of one before it, which the broker would refuse as out of order.
   */
  candidate(takeNew: boolean, oneFirst: boolean): PendingBatch | undefined {
    const retry = this.sent.find(({ inFlight }) => !inFlight);
    if (retry !== undefined) return this.inFlight === 0 ? retry : undefined;
    const limit = oneFirst && !this.isKnown ? 1 : MAX_IDEMPOTENT_IN_FLIGHT;
    if (!takeNew || this.sent.length >= limit) return undefined;
    return this.waiting[0];
  }

  /** Marks a candidate as under way; one that is new gets its sequence number now. */
  depart(batch: PendingBatch, identity: ProducerIdentity, transactional: boolean): void {
    batch.inFlight = true;
    if (batch !== this.waiting[0]) return;
    this.waiting.shift();
    this.#putBack = 0;
    batch.stamp(identity, this.nextSequence, transactional);
    if (identity !== NOBODY) this.nextSequence = sequenceAfter(this.nextSequence, batch.sequenceCount);
    this.sent.push(batch);
  }

  /** Takes a batch out: it was written, or given up. */
  remove(batch: PendingBatch): void {
    const at = this.sent.indexOf(batch);
    if (at >= 0) this.sent.splice(at, 1);
    else this.waiting.splice(this.waiting.indexOf(batch), 1);
  }

  /** For a batch that was certainly not written: it waits, before those that never were sent, for a new number. */
  putBack(batch: PendingBatch): void {
    this.sent.splice(this.sent.indexOf(batch), 1);
    batch.sequence = -1;
    this.waiting.splice(this.#putBack++, 0, batch);
  }

  /** With a new epoch sequence numbers start over. Nothing may be on its way. */
  resetSequence(): void {
    this.nextSequence = 0;
    this.isKnown = false;
    this.hasGap = false;
  }
}
