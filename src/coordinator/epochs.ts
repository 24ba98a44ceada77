import { MillraceError } from '../errors.ts';
import type { OutputFrame, TaskProgress } from '../shard/messages.ts';

/** What belongs to one transaction: the output and the progress of all tasks between two commits. */
export interface EpochContent {
  readonly epoch: number;
  readonly frames: readonly OutputFrame[];
  readonly progress: readonly TaskProgress[];
}

interface Collecting {
  frames: { shard: number; frame: OutputFrame }[];
  progress: TaskProgress[];
  bytes: number;
  /** Shards that have not yet said `epochDone`; undefined until the epoch is being closed. */
  waiting: Set<number> | undefined;
  finish: () => void;
  done: Promise<void>;
}

export interface EpochHooks {
  /** Sends `commit` to the live shards and returns which they are. */
  readonly requestCommit: (epoch: number) => number[];
  /** Writes the epoch to Kafka. Called for one epoch at a time, in order; a rejection is final. */
  readonly commit: (content: EpochContent) => Promise<void>;
}

/** Closed epochs that may wait for the transaction before them. One keeps the pipeline full; more only adds latency. */
const CLOSED_EPOCHS_MAX = 1;

/**
 * Collects what shards produce into epochs, closes them, and commits them strictly one after the other while shards
 * already work on the next.
 */
export class Epochs {
  readonly #hooks: EpochHooks;
  readonly #open = new Map<number, Collecting>();
  #current = 1;
  #closing: Collecting | undefined;
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

  /** Number of the epoch being closed, with the shards it waits for; for the watchdog. */
  get waitingFor(): readonly number[] {
    return [...(this.#closing?.waiting ?? [])];
  }

  addFrames(shard: number, epoch: number, frames: readonly OutputFrame[]): void {
    const collecting = this.#collecting(epoch);
    for (const frame of frames) {
      collecting.frames.push({ shard, frame });
      collecting.bytes += frame.bytes.byteLength;
      this.#bufferedBytes += frame.bytes.byteLength;
    }
  }

  /** A shard has closed its share of an epoch. */
  shardDone(shard: number, epoch: number, frames: readonly OutputFrame[], progress: readonly TaskProgress[]): void {
    const collecting = this.#collecting(epoch);
    if (collecting.waiting === undefined || !collecting.waiting.has(shard)) {
      throw new MillraceError('INTERNAL', `Shard ${shard} closed epoch ${epoch}, which nobody asked it to close.`);
    }
    this.addFrames(shard, epoch, frames);
    collecting.progress.push(...progress);
    this.#release(collecting, shard);
  }

  /** A shard died: its share of every epoch that it had not closed is dropped, and nobody waits for it. */
  dropShard(shard: number): void {
    for (const collecting of this.#open.values()) {
      if (collecting.waiting !== undefined && !collecting.waiting.has(shard)) continue;
      this.#dropFrames(collecting, (entry) => entry.shard === shard);
      if (collecting.waiting !== undefined) this.#release(collecting, shard);
    }
  }

  /** One task's share of every epoch that its shard has not closed is dropped (the task failed; its shard lives). */
  dropTask(shard: number, taskId: string): void {
    for (const collecting of this.#open.values()) {
      if (collecting.waiting !== undefined && !collecting.waiting.has(shard)) continue;
      this.#dropFrames(collecting, ({ frame }) => frame.taskId === taskId);
    }
  }

  /**
   * Closes the current epoch and resolves when it is committed. Waits for a close that is under way, so that
   * everything processed before the call is covered.
   */
  async close(): Promise<void> {
    while (this.#closing !== undefined) await this.#closing.done;
    const epoch = this.#current++;
    const collecting = this.#collecting(epoch);
    this.#closing = collecting;
    collecting.waiting = new Set(this.#hooks.requestCommit(epoch));
    if (collecting.waiting.size === 0) collecting.finish();
    await collecting.done;
    this.#closing = undefined;
    this.#open.delete(epoch);
    this.#queuedCommits++;
    const commit = this.#commits.then(() => this.#commit(epoch, collecting));
    this.#commits = commit;
    // The rejection reaches the caller through `commit`; later commits must not run after a final failure, and they
    // do not, because the chain stays rejected. This handler only keeps it from counting as unhandled.
    commit.catch(() => {});
    return commit;
  }

  /** Resolves when all epochs closed so far are committed. */
  settled(): Promise<void> {
    return this.#commits;
  }

  async #commit(epoch: number, collecting: Collecting): Promise<void> {
    try {
      await this.#hooks.commit({ epoch, frames: collecting.frames.map(({ frame }) => frame), progress: collecting.progress });
    } finally {
      this.#queuedCommits--;
      this.#bufferedBytes -= collecting.bytes;
    }
  }

  #collecting(epoch: number): Collecting {
    let collecting = this.#open.get(epoch);
    if (collecting === undefined) {
      let finish = () => {};
      const done = new Promise<void>((resolve) => {
        finish = resolve;
      });
      collecting = { frames: [], progress: [], bytes: 0, waiting: undefined, finish, done };
      this.#open.set(epoch, collecting);
    }
    return collecting;
  }

  #release(collecting: Collecting, shard: number): void {
    collecting.waiting?.delete(shard);
    if (collecting.waiting?.size === 0) collecting.finish();
  }

  #dropFrames(collecting: Collecting, dropped: (entry: { shard: number; frame: OutputFrame }) => boolean): void {
    const kept = collecting.frames.filter((entry) => !dropped(entry));
    const bytes = kept.reduce((sum, { frame }) => sum + frame.bytes.byteLength, 0);
    this.#bufferedBytes -= collecting.bytes - bytes;
    collecting.frames = kept;
    collecting.bytes = bytes;
  }
}
