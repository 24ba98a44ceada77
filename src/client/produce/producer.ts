import { isMillraceError, MillraceError } from '../../errors.ts';
import { BATCH_HEADER_BYTES, ErrorCode } from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaCodeOf } from '../errors.ts';
import type { GroupGeneration } from '../group/types.ts';
import type { TopicPartitionOffset } from '../topic-partition.ts';
import { Backlog } from './backlog.ts';
import { type ProducerOptions, type ResolvedProducerOptions, resolveProducerOptions } from './options.ts';
import type { PartitionQueue } from './partition-queue.ts';
import { type Delivered, NOBODY, PendingBatch, type ProducerIdentity, splitBatches } from './pending-batch.ts';
import { Sender } from './sender.ts';
import { TransactionLedger } from './transaction.ts';
import { initIdempotence, TransactionCalls } from './transaction-calls.ts';
import { asTransactionError, needsNewEpoch } from './transaction-errors.ts';

/** Ready-made record batches of one partition, back to back. Producer, sequence and CRC are written into them. */
export interface ProducedBatches {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
  /** CRC-32C of the records, where it is known; only with a single batch. */
  readonly recordsCrc?: number | undefined;
}

const MAX_EPOCH = 0x7fff;
const IGNORE: Delivered = () => undefined;

/**
 * Produces record batches: idempotent by default, transactional with a transactional id. Batches of one partition are
 * written in the order of `send`; those of different partitions, and to different brokers, go out side by side.
 *
 * Errors of transactional calls have `retriable` (make the same call again), `abortable` (abort, then go on) or `fatal`
 * (make another producer).
 */
export class BatchProducer {
  readonly #client: KafkaClient;
  readonly #options: ResolvedProducerOptions;
  readonly #sender: Sender;
  readonly #backlog: Backlog;
  /** Undefined: without transactions. */
  readonly #calls: TransactionCalls | undefined;
  readonly #ledger = new TransactionLedger();
  #adding = false;
  #gettingIdentity = false;
  /** First batch that was refused since the last flush; only without transactions. */
  #refused: MillraceError | undefined;
  #closed = false;

  /** Throws INVALID_CONFIG. */
  constructor(client: KafkaClient, options: ProducerOptions = {}) {
    this.#client = client;
    this.#options = resolveProducerOptions(options, client.options.requestTimeoutMs);
    this.#backlog = new Backlog(this.#options.maxBufferedBytes);
    const { transactionalId, transactionTimeoutMs } = this.#options;
    this.#calls = transactionalId === undefined ? undefined : new TransactionCalls(client, transactionalId, transactionTimeoutMs);
    this.#sender = new Sender(client, this.#options, {
      identity: () => this.#identity(),
      // With protocol 2 brokers insist on 0 as the first number (KIP-890).
      oneFirst: () => this.#options.idempotent && (this.#calls === undefined || this.#ledger.protocol === 1),
      mayWrite: (queue) => this.#mayWrite(queue),
      addsPartition: ({ name }) => this.#calls !== undefined && this.#ledger.protocol === 2 && !this.#ledger.added.has(name),
      onWritten: ({ name }) => {
        if (this.#calls !== undefined) this.#ledger.added.add(name);
      },
      versions: () => (this.#calls === undefined ? {} : TransactionCalls.produceVersions(this.#ledger.protocol)),
      onRefused: (_batch, queue, error, uncertain) => this.#onRefused(queue, error, uncertain),
      onRenumber: () => this.#onSettled(),
      onSettled: (batch) => {
        this.#backlog.remove(batch.bytes.length);
        this.#onSettled();
      },
    });
  }

  /** Bytes queued and not acknowledged. */
  get bufferedBytes(): number {
    return this.#backlog.bytes;
  }

