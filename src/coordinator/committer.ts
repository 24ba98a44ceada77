import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessingGuarantee } from '../config.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import type { OutputFrame, TaskProgress } from '../shard/messages.ts';
import type { Producer, TopicPartitionOffset, Transport } from '../transport/transport.ts';
import type { EpochContent } from './epochs.ts';

export interface CommitterOptions {
  readonly guarantee: ProcessingGuarantee;
  /** How long retriable and abortable trouble is retried before it counts as final. */
  readonly taskTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** False for tasks that were lost to another member: their output and offsets must not be committed. */
  readonly isOurs: (taskId: string, generation: number) => boolean;
  readonly onCommitted: (offsets: readonly TopicPartitionOffset[]) => void;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

export interface CommitCounters {
  transactions: number;
  aborted: number;
  recordsOut: number;
  /** Sum of the time from begin to commit, in ms. */
  commitMs: number;
}

const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 2_000;

/**
 * Writes epochs to Kafka under the guarantee asked for. The frames of an epoch are kept until this is done, so trouble
 * that aborts a transaction costs a new transaction with the same frames; no task has to be rolled back for it.
 */
export class Committer {
  readonly #transport: Transport;
  readonly #options: CommitterOptions;
  #producer: Producer;
  readonly counters: CommitCounters = { transactions: 0, aborted: 0, recordsOut: 0, commitMs: 0 };

  constructor(transport: Transport, options: CommitterOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#producer = transport.producer;
  }

  /** Fences earlier producers of this process and completes what a crash left open. */
  async init(): Promise<void> {
    if (this.#options.guarantee === 'exactly_once_v2') await this.#producer.initTransactions(this.#options.requestTimeoutMs);
  }

  /** Resolves when the epoch is committed, or when nothing of it is ours any more. Rejects when it cannot be. */
  async commit(content: EpochContent): Promise<void> {
    const startedMs = performance.now();
    const deadlineMs = startedMs + this.#options.taskTimeoutMs;
    for (let attempt = 0; ; attempt++) {
      const frames = content.frames.filter((frame) => this.#options.isOurs(frame.taskId, frame.generation));
      const progress = content.progress.filter((task) => this.#options.isOurs(task.taskId, task.generation));
      const offsets = offsetsOf(progress);
      if (frames.length === 0 && offsets.length === 0) return;
      const error = await this.#attempt(frames, offsets);
      if (error === undefined) {
        this.#count(frames, performance.now() - startedMs);
        this.#options.onCommitted(offsets);
        return;
      }
      if (!(error.abortable || error.retriable) || performance.now() > deadlineMs) throw error;
      this.counters.aborted++;
      this.#options.log('warn', `Commit of epoch ${content.epoch} failed and is tried again: ${error.message}`);
      await sleep(Math.min(BACKOFF_FIRST_MS * 2 ** attempt, BACKOFF_MAX_MS));
    }
  }

  /** Undefined on success; otherwise the error, with the transaction out of the way. */
  async #attempt(frames: readonly OutputFrame[], offsets: readonly TopicPartitionOffset[]): Promise<MillraceError | undefined> {
    const steps = this.#options.guarantee === 'exactly_once_v2' ? this.#transaction : this.#plain;
    try {
      await steps.call(this, frames, offsets);
      return undefined;
    } catch (cause) {
      const error = asCommitError(cause);
      if (this.#options.guarantee !== 'exactly_once_v2') return error;
      if (error.fatal) return this.#recoverFromFatal(error, offsets);
      await this.#abort();
      return error;
    }
  }

  async #transaction(frames: readonly OutputFrame[], offsets: readonly TopicPartitionOffset[]): Promise<void> {
    await this.#producer.begin();
    await this.#producer.send(frames);
    if (offsets.length > 0) await this.#producer.sendOffsets(offsets, this.#transport.consumer);
    await this.#producer.commit();
    this.counters.transactions++;
  }

  /** at_least_once: output first, offsets after. at_most_once: the offsets were committed before processing. */
  async #plain(frames: readonly OutputFrame[], offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (frames.length > 0) {
      await this.#producer.send(frames);
      await this.#producer.flush(this.#options.requestTimeoutMs);
    }
    if (offsets.length > 0 && this.#options.guarantee === 'at_least_once') await this.#transport.consumer.commit(offsets);
  }

  async #abort(): Promise<void> {
    try {
      await this.#producer.abort();
    } catch (cause) {
      this.#options.log('warn', `Abort failed, the producer is replaced: ${asCommitError(cause).message}`);
      await this.#replaceProducer();
    }
  }

  /**
   * The producer is dead and it is unknown whether the commit had gone through. A new producer with the same
   * transactional id settles that on the broker; then the committed offsets tell which way it went.
   */
  async #recoverFromFatal(error: MillraceError, offsets: readonly TopicPartitionOffset[]): Promise<MillraceError | undefined> {
    if (error.code === 'PRODUCER_FENCED') return error;
    this.#options.log('warn', `The producer failed and is replaced: ${error.message}`);
    await this.#replaceProducer();
    if (offsets.length === 0) return retriable(error);
    const stored = await this.#transport.consumer.committed(offsets, this.#options.requestTimeoutMs);
    const committed = offsets.every((wanted) =>
      stored.some((found) => found.topic === wanted.topic && found.partition === wanted.partition && found.offset === wanted.offset),
    );
    return committed ? undefined : retriable(error);
  }

  async #replaceProducer(): Promise<void> {
    this.#producer = await this.#transport.replaceProducer();
    await this.#producer.initTransactions(this.#options.requestTimeoutMs);
  }

  #count(frames: readonly OutputFrame[], elapsedMs: number): void {
    for (const frame of frames) this.counters.recordsOut += frame.recordCount;
    this.counters.commitMs += elapsedMs;
  }
}

function offsetsOf(progress: readonly TaskProgress[]): TopicPartitionOffset[] {
  return progress.flatMap((task) => task.offsets);
}

function asCommitError(cause: unknown): MillraceError {
  if (isMillraceError(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('COMMIT_FAILED', `Committing failed: ${message}`, { cause, fatal: true });
}

function retriable(error: MillraceError): MillraceError {
  return new MillraceError(error.code, error.message, { cause: error, retriable: true, context: error.context });
}
