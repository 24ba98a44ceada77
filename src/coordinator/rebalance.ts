import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { RebalanceListener, TopicPartition } from '../transport/transport.ts';
import { asError, type Engine } from './engine.ts';
import { assignInputs } from './lifecycle.ts';
import { chooseShards } from './placement.ts';
import { type InputState, rewind, type TaskEntry, type TaskId, taskIdOf } from './tasks.ts';
import { within } from './within.ts';

const DRAIN_POLL_MS = 10;

/** What the group's decisions do to the tasks. Drain, then fence, then release. */
export class Rebalance implements RebalanceListener {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#engine.exclusively(() => this.#assign(this.#engine.cluster.placement.tasksOf(partitions)));
  }

  onRevoked(): Promise<void> {
    // At once: a recovery under way may wait for a commit that only this rebalance can make possible, or decide against.
    this.#unassigned();
    return this.#engine.exclusively(() => this.#revoke());
  }

  onLost(): Promise<void> {
    // At once: whatever is under way may wait for a commit that is refused for this very reason.
    this.#unassigned();
    this.#engine.fenceAll();
    this.#engine.hooks.log('warn', 'Partitions were lost: the group went on without this process. Uncommitted work is dropped.');
    return this.#engine.exclusively(() => this.#dropAll());
  }

  async #assign(ids: readonly TaskId[]): Promise<void> {
    const { tasks, shards, transport, cluster, hooks } = this.#engine;
    if (!this.#engine.active) return;
    if ([...tasks.all()].some((task) => task.state !== 'suspended')) await this.#revoke();
    const inputs = await cluster.lifecycle.startInputs(ids);
    const kept = [...tasks.all()].filter((task) => isUnchanged(task, inputs.get(task.id)));
    for (const task of [...tasks.all()]) if (!kept.includes(task)) cluster.lifecycle.end(task);
    const fresh = ids.filter((id) => tasks.get(taskIdOf(id)) === undefined);
    const placed = chooseShards(fresh, tasks.all(), shards.count);
    for (const id of fresh) {
      const key = taskIdOf(id);
      tasks.add({
        ...id,
        id: key,
        generation: tasks.newGeneration(),
        shard: placed.get(key) ?? 0,
        state: 'starting',
        inputs: inputs.get(key) ?? [],
      });
    }
    for (const task of kept) {
      task.generation = tasks.newGeneration();
      task.state = 'starting';
      rewind(task);
    }
    this.#engine.assigning = true;
    try {
      await assignInputs(transport.consumer, tasks);
    } finally {
      this.#engine.assigning = false;
    }
    this.#engine.applyBackPressure();
    // What a poll had returned already is on its way to the pump: it must find no task running yet.
    await nextTurn();
    if (!this.#engine.active) return;
    this.#engine.assigned = true;
    this.#engine.held = false;
    hooks.log('info', `Assigned ${ids.length} tasks, ${kept.length} of them kept their state.`, { tasks: ids.map(taskIdOf).join(' ') });
    this.#engine.reportRunning();
    // Restoring goes on beside everything else: the rebalance is over for the group now.
    for (const task of tasks.all()) void (kept.includes(task) ? cluster.lifecycle.resume(task) : cluster.lifecycle.start(task));
  }

  async #revoke(): Promise<void> {
    const { tasks, cluster, config, hooks } = this.#engine;
    this.#unassigned();
    for (const task of [...tasks.all()]) if (task.state === 'starting') cluster.lifecycle.end(task);
    if (await within(this.#drain(), config.rebalanceDrainTimeoutMs)) {
      for (const task of [...tasks.all()]) {
        // One that failed meanwhile has no state to come back to.
        if (task.state === 'starting') cluster.lifecycle.end(task);
        else task.state = 'suspended';
      }
      return;
    }
    hooks.log(
      'warn',
      `Revoked tasks did not commit within ${config.rebalanceDrainTimeoutMs} ms; their uncommitted work is dropped, and their next owner repeats it.`,
    );
    await this.#dropAll();
  }

  /** Commits what is processed, and suspends the tasks in the same step. */
  async #drain(): Promise<void> {
    const { config, tasks, epochs } = this.#engine;
    const suspendBelow = tasks.newGeneration();
    const deadlineMs = performance.now() + config.rebalanceDrainTimeoutMs;
    if (config.processingGuarantee === 'at_most_once') {
      // There offsets are committed ahead of processing: what is not processed now would never be.
      while (this.#engine.inFlightRecords() > 0 && performance.now() < deadlineMs) await sleep(DRAIN_POLL_MS);
    }
    try {
      await epochs.close(suspendBelow);
    } catch (error) {
      this.#engine.fail(asError(error));
    }
  }

  #unassigned(): void {
    this.#engine.hold();
    this.#engine.assigned = false;
    this.#engine.hooks.onRunning(false);
  }

  async #dropAll(): Promise<void> {
    const { tasks, cluster } = this.#engine;
    this.#engine.fenceAll();
    for (const task of [...tasks.all()]) cluster.lifecycle.end(task);
  }
}

/** The task is ours again, and nobody has moved its inputs: its stores are as the last commit left them. */
function isUnchanged(task: TaskEntry, now: readonly InputState[] | undefined): boolean {
  if (task.state !== 'suspended' || now === undefined) return false;
  return task.inputs.every((input) =>
    now.some((found) => found.topic === input.topic && found.partition === input.partition && found.committed === input.committed),
  );
}