  /**
   * Queues batches; resolves when they are queued, which waits for room. The buffers are the producer's from here on.
   * `delivered` is told once per batch. Rejects with RECORD_TOO_LARGE above `maxRequestBytes`, QUEUE_FULL after `deliveryTimeoutMs` without room, and with what
   * stands in the way of the transaction.
   */
  async send({ topic, partition, bytes, recordsCrc }: ProducedBatches, delivered: Delivered = IGNORE): Promise<void> {
    const batches = splitBatches(topic, partition, bytes);
    for (const batch of batches) {
      const deadlineMs = performance.now() + this.#options.deliveryTimeoutMs;
      this.#checkMaySend();
      if (batch.length > this.#options.maxRequestBytes + BATCH_HEADER_BYTES) throw this.#tooLarge(topic, partition, batch.length);
      while (!this.#backlog.hasRoom(batch.length)) {
        if (!(await this.#backlog.changed(deadlineMs))) throw this.#full(topic, partition);
        this.#checkMaySend();
      }
      this.#backlog.add(batch.length);
      const sendBeforeMs = performance.now() + this.#options.deliveryTimeoutMs;
      this.#sender.enqueue(
        topic,
        partition,
        new PendingBatch(batch, sendBeforeMs, delivered, batches.length === 1 ? recordsCrc : undefined),
      );
    }
    this.#sender.pump();
  }

  /** Waits until everything sent is acknowledged. Rejects with PRODUCTION_FAILED when a batch was refused since the last flush, TIMEOUT. */
  async flush(timeoutMs: number): Promise<void> {
    await this.#settled(timeoutMs, 'Flushing');
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined) throw refused;
  }

  /** Once, before the first transaction: fences older producers with the same id and ends what they left open. */
  async initTransactions(timeoutMs: number): Promise<void> {
    const calls = this.#transactional('Initialising transactions');
    this.#ledger.expect('Initialising transactions', 'new');
    await this.#guarded(async () => {
      this.#ledger.identity = await calls.init(NOBODY, timeoutMs);
      this.#ledger.protocol = await calls.protocol();
      this.#ledger.finish();
    });
  }

  /** Opens a transaction; the cluster hears of it with the first batch or offset. */
  async begin(): Promise<void> {
    const calls = this.#transactional('Beginning a transaction');
    this.#ledger.expect('Beginning a transaction', 'ready');
    // Brokers may have been upgraded: what connections were told last counts.
    await this.#guarded(async () => {
      this.#ledger.protocol = await calls.protocol();
    });
    this.#ledger.state = 'open';
  }

  /**
   * Makes a group's offsets part of the transaction. `generation` is that of when the records were read: when the group has
   * moved on since, it rejects with TASK_MIGRATED, abortable (KIP-447).
   */
  async sendOffsets(offsets: readonly TopicPartitionOffset[], generation: GroupGeneration): Promise<void> {
    const calls = this.#transactional('Sending offsets');
    const ledger = this.#ledger;
    ledger.expect('Sending offsets', 'open');
    ledger.checkMayCommit();
    if (offsets.length === 0) return;
    ledger.started = true;
    const { transactionTimeoutMs } = this.#options;
    await this.#guarded(async () => {
      if (ledger.protocol === 1 && !ledger.groups.has(generation.groupId)) {
        await calls.addGroup(ledger.identity, generation.groupId, transactionTimeoutMs);
        ledger.groups.add(generation.groupId);
      }
      const commit = (): Promise<void> => calls.commitOffsets(ledger.protocol, ledger.identity, offsets, generation, transactionTimeoutMs);
      await (ledger.protocol === 2 ? this.#sender.withoutAdditions(commit) : commit());
    });
  }

  /** Waits for all batches, then commits. After a retriable error the same call may be made again. */
  async commit(): Promise<void> {
    const calls = this.#transactional('Committing');
    const ledger = this.#ledger;
    ledger.expect('Committing', 'open', 'committing');
    await this.#guarded(async () => {
      ledger.checkMayCommit();
      await this.#settled(this.#options.transactionTimeoutMs, 'Committing');
      ledger.checkMayCommit();
      ledger.state = 'committing';
      if (ledger.started) this.#takeIdentity(await calls.end(ledger.protocol, ledger.identity, true, this.#options.transactionTimeoutMs));
      ledger.finish();
    });
  }

  /** Drops what is queued, waits for what is under way, then aborts. After a retriable error the same call may be made again. */
  async abort(): Promise<void> {
    const calls = this.#transactional('Aborting');
    const ledger = this.#ledger;
    ledger.expect('Aborting', 'open', 'committing', 'aborting');
    ledger.state = 'aborting';
    if (this.#sender.giveUp(new MillraceError('TRANSACTION_ABORTABLE', 'The transaction was aborted.', { abortable: true })))
      ledger.needsNewEpoch = true;
    await this.#guarded(async () => {
      await this.#settled(this.#options.requestTimeoutMs + this.#options.transactionTimeoutMs, 'Aborting');
      const { transactionTimeoutMs } = this.#options;
      if (ledger.started) {
        this.#takeIdentity(await calls.end(ledger.protocol, ledger.identity, false, transactionTimeoutMs));
        ledger.started = false;
      }
      if (ledger.needsNewEpoch) this.#takeIdentity(await calls.init(ledger.identity, transactionTimeoutMs));
      ledger.finish();
      this.#sender.resume();
    });
  }

  /** Gives up what is still queued: flush or commit first. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sender.close(new MillraceError('INVALID_STATE', 'The producer was closed before the batch was acknowledged.'));
    this.#backlog.wake();
  }

  #identity(): ProducerIdentity | undefined {
    const { identity, state, obstacle, needsNewEpoch: renew } = this.#ledger;
    if (!this.#options.idempotent) return NOBODY;
    if (this.#calls !== undefined) return state === 'open' && obstacle === undefined ? identity : undefined;
    if (identity !== NOBODY && !renew) return identity;
    void this.#getIdentity();
    return undefined;
  }

  /** Without transactions a new epoch needs nobody's leave; but nothing of the old one may be open. */
  async #getIdentity(): Promise<void> {
    const ledger = this.#ledger;
    if (this.#gettingIdentity || !this.#sender.isSettled || this.#closed) return;
    this.#gettingIdentity = true;
    try {
      const { id, epoch } = ledger.identity;
      if (id >= 0 && epoch < MAX_EPOCH) ledger.identity = { id, epoch: epoch + 1 };
      else ledger.identity = await initIdempotence(this.#client, this.#options.deliveryTimeoutMs);
      ledger.needsNewEpoch = false;
      this.#sender.resetSequences();
    } catch (error) {
      const failure = isMillraceError(error) ? error : new MillraceError('INTERNAL', String(error), { cause: error });
      this.#sender.refuseAll(failure);
    } finally {
      this.#gettingIdentity = false;
    }
    this.#sender.resume();
  }

  /** With protocol 1 the coordinator has to know a partition before it is written to. */
  #mayWrite({ topic, partition, name }: PartitionQueue): boolean {
    const ledger = this.#ledger;
    if (this.#calls === undefined || ledger.added.has(name)) return true;
    if (ledger.protocol === 2) {
      ledger.started = true;
      return true;
    }
    ledger.toAdd.set(name, { topic, partition });
    // Those that come up in the same turn go together.
    if (!this.#adding) {
      this.#adding = true;
      queueMicrotask(() => void this.#addPartitions());
    }
    return false;
  }

  async #addPartitions(): Promise<void> {
    const calls = this.#transactional('Adding partitions');
    const ledger = this.#ledger;
    try {
      while (ledger.toAdd.size > 0 && ledger.state === 'open' && ledger.obstacle === undefined) {
        const adding = [...ledger.toAdd];
        await calls.addPartitions(
          ledger.identity,
          adding.map(([, partition]) => partition),
          this.#options.deliveryTimeoutMs,
        );
        ledger.started = true;
        for (const [name] of adding) {
          ledger.added.add(name);
          ledger.toAdd.delete(name);
        }
      }
    } catch (error) {
      const failure = asTransactionError(error, 'Adding partitions', this.#options.transactionalId ?? '');
      // Without an answer they may have been added.
      if (failure.retriable) ledger.started = true;
      this.#fail(failure);
    } finally {
      this.#adding = false;
    }
    this.#sender.pump();
  }

  #onRefused(queue: PartitionQueue, error: MillraceError, uncertain: boolean): void {
    const ledger = this.#ledger;
    if (this.#calls === undefined) {
      ledger.needsNewEpoch = this.#options.idempotent;
      const { topic, partition } = queue;
      this.#refused ??= new MillraceError('PRODUCTION_FAILED', error.message, {
        cause: error,
        retriable: error.retriable || error.code === 'TIMEOUT',
        context: { ...error.context, topic, partition },
      });
      return;
    }
    // With the sequence number gone, or not certain, no other batch of this epoch can follow.
    if (uncertain || ledger.protocol === 1) ledger.needsNewEpoch = true;
    const code = kafkaCodeOf(error);
    // An abort would be refused for the same reason.
    const fatal = code === ErrorCode.PRODUCER_FENCED || code === ErrorCode.INVALID_PRODUCER_EPOCH;
    this.#fail(new MillraceError(error.code, error.message, { cause: error, abortable: !fatal, fatal, context: error.context }));
  }

  #onSettled(): void {
    if (this.#ledger.needsNewEpoch && this.#calls === undefined) void this.#getIdentity();
  }

  /** What can only be aborted: nothing more of it goes out. */
  #fail(error: MillraceError): void {
    const ledger = this.#ledger;
    if (ledger.state === 'aborting' && !error.fatal) return;
    const failure =
      error.fatal || error.abortable
        ? error
        : new MillraceError(error.code, error.message, { cause: error, abortable: true, context: error.context });
    ledger.fail(failure);
    if (needsNewEpoch(failure)) ledger.needsNewEpoch = true;
    if (this.#sender.giveUp(failure)) ledger.needsNewEpoch = true;
    this.#backlog.wake();
  }

  /** A transactional step: its error is kept, as it decides what may follow. */
  async #guarded(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      const failure = isMillraceError(error) ? error : asTransactionError(error, 'A transaction', this.#options.transactionalId ?? '');
      if (failure.fatal || failure.abortable) this.#fail(failure);
      throw failure;
    }
  }

  /** With protocol 2 every transaction has an epoch of its own, and sequence numbers start over. */
  #takeIdentity(identity: ProducerIdentity): void {
    const ledger = this.#ledger;
    if (identity.id === ledger.identity.id && identity.epoch === ledger.identity.epoch) return;
    ledger.identity = identity;
    ledger.needsNewEpoch = false;
    this.#sender.resetSequences();
  }

  async #settled(timeoutMs: number, action: string): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!this.#backlog.isEmpty) {
      if (await this.#backlog.changed(deadlineMs)) continue;
      throw new MillraceError('TIMEOUT', `${action}: ${this.#backlog.bytes} bytes were not acknowledged within ${timeoutMs} ms.`, {
        retriable: true,
      });
    }
  }

  #transactional(action: string): TransactionCalls {
    if (this.#closed) throw closed();
    if (this.#calls !== undefined) return this.#calls;
    throw new MillraceError('INVALID_STATE', `${action}: this producer was made without a transactional id.`);
  }

  #checkMaySend(): void {
    if (this.#closed) throw closed();
    if (this.#calls === undefined) return;
    this.#ledger.expect('Sending', 'open');
    this.#ledger.checkMayCommit();
  }

  #tooLarge(topic: string, partition: number, bytes: number): MillraceError {
    return new MillraceError(
      'RECORD_TOO_LARGE',
      `A batch of ${bytes} bytes for ${topic}-${partition} is larger than max.request.size, ${this.#options.maxRequestBytes}. Raise that (and the topic's max.message.bytes), or make the records smaller.`,
      { abortable: this.#calls !== undefined, context: { topic, partition } },
    );
  }

  #full(topic: string, partition: number): MillraceError {
    return new MillraceError(
      'QUEUE_FULL',
      `A batch for ${topic}-${partition} found no room within ${this.#options.deliveryTimeoutMs} ms: ${this.#backlog.bytes} bytes are not acknowledged. Check the brokers, or raise buffer.memory.`,
      { retriable: true, context: { topic, partition } },
    );
  }
}

function closed(): MillraceError {
  return new MillraceError('INVALID_STATE', 'The producer is closed.');
}
