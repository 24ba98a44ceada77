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
  /** Frames in memory that the coordinator and a shard share are done with: the shard may use it again. */
  readonly giveBack: (shard: number, memory: readonly SharedArrayBuffer[]) => void;
}

/** Closed epochs that may wait for the transaction before them. One keeps the pipeline full; more only adds latency. */
const CLOSED_EPOCHS_MAX = 1;

/**
 * Collects what shards produce into epochs, closes them, and commits them strictly one after the other while shards
 * already work on the next.
 *
 * To which epoch output belongs follows from the order of messages alone: what a shard sends before its `epochDone`
 * belongs to the epoch being closed, everything else to the open one.
 */
export class Epochs {
  readonly #hooks: EpochHooks;
  #current = 1;
  #open: Collecting = { frames: [], progress: [], bytes: 0 };
  #closing: Closing | undefined;
  #commits: Promise<void> = Promise.resolve();
  #queuedCommits = 0;
  #bufferedBytes = 0;

  constructor(hooks: EpochHooks) {
    this.#hooks = hooks;
  }

  /** Bytes of output that wait for their commit. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
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

  addFrames(shard: number, frames: readonly OutputFrame[]): void {
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
    this.addFrames(shard, frames);
    closing.progress.push(...progress);
    release(closing, shard);
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
    this.#open = { frames: [], progress: [], bytes: 0 };
    this.#closing = closing;
    if (waiting.size === 0) finish();
    return closing;
  }

  async #commit({ epoch, frames, progress, bytes }: Closing): Promise<void> {
    try {
      const written = await this.#hooks.commit({ epoch, frames: frames.map(({ frame }) => frame), progress });
      if (written) this.#giveBack(frames);
    } finally {
      this.#queuedCommits--;
      this.#bufferedBytes -= bytes;
    }
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
    collecting.frames = kept;
    collecting.bytes = bytes;
  }
}

function release(closing: Closing, shard: number): void {
  closing.waiting.delete(shard);
  if (closing.waiting.size === 0) closing.finish();
}
