import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessingGuarantee } from '../config.ts';
import { type ErrorCode, isMillraceError, MillraceError } from '../errors.ts';
import type { OutputFrame, TaskProgress } from '../shard/messages.ts';
import type { Producer, TopicPartitionOffset, Transport } from '../transport/transport.ts';
import type { EpochContent } from './epochs.ts';

export interface CommitterOptions {
  readonly guarantee: ProcessingGuarantee;
  /** How long trouble that may pass is retried before it counts as final. */
  readonly taskTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** False for tasks that were lost to another member: their output and offsets must not be committed. */
  readonly isOurs: (generation: number) => boolean;
  /** An offset to commit with output that comes without progress (of punctuators), so that its commit can be recognised. */
  readonly anchor: (frame: OutputFrame, marker: number) => TopicPartitionOffset | undefined;
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

/** The part of an epoch that is still ours to write. */
interface Work {
  readonly frames: readonly OutputFrame[];
  readonly progress: readonly TaskProgress[];
  readonly offsets: readonly TopicPartitionOffset[];
}

/** How far an epoch without a transaction got. */
interface Written {
  sent: boolean;
  flushed: boolean;
  /** Frames that need not be sent, or must not be. */
  readonly ahead: ReadonlySet<OutputFrame>;
}

const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 2_000;
/** Being fenced more often than that means that another process runs under our transactional id. */
const FENCED_MAX = 3;
const FENCED_WINDOW_MS = 600_000;

/** Trying again cannot help. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'AUTHENTICATION_FAILED',
  'INTERNAL',
  'INVALID_CONFIG',
  'INVALID_STATE',
  'MISSING_TOPIC',
  'PRODUCTION_FAILED',
  'RECORD_TOO_LARGE',
  'UNSUPPORTED_VERSION',
]);

/**
 * Writes epochs to Kafka under the guarantee asked for. The frames of an epoch are kept until this is done, so trouble
 * that aborts a transaction costs a new transaction with the same frames; no task has to be rolled back for it.
 */
export class Committer {
  readonly counters: CommitCounters = { transactions: 0, aborted: 0, recordsOut: 0, commitMs: 0 };
  readonly #transport: Transport;
  readonly #options: CommitterOptions;
  readonly #stop = new AbortController();
  readonly #fencedMs: number[] = [];
  #producer: Producer;
  /** The producer can do no more; the next attempt begins with a new one. */
  #broken = false;
  /** A transaction of which it is unknown whether it was committed. */
  #doubtful: Work | undefined;
  /** What was sent of the epoch that is committed next; with transactions, one is open as long as this is not undefined. */
  #ahead: OutputFrame[] | undefined;
  /** What went wrong with that. */
  #aheadError: unknown;
  #marker = Date.now() * 1000;

  constructor(transport: Transport, options: CommitterOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#producer = transport.producer;
  }

  get #transactional(): boolean {
    return this.#options.guarantee === 'exactly_once_v2';
  }

