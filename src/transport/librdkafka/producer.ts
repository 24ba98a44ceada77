import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { GroupConsumer, OutputBatch, Producer, TopicPartitionOffset, TransportOptions } from '../transport.ts';
import { call } from './call.ts';
import { createClient, ManagedClient } from './client.ts';
import { LibrdkafkaConsumer, nativeOffsets } from './consumer.ts';
import { asMillraceError, asTransactionError, CODE } from './errors.ts';
import type { NativeCallback, NativeModule, NativeProducer } from './native.ts';
import { producerSettings } from './settings.ts';
import { FINISHED, MORE, Unpacker } from './unpack.ts';

/** The main loop gets a turn after so many records: about 4 ms of producing. */
const RECORDS_PER_TURN = 2_000;
const QUEUE_FULL_WAIT_MS = 2;
/** With the queue full and nothing leaving it for this long, the broker is not taking anything any more. */
const QUEUE_FULL_LIMIT_MS = 120_000;
const RETRY_BACKOFF_MS = 20;
/** One attempt of a transactional call; it is repeated while librdkafka calls the failure retriable. */
const ATTEMPT_TIMEOUT_MS = 10_000;

/** Produces records one by one, since the binding takes nothing else; partitions are always explicit. */
export class LibrdkafkaProducer implements Producer {
  readonly #client: ManagedClient<NativeProducer>;
  readonly #options: TransportOptions;
  readonly #unpacker = new Unpacker();
  /** The first record that the broker refused since the last flush; only without transactions. */
  #refused: MillraceError | undefined;

  constructor(module: NativeModule, options: TransportOptions) {
    this.#options = options;
    const native = createClient('producer', (settings) => new module.Producer(settings), producerSettings(options));
    this.#client = new ManagedClient('producer', native, options);
    native.on('delivery-report', (error, report) => {
      if (error === null || error === undefined) return;
      const cause = asMillraceError(error, `Writing to ${report.topic}-${report.partition}`);
      this.#refused ??= new MillraceError('PRODUCTION_FAILED', cause.message, {
        cause,
        retriable: cause.retriable,
        fatal: cause.fatal,
        context: { topic: report.topic, partition: report.partition },
      });
    });
  }

  async connect(timeoutMs: number): Promise<void> {
    await this.#client.connect(timeoutMs);
    // Reports are queued even where nobody wants them; unless they are polled, the queue fills up.
    this.#client.native.setPollInBackground(true);
  }

  initTransactions(timeoutMs: number): Promise<void> {
    return this.#transactional('Initialising transactions', timeoutMs, (attemptMs, done) =>
      this.#client.native.initTransactions(attemptMs, done),
    );
  }

  begin(): Promise<void> {
    return this.#transactional('Beginning a transaction', ATTEMPT_TIMEOUT_MS, (_attemptMs, done) =>
      this.#client.native.beginTransaction(done),
    );
  }

  async send(batches: readonly OutputBatch[]): Promise<void> {
    let sinceTurn = 0;
    for (const batch of batches) {
      this.#checkOpen();
      if (sinceTurn >= RECORDS_PER_TURN) {
        sinceTurn = 0;
        await nextTurn();
      }
      sinceTurn += batch.recordCount;
      await this.#sendBatch(batch);
    }
  }

  async #sendBatch(batch: OutputBatch): Promise<void> {
    const unpacker = this.#unpacker;
    unpacker.start(batch);
    let fullSinceMs = -1;
    for (;;) {
      const outcome = unpacker.produce(this.#client.native.getClient(), RECORDS_PER_TURN);
      if (outcome === FINISHED) return;
      if (outcome === MORE) {
        fullSinceMs = -1;
        await nextTurn();
      } else {
        if (outcome !== CODE.QUEUE_FULL) throw this.#notTaken(outcome, batch);
        if (fullSinceMs < 0) fullSinceMs = performance.now();
        if (performance.now() - fullSinceMs > QUEUE_FULL_LIMIT_MS) throw this.#notTaken(outcome, batch);
        await sleep(QUEUE_FULL_WAIT_MS);
      }
      this.#checkOpen();
    }
  }

  async sendOffsets(offsets: readonly TopicPartitionOffset[], consumer: GroupConsumer): Promise<void> {
    if (!(consumer instanceof LibrdkafkaConsumer)) {
      throw new MillraceError(
        'INVALID_STATE',
        'A transaction of the librdkafka transport takes offsets only with a consumer of the same transport.',
      );
    }
    const positions = nativeOffsets(offsets);
    await this.#transactional('Adding offsets to the transaction', this.#options.transactionTimeoutMs, (attemptMs, done) =>
      this.#client.native.sendOffsetsToTransaction(positions, consumer.native, attemptMs, done),
    );
  }

  commit(): Promise<void> {
    return this.#transactional('Committing the transaction', this.#options.transactionTimeoutMs, (attemptMs, done) =>
      this.#client.native.commitTransaction(attemptMs, done),
    );
  }

  abort(): Promise<void> {
    return this.#transactional('Aborting the transaction', this.#options.transactionTimeoutMs, (attemptMs, done) =>
      this.#client.native.abortTransaction(attemptMs, done),
    );
  }

  async flush(timeoutMs: number): Promise<void> {
    this.#checkOpen();
    await call(
      'Flushing',
      timeoutMs,
      (done) => this.#client.native.flush(timeoutMs, done),
      (failure) => asMillraceError(failure, 'Flushing the producer'),
    );
    // Reports of refused records were queued to this loop before; they are delivered a hundred a turn.
    await nextTurn();
    await nextTurn();
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined) throw refused;
  }

  /** What is still queued is given up: the caller has flushed, committed, or does not want it any more. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Repeats the same call while librdkafka says that this is what to do, up to `timeoutMs` in all. */
  async #transactional(action: string, timeoutMs: number, invoke: (attemptMs: number, done: NativeCallback) => void): Promise<void> {
    const transactionalId = this.#options.transactionalId;
    if (transactionalId === undefined)
      throw new MillraceError('INVALID_STATE', `${action}: this producer was made without a transactional id.`);
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      this.#checkOpen();
      try {
        const attemptMs = Math.max(1, Math.round(Math.min(ATTEMPT_TIMEOUT_MS, deadlineMs - performance.now())));
        await call(
          action,
          attemptMs,
          (done) => invoke(attemptMs, done),
          (failure) => asTransactionError(failure, action, transactionalId),
        );
        return;
      } catch (error) {
        if (!(error instanceof MillraceError) || !error.retriable || performance.now() > deadlineMs) throw error;
        await sleep(RETRY_BACKOFF_MS);
      }
    }
  }

  #notTaken(code: number, { topic, partition }: OutputBatch): MillraceError {
    const context = { topic, partition };
    if (code === CODE.MESSAGE_TOO_LARGE) {
      return new MillraceError(
        'RECORD_TOO_LARGE',
        `A record of ${this.#unpacker.pendingBytes} bytes for ${topic}-${partition} is larger than the producer's message.max.bytes. Raise max.request.size (and the topic's max.message.bytes), or make the record smaller.`,
        { context },
      );
    }
    const error = asMillraceError(code, `Producing to ${topic}-${partition}`, context);
    // In a transaction a refused record leaves a hole: only an abort goes on from here.
    return new MillraceError(error.code, error.message, {
      cause: error,
      retriable: error.retriable,
      abortable: this.#options.transactionalId !== undefined && !error.fatal,
      fatal: error.fatal,
      context,
    });
  }

  #checkOpen(): void {
    if (this.#client.isClosed) throw new MillraceError('INVALID_STATE', 'The producer is closed.');
  }
}
