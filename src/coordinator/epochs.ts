import { MillraceError } from '../errors.ts';
import { sharedMemoryOf } from '../protocol/index.ts';
import type { OutputFrame, TaskProgress } from '../shard/messages.ts';

/** What belongs to one transaction: the output and the progress of all tasks between two commits. */
export interface EpochContent {
  readonly epoch: number;
  readonly frames: readonly OutputFrame[];
  readonly progress: readonly TaskProgress[];
}

/** An epoch until it is committed. */
interface Collecting {
  frames: { readonly shard: number; readonly frame: OutputFrame }[];
  readonly progress: TaskProgress[];
  bytes: number;
  /** How many of the frames, from the first on, were written ahead of the commit. */
  ahead: number;
  /** No more is written ahead: what was is not the beginning of what will be committed, or cannot be gone on with. */
  aheadIsOver: boolean;
}

/** An epoch that shards are closing. */
interface Closing extends Collecting {
  readonly epoch: number;
  /** Shards that have not yet said `epochDone`. */
  readonly waiting: Set<number>;
  readonly sinceMs: number;
  readonly done: Promise<void>;
  readonly finish: () => void;
}

export interface EpochHooks {
  /** Sends `commit` to the live shards and returns which they are. */
  readonly requestCommit: (epoch: number, suspendBelow: number) => number[];
  /**
   * Writes the epoch to Kafka. Called for one epoch at a time, in order; a rejection is final. True when all of its frames
   * were written, so that nobody needs them any more.
   */
  readonly commit: (content: EpochContent) => Promise<boolean>;
  /** Begins to write the epoch whose `commit` is the next to be called. Never rejects: trouble shows in the commit. */
  readonly writeAhead: (frames: readonly OutputFrame[]) => Promise<void>;
  /** Undoes what was written ahead, if that is possible; the commit writes it again. Never rejects. */
  readonly takeBack: () => Promise<void>;
  /** Frames in memory that the coordinator and a shard share are done with: the shard may use it again. */
  readonly giveBack: (shard: number, memory: readonly SharedArrayBuffer[]) => void;
}

/** Closed epochs that may wait for the transaction before them. One keeps the pipeline full; more only adds latency. */
const CLOSED_EPOCHS_MAX = 1;

/**
 * Collects what shards produce into epochs, closes them, and commits them strictly one after the other while shards
 * already work on the next. What is there of an epoch is written as soon as the one before it is committed, so that
 * little is left to do when it closes.
 *
 * To which epoch output belongs follows from the order of messages alone: what a shard sends before its `epochDone`
 * belongs to the epoch being closed, everything else to the open one.
 */
export class Epochs {
  readonly #hooks: EpochHooks;
  #current = 1;
  #open: Collecting = nothingCollected();
  #closing: Closing | undefined;
  #commits: Promise<void> = Promise.resolve();
  #queuedCommits = 0;
  #bufferedBytes = 0;
  readonly #aheadMaxMs: number;
  #isWritingAhead = false;
  #aheadTimer: NodeJS.Timeout | undefined;

  /**
   * @param aheadMaxMs how long a transaction may be open before its commit begins, since brokers abort those that take
   * long; 0: nothing is written ahead.
   */
  constructor(hooks: EpochHooks, aheadMaxMs: number) {
    this.#hooks = hooks;
    this.#aheadMaxMs = aheadMaxMs;
  }

  /** Bytes of output that wait for their commit. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Bytes of output in the epoch that is open. */
  get openBytes(): number {
    return this.#open.bytes;
  }

  /** True when nothing is being closed or committed. */
  get idle(): boolean {
    return this.#closing === undefined && this.#queuedCommits === 0;
  }

  /** True when a periodic commit would only queue up behind others. */
  get busy(): boolean {
    return this.#closing !== undefined || this.#queuedCommits > CLOSED_EPOCHS_MAX;
  }

  /** The close under way: the shards that have not answered and for how long, in ms; for the watchdog. */
  waitingFor(nowMs: number): { readonly shards: readonly number[]; readonly elapsedMs: number } | undefined {
    const closing = this.#closing;
    return closing === undefined ? undefined : { shards: [...closing.waiting], elapsedMs: nowMs - closing.sinceMs };
  }

  /** Output that a shard hands over before it closes its epoch. */
  addFrames(shard: number, frames: readonly OutputFrame[]): void {
    this.#add(shard, frames);
    this.#writeAhead();
  }