  /** Fences earlier producers of this process and completes what a crash left open. */
  async init(): Promise<void> {
    if (this.#transactional) await this.#producer.initTransactions(this.#options.requestTimeoutMs);
  }

  /** Gives up on the commit under way, if it waits to be tried again. The client is about to be closed. */
  stop(): void {
    this.#stop.abort();
  }

  /**
   * Begins to write the epoch that the next {@link commit} will be given: `frames` are the next of it, in its order. Not
   * to be called during a commit. Trouble shows in that commit.
   */
  async writeAhead(frames: readonly OutputFrame[]): Promise<void> {
    if (this.#aheadError !== undefined || this.#broken || this.#stop.signal.aborted) return;
    const ours = frames.filter((frame) => this.#options.isOurs(frame.generation));
    if (ours.length === 0) return;
    try {
      if (this.#ahead === undefined) {
        this.#ahead = [];
        if (this.#transactional) await this.#producer.begin();
      }
      // Before it is sent: of what fails nobody knows how much went out.
      for (const frame of ours) this.#ahead.push(frame);
      await this.#producer.send(ours);
    } catch (cause) {
      this.#aheadError = cause;
    }
  }

  /** Aborts what {@link writeAhead} began; without transactions nothing can be taken back. Not to be called during a commit. */
  async takeBack(): Promise<void> {
    if (!this.#transactional || this.#ahead === undefined) return;
    this.#ahead = undefined;
    this.#aheadError = undefined;
    await this.#abort();
  }

  /**
   * Resolves when the epoch is committed, or when nothing of it is ours any more. Rejects when it cannot be. True when all
   * frames were written; what was left out may still lie somewhere in the client.
   */
  async commit(content: EpochContent): Promise<boolean> {
    const startedMs = performance.now();
    const deadlineMs = startedMs + this.#options.taskTimeoutMs;
    const written = { sent: false, flushed: false, ahead: this.#sentOnce() };
    for (let attempt = 0; ; attempt++) {
      try {
        const done = (await this.#settleDoubt()) ?? (await this.#attempt(content, written));
        if (done === 'partly lost') continue;
        if (done === 'nothing') return false;
        this.#succeeded(done, performance.now() - startedMs);
        return done.frames.length === content.frames.length;
      } catch (cause) {
        await this.#failed(cause, deadlineMs);
        this.#options.log('warn', `Commit of epoch ${content.epoch} failed and is tried again: ${(cause as Error).message}`);
      }
      await this.#pause(Math.min(BACKOFF_FIRST_MS * 2 ** attempt, BACKOFF_MAX_MS));
    }
  }

  /** Without transactions: what was sent ahead is not sent again, unless some of it may not have gone out and that matters more. */
  #sentOnce(): ReadonlySet<OutputFrame> {
    if (this.#transactional) return new Set();
    const again = this.#aheadError !== undefined && this.#options.guarantee === 'at_least_once';
    const ahead = new Set(again ? [] : this.#ahead);
    this.#ahead = undefined;
    return ahead;
  }

  /** What was committed; `partly lost` when some of it went to another member meanwhile, so that it is tried without. */
  async #attempt(content: EpochContent, written: Written): Promise<Work | 'nothing' | 'partly lost'> {
    if (this.#stop.signal.aborted) throw closing();
    if (this.#aheadError !== undefined) throw this.#takeAheadError();
    const work = this.#ours(content);
    if (work === undefined) {
      await this.takeBack();
      return 'nothing';
    }
    const done = this.#transactional ? await this.#transaction(work) : await this.#plain(work, written);
    return done ? work : 'partly lost';
  }

  /** What it stands for is tried again from the start. */
  #takeAheadError(): unknown {
    const error = this.#aheadError;
    this.#aheadError = undefined;
    this.#ahead = undefined;
    return error;
  }

  #ours({ frames: allFrames, progress: allProgress }: EpochContent): Work | undefined {
    const frames = allFrames.filter((frame) => this.#options.isOurs(frame.generation));
    const progress = allProgress.filter((task) => this.#options.isOurs(task.generation));
    const [first] = frames;
    if (progress.length === 0 && first !== undefined && this.#transactional) {
      const anchor = this.#options.anchor(first, this.#marker++);
      return { frames, progress, offsets: anchor === undefined ? [] : [anchor] };
    }
    return first === undefined && progress.length === 0
      ? undefined
      : { frames, progress, offsets: progress.flatMap((task) => task.offsets) };
  }

  /** After a rebalance offsets would be accepted under our new membership, though they are of the old one. */
  #isStillOurs(work: Work): boolean {
    const { isOurs } = this.#options;
    return work.frames.every((frame) => isOurs(frame.generation)) && work.progress.every((task) => isOurs(task.generation));
  }

  /** False when the work was not ours any more before it was done. */
  async #transaction(work: Work): Promise<boolean> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead === undefined) await this.#producer.begin();
    const isBeginning = ahead?.every((frame, index) => frame === work.frames[index]) ?? true;
    if (isBeginning) await this.#producer.send(work.frames.slice(ahead?.length ?? 0));
    if (!isBeginning || !this.#isStillOurs(work)) {
      await this.#abort();
      return false;
    }
    if (work.offsets.length > 0) await this.#producer.sendOffsets(work.offsets, this.#transport.consumer);
    this.#doubtful = work;
    try {
      await this.#producer.commit();
    } catch (error) {
      // Only this says that the commit did not happen; any other error says nothing about it.
      if (asCommitError(error).abortable) this.#doubtful = undefined;
      throw error;
    }
    this.#doubtful = undefined;
    return true;
  }

  /** at_least_once: output first, offsets after. at_most_once: the offsets were committed before processing. */
  async #plain(work: Work, written: Written): Promise<boolean> {
    const atMostOnce = this.#options.guarantee === 'at_most_once';
    if (work.frames.length > 0 && !written.flushed) {
      // What was sent once must not be sent again there: nobody knows whether it arrived.
      if (!atMostOnce || !written.sent) {
        const again = written.sent;
        written.sent = true;
        await this.#producer.send(again ? work.frames : work.frames.filter((frame) => !written.ahead.has(frame)));
      }
      await this.#producer.flush(this.#options.requestTimeoutMs);
      written.flushed = true;
    }
    if (!this.#isStillOurs(work)) return false;
    if (work.offsets.length > 0 && this.#options.guarantee === 'at_least_once') await this.#transport.consumer.commit(work.offsets);
    return true;
  }

  // --- failures -----------------------------------------------------------------------------------------------------

  /** Decides about an error and brings the producer into a state to go on from. Throws when there is no going on. */
  async #failed(cause: unknown, deadlineMs: number): Promise<void> {
    const error = asCommitError(cause);
    const { retriable, abortable } = error;
    this.counters.aborted++;
    const fenced = error.code === 'PRODUCER_FENCED' && !abortable;
    const hopeless = (FINAL.has(error.code) && !retriable && !abortable) || (fenced && this.#isFencedTooOften());
    if (hopeless || this.#stop.signal.aborted || performance.now() > deadlineMs) {
      if (this.#transactional && !error.fatal && !this.#broken && this.#doubtful === undefined) await this.#abort();
      throw error;
    }
    // Without a transaction an error that is not fatal concerns the call alone, such as a commit refused in a rebalance.
    if (this.#doubtful !== undefined || error.fatal || (this.#transactional && !retriable && !abortable)) this.#broken = true;
    else if (this.#transactional && !this.#broken) await this.#abort();
  }

  async #abort(): Promise<void> {
    try {
      await this.#producer.abort();
    } catch (cause) {
      this.#options.log('warn', `Abort failed, the producer is replaced: ${asCommitError(cause).message}`);
      this.#broken = true;
    }
  }

  /**
   * Replaces a producer that is of no more use. A new one with the same transactional id settles on the broker what the
   * old one left open; after that the committed offsets tell which way a doubtful commit went. Returns it if it did.
   */
  async #settleDoubt(): Promise<Work | undefined> {
    if (this.#broken) {
      if (this.#stop.signal.aborted) throw closing();
      this.#options.log('warn', 'The producer failed and is replaced.');
      this.#producer = await this.#transport.replaceProducer();
      if (this.#transactional) await this.#producer.initTransactions(this.#options.requestTimeoutMs);
      this.#broken = false;
    }
    const doubtful = this.#doubtful;
    if (doubtful === undefined) return undefined;
    const stored =
      doubtful.offsets.length === 0 ? [] : await this.#transport.consumer.committed(doubtful.offsets, this.#options.requestTimeoutMs);
    this.#doubtful = undefined;
    return doubtful.offsets.length > 0 && doubtful.offsets.every((wanted) => stored.some((found) => isSameCommit(wanted, found)))
      ? doubtful
      : undefined;
  }

  #isFencedTooOften(): boolean {
    const nowMs = performance.now();
    while (this.#fencedMs[0] !== undefined && this.#fencedMs[0] < nowMs - FENCED_WINDOW_MS) this.#fencedMs.shift();
    this.#fencedMs.push(nowMs);
    return this.#fencedMs.length > FENCED_MAX;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  #succeeded({ frames, offsets }: Work, elapsedMs: number): void {
    for (const frame of frames) this.counters.recordsOut += frame.recordCount;
    this.counters.commitMs += elapsedMs;
    if (this.#transactional) this.counters.transactions++;
    this.#options.onCommitted(offsets);
  }
}

/** Metadata tells commits of one unmoved offset apart. */
function isSameCommit(wanted: TopicPartitionOffset, found: TopicPartitionOffset): boolean {
  return (
    found.topic === wanted.topic &&
    found.partition === wanted.partition &&
    found.offset === wanted.offset &&
    (found.metadata ?? '') === (wanted.metadata ?? '')
  );
}

function asCommitError(cause: unknown): MillraceError {
  if (isMillraceError(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('INTERNAL', `Committing failed: ${message}`, { cause, fatal: true });
}

function closing(): MillraceError {
  return new MillraceError('COMMIT_FAILED', 'The commit was given up: the application is closing.');
}
