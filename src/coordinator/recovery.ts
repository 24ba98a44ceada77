import { isMillraceError, MillraceError } from '../errors.ts';
import { asError, type Engine, type UncaughtErrorResponse } from './engine.ts';
import { rewind, type TaskEntry } from './tasks.ts';

const RESTART_WINDOW_MS = 600_000;

/**
 * What happens when a thread dies or a task fails: its uncommitted share is dropped, its tasks get a new generation,
 * restore, and read again from the committed offsets. All other tasks keep their state and their place.
 */
export class Recovery {
  readonly #engine: Engine;
  readonly #restartsMs: number[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  shardDied(shard: number, error: Error): void {
    const { epochs, shards, cluster, hooks } = this.#engine;
    // Also while closing: the last commit would wait for it.
    epochs.dropShard(shard);
    this.#fenceShard(shard);
    if (!this.#engine.active) return;
    hooks.log('error', error.message, { shard });
    cluster.globals.remove(shard);
    this.#engine.reportRunning();
    if (!this.#mayRestart(error)) return;
    void this.#engine.exclusively(async () => {
      if (!(await this.#relaunch(shard))) return;
      if (this.#engine.paused) shards.post(shard, { type: 'pause' });
      await cluster.globals.bootstrap([shard]);
      // A rebalance may have given it tasks while it was down, and what they were sent is lost.
      await this.#restart(this.#fenceShard(shard));
    });
  }

  /** False when there is no use in it any more. A thread that dies again while it starts is replaced again. */
  async #relaunch(shard: number): Promise<boolean> {
    while (this.#engine.active) {
      try {
        await this.#engine.shards.relaunch(shard);
        return true;
      } catch (error) {
        const died = isMillraceError(error) && error.code === 'SHARD_DIED';
        if (!died || !this.#engine.active) throw error;
        this.#engine.hooks.log('error', error.message, { shard });
        if (!this.#mayRestart(error)) return false;
      }
    }
    return false;
  }

  /** A shard says that it can do no more: its thread goes the way of those that die by themselves. */
  shardFailed(shard: number, error: Error): void {
    this.#engine.shards.kill(shard, error);
  }

  taskFailed(shard: number, taskId: string, generation: number, error: Error): void {
    const { tasks, epochs } = this.#engine;
    const task = tasks.get(taskId);
    if (task === undefined || task.generation !== generation) return;
    epochs.dropTask(shard, taskId);
    this.#fence(task);
    if (!this.#engine.active) return;
    this.#engine.reportRunning();
    if (this.#mayRestart(error)) void this.#engine.exclusively(() => this.#restart([task]));
  }

  /** From here on nothing of the task's present generation counts. */
  #fence(task: TaskEntry): void {
    task.generation = this.#engine.tasks.newGeneration();
    task.state = 'starting';
  }

  /** Fences the tasks of a shard whose memory is gone; returns those that have to be started again. */
  #fenceShard(shard: number): TaskEntry[] {
    const { tasks, restorer } = this.#engine;
    const affected = tasks.ofShard(shard);
    for (const task of affected) {
      restorer.cancel(task.id);
      // A suspended one is not ours at present, and now it has no state to come back to.
      if (task.state === 'suspended') tasks.remove(task);
      else this.#fence(task);
    }
    return affected.filter((task) => task.state === 'starting');
  }

  /** Epochs that were closed before are committed first, or their records would be processed twice. */
  async #restart(affected: readonly TaskEntry[]): Promise<void> {
    const { tasks, restorer, cluster } = this.#engine;
    await this.#engine.commitUnlessHeld();
    // With a rebalance waiting for its turn, they are about to be taken away; it ends those that are not running.
    if (this.#engine.held || !this.#engine.active) return;
    const ours = affected.filter((task) => tasks.get(task.id) === task && task.state === 'starting');
    for (const task of ours) {
      restorer.cancel(task.id);
      rewind(task);
      // The reading position is beyond what was committed.
      for (const input of task.inputs) input.missed = true;
    }
    this.#engine.applyBackPressure();
    for (const task of ours) void cluster.lifecycle.start(task);
  }

  #mayRestart(error: Error): boolean {
    const { config } = this.#engine;
    if (this.#decide(error) !== 'replace-thread') {
      this.#engine.fail(error);
      return false;
    }
    const nowMs = performance.now();
    while (this.#restartsMs[0] !== undefined && this.#restartsMs[0] < nowMs - RESTART_WINDOW_MS) this.#restartsMs.shift();
    this.#restartsMs.push(nowMs);
    if (this.#restartsMs.length <= config.maxThreadRestarts) return true;
    this.#engine.fail(
      new MillraceError(
        'SHARD_DIED',
        `Gave up after ${config.maxThreadRestarts} restarts within ten minutes ("max.thread.restarts"). The last error: ${error.message}`,
        {
          cause: error,
          fatal: true,
        },
      ),
    );
    return false;
  }

  #decide(error: Error): UncaughtErrorResponse {
    const { hooks } = this.#engine;
    try {
      return hooks.onUncaught(error);
    } catch (thrown) {
      hooks.log('error', `The uncaught exception handler itself threw: ${asError(thrown).message}`);
      return 'shutdown-client';
    }
  }
}