  #add(shard: number, frames: readonly OutputFrame[]): void {
    const collecting = this.#closing?.waiting.has(shard) === true ? this.#closing : this.#open;
    for (const frame of frames) {
      collecting.frames.push({ shard, frame });
      collecting.bytes += frame.bytes.byteLength;
      this.#bufferedBytes += frame.bytes.byteLength;
    }
  }

  /** A shard has closed its share of an epoch. */
  shardDone(shard: number, epoch: number, frames: readonly OutputFrame[], progress: readonly TaskProgress[]): void {
    const closing = this.#closing;
    if (closing === undefined || closing.epoch !== epoch || !closing.waiting.has(shard)) {
      throw new MillraceError('INTERNAL', `Shard ${shard} closed epoch ${epoch}, which nobody asked it to close.`);
    }
    this.#add(shard, frames);
    closing.progress.push(...progress);
    release(closing, shard);
    if (closing.waiting.size > 0) this.#writeAhead();
  }

  /** A shard died: its share of every epoch that it had not closed is dropped, and nobody waits for it. */
  dropShard(shard: number): void {
    for (const collecting of this.#unclosedBy(shard)) this.#dropFrames(collecting, (entry) => entry.shard === shard);
    if (this.#closing !== undefined) release(this.#closing, shard);
  }

  /** One task's share of every epoch that its shard has not closed is dropped (the task failed; its shard lives). */
  dropTask(shard: number, taskId: string): void {
    for (const collecting of this.#unclosedBy(shard)) this.#dropFrames(collecting, ({ frame }) => frame.taskId === taskId);
  }

  /**
   * Takes back what was written ahead. For output that is not ours any more: until its transaction ends, nobody who reads
   * committed records gets past it.
   */
  takeBack(): void {
    this.#endAhead();
    this.#commits = this.#commits.then(() => this.#hooks.takeBack());
    this.#commits.catch(() => {});
  }

  /** Resolves when nothing is being committed or written, however that went. */
  async settled(): Promise<void> {
    await this.#commits.catch(() => {});
  }

  /**
   * Closes the current epoch and resolves when it is committed. Waits for a close that is under way, so that
   * everything processed before the call is covered.
   *
   * @param suspendBelow tasks of a generation below it are suspended as the epoch closes; 0 suspends none.
   */
  async close(suspendBelow = 0): Promise<void> {
    while (this.#closing !== undefined) await this.#closing.done;
    const closing = this.#beginClosing(suspendBelow);
    await closing.done;
    this.#closing = undefined;
    this.#queuedCommits++;
    const commit = this.#commits.then(() => this.#commit(closing));
    this.#commits = commit;
    // The rejection reaches the caller through `commit`; later commits must not run after a final failure, and they
    // do not, because the chain stays rejected. This handler only keeps it from counting as unhandled.
    commit.catch(() => {});
    return commit;
  }

  #beginClosing(suspendBelow: number): Closing {
    const epoch = this.#current++;
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const waiting = new Set(this.#hooks.requestCommit(epoch, suspendBelow));
    const closing = { ...this.#open, epoch, waiting, sinceMs: performance.now(), done, finish };
    this.#open = nothingCollected();
    this.#closing = closing;
    if (waiting.size === 0) finish();
    return closing;
  }

  /** Writes what the next commit already has, unless another commit is still under way. */
  #writeAhead(): void {
    if (this.#aheadMaxMs === 0 || this.#isWritingAhead || this.#nextToWrite() === undefined) return;
    this.#isWritingAhead = true;
    this.#aheadTimer ??= setTimeout(() => this.takeBack(), this.#aheadMaxMs).unref();
    const written = this.#commits.then(async () => {
      // By now it may have been closed, or taken back.
      const next = this.#nextToWrite();
      if (next !== undefined) {
        const frames = next.frames.slice(next.ahead).map(({ frame }) => frame);
        next.ahead = next.frames.length;
        await this.#hooks.writeAhead(frames);
      }
      this.#isWritingAhead = false;
    });
    this.#commits = written;
    written.then(
      () => this.#writeAhead(),
      () => {},
    );
  }

  /** The epoch that is committed next, if some of it can be written before. */
  #nextToWrite(): Collecting | undefined {
    return this.#queuedCommits === 0 && hasMoreToWrite(this.#next) ? this.#next : undefined;
  }

  /** The epoch that is committed next, where none is under way. */
  get #next(): Collecting {
    return this.#closing ?? this.#open;
  }

  #endAhead(): void {
    clearTimeout(this.#aheadTimer);
    this.#aheadTimer = undefined;
    // Of the epochs that are not being committed only this one can have been begun.
    if (this.#queuedCommits === 0) this.#next.aheadIsOver = true;
  }

  async #commit({ epoch, frames, progress, bytes }: Closing): Promise<void> {
    clearTimeout(this.#aheadTimer);
    this.#aheadTimer = undefined;
    try {
      const written = await this.#hooks.commit({ epoch, frames: frames.map(({ frame }) => frame), progress });
      if (written) this.#giveBack(frames);
    } finally {
      this.#queuedCommits--;
      this.#bufferedBytes -= bytes;
    }
    this.#writeAhead();
  }

  #giveBack(frames: Collecting['frames']): void {
    const memory = new Map<number, SharedArrayBuffer[]>();
    for (const { shard, frame } of frames) {
      const shared = sharedMemoryOf(frame.bytes);
      if (shared === undefined) continue;
      const list = memory.get(shard);
      if (list === undefined) memory.set(shard, [shared]);
      else list.push(shared);
    }
    for (const [shard, list] of memory) this.#hooks.giveBack(shard, list);
  }

  /** The epochs to which this shard may still add. */
  #unclosedBy(shard: number): Collecting[] {
    return this.#closing?.waiting.has(shard) === true ? [this.#closing, this.#open] : [this.#open];
  }

  #dropFrames(collecting: Collecting, dropped: (entry: { shard: number; frame: OutputFrame }) => boolean): void {
    const kept = collecting.frames.filter((entry) => !dropped(entry));
    const bytes = kept.reduce((sum, { frame }) => sum + frame.bytes.byteLength, 0);
    this.#bufferedBytes -= collecting.bytes - bytes;
    collecting.aheadIsOver ||= collecting.frames.slice(0, collecting.ahead).some(dropped);
    collecting.frames = kept;
    collecting.bytes = bytes;
  }
}

function nothingCollected(): Collecting {
  return { frames: [], progress: [], bytes: 0, ahead: 0, aheadIsOver: false };
}

/** Where a frame has no partition yet, it and all after it have to wait for the commit: the order of records counts. */
function hasMoreToWrite(collecting: Collecting): boolean {
  const { frames, ahead, aheadIsOver } = collecting;
  return !aheadIsOver && ahead < frames.length && frames.slice(ahead).every(({ frame }) => frame.partition >= 0);
}

function release(closing: Closing, shard: number): void {
  closing.waiting.delete(shard);
  if (closing.waiting.size === 0) closing.finish();
}
