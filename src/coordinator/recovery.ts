import { MillraceError } from '../errors.ts';
import type { Engine } from './engine.ts';
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
    const { tasks, epochs, shards, cluster, hooks } = this.#engine;
    if (!this.#engine.active) return;
    hooks.log('error', error.message, { shard });
    epochs.dropShard(shard);
    cluster.globals.remove(shard);
    const affected = tasks.ofShard(shard);
    for (const task of affected) this.#fence(task);
    this.#engine.reportRunning();
    if (!this.#mayRestart(error)) return;
    void this.#engine.exclusively(async () => {
      await shards.relaunch(shard);
      if (this.#engine.paused) shards.post(shard, { type: 'pause' });
      await cluster.globals.bootstrap([shard]);
      await this.#restart(affected);
    });
  }

  taskFailed(shard: number, taskId: string, generation: number, error: Error): void {
    const { tasks, epochs } = this.#engine;
    const task = tasks.get(taskId);
    if (task === undefined || task.generation !== generation || !this.#engine.active) return;
    epochs.dropTask(shard, taskId);
    this.#fence(task);
    this.#engine.reportRunning();
    if (this.#mayRestart(error)) void this.#engine.exclusively(() => this.#restart([task]));
  }

  /** From here on nothing of the task's present generation counts. */
  #fence(task: TaskEntry): void {
    task.generation = this.#engine.tasks.newGeneration();
    task.state = 'starting';
  }

  /** Epochs that were closed before are committed first, or their records would be processed twice. */
  async #restart(affected: readonly TaskEntry[]): Promise<void> {
    const { tasks, epochs, restorer, transport, cluster } = this.#engine;
    await epochs.close();
    // A rebalance may have taken tasks away, or given them out anew, while this waited for its turn.
    const ours = affected.filter((task) => tasks.get(task.id) === task && task.state === 'starting');
    for (const task of ours) {
      await restorer.cancel(task.id);
      rewind(task);
      for (const { topic, partition, committed } of task.inputs) await transport.consumer.seek({ topic, partition, offset: committed });
    }
    this.#engine.applyBackPressure();
    for (const task of ours) void cluster.lifecycle.start(task);
  }

  #mayRestart(error: Error): boolean {
    const { config, hooks } = this.#engine;
    if (hooks.onUncaught(error) !== 'replace-thread') {
      this.#engine.fail(error);
      return false;
    }
    const nowMs = Date.now();
    while (this.#restartsMs[0] !== undefined && this.#restartsMs[0] < nowMs - RESTART_WINDOW_MS) this.#restartsMs.shift();
    this.#restartsMs.push(nowMs);
    if (this.#restartsMs.length <= config.maxThreadRestarts) return true;
    this.#engine.fail(
      new MillraceError('SHARD_DIED', `Gave up after ${config.maxThreadRestarts} restarts within ten minutes ("max.thread.restarts"). The last error: ${error.message}`, {
        cause: error,
        fatal: true,
      }),
    );
    return false;
  }
}
