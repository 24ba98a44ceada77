import { setImmediate as nextTurn } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import { decodeCommitMetadata } from '../topology/commit-metadata.ts';
import { changelogTopic } from '../topology/internal-topics.ts';
import type { Plan } from '../topology/nodes.ts';
import type { GroupConsumer, TopicPartition, Transport } from '../transport/transport.ts';
import type { Placement } from './placement.ts';
import type { RestoreRequest, Restorer } from './restorer.ts';
import { retrying } from './retrying.ts';
import type { Shards } from './shards.ts';
import { type InputState, newInput, type TaskEntry, type TaskId, type TaskTable, taskIdOf, taskInputs } from './tasks.ts';

export interface TaskLifecycleOptions {
  readonly applicationId: string;
  readonly plan: Plan;
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  /** How long to wait for committed offsets: a dead owner's transaction over them has to time out first. */
  readonly committedTimeoutMs: number;
  /** How long retriable trouble is retried. */
  readonly taskTimeoutMs: number;
  readonly isActive: () => boolean;
  readonly log: (level: 'warn', message: string) => void;
  /** Called when a task has begun to run. */
  readonly onRunning: () => void;
  readonly onError: (error: Error) => void;
}

/** Makes, starts, suspends and ends tasks: the steps that a rebalance and a recovery are built from. */
export class TaskLifecycle {
  readonly #transport: Transport;
  readonly #tasks: TaskTable;
  readonly #shards: Shards;
  readonly #restorer: Restorer;
  readonly #placement: Placement;
  readonly #options: TaskLifecycleOptions;
  readonly #internal: ReadonlySet<string>;
  readonly #resetOf: ReadonlyMap<string, 'earliest' | 'latest' | 'none'>;

  constructor(
    transport: Transport,
    tasks: TaskTable,
    shards: Shards,
    restorer: Restorer,
    placement: Placement,
    options: TaskLifecycleOptions,
  ) {
    this.#transport = transport;
    this.#tasks = tasks;
    this.#shards = shards;
    this.#restorer = restorer;
    this.#placement = placement;
    this.#options = options;
    this.#internal = new Set(options.plan.repartitionTopics.map(({ name }) => `${options.applicationId}-${name}`));
    this.#resetOf = new Map(
      options.plan.subTopologies.flatMap((sub) =>
        sub.sources.flatMap((source) =>
          source.offsetReset === undefined ? [] : source.topics.map((topic) => [topic.name, source.offsetReset!] as const),
        ),
      ),
    );
  }

  /** Where each input of these tasks starts: the committed offset, or what the reset policy says. */
  async startInputs(ids: readonly TaskId[]): Promise<Map<string, InputState[]>> {
    const partitions = ids.flatMap((id) => this.#placement.inputsOf(id));
    const committed = await this.#retrying(this.#options.isActive, async () =>
      partitions.length === 0 ? [] : this.#transport.consumer.committed(partitions, this.#options.committedTimeoutMs),
    );
    const unknown = partitions.filter((partition) => offsetIn(committed, partition) < 0);
    const resets = await this.#retrying(this.#options.isActive, () => this.#resetOffsets(unknown));
    const result = new Map<string, InputState[]>();
    for (const id of ids) {
      result.set(
        taskIdOf(id),
        this.#placement.inputsOf(id).map((partition) => {
          const found = committed.find((entry) => same(entry, partition) && entry.offset >= 0);
          const offset = found?.offset ?? offsetIn(resets, partition);
          return newInput(partition, this.#internal.has(partition.topic), offset, decodeCommitMetadata(found?.metadata));
        }),
      );
    }
    return result;
  }

  /** Restores the task's stores, then lets it run. Resolves early when the task was taken away meanwhile. */
  start(task: TaskEntry): Promise<void> {
    this.#shards.post(task.shard, { type: 'createTask', taskId: task.id, generation: task.generation, inputs: taskInputs(task) });
    return this.#begin(task, async (isWanted) => {
      const { id, generation } = task;
      return this.#retrying(isWanted, async () => isWanted() && this.#restorer.restore(id, generation, this.#restoreRequests(task)));
    });
  }

  /** Lets a task run that kept its stores. */
  resume(task: TaskEntry): Promise<void> {
    return this.#begin(task, async () => true);
  }

  async #begin(task: TaskEntry, prepare: (isWanted: () => boolean) => Promise<boolean>): Promise<void> {
    const { generation } = task;
    const isWanted = () => this.#options.isActive() && this.#tasks.isCurrent(task.id, generation) && task.state === 'starting';
    try {
      if (!(await prepare(isWanted))) return;
      while (isWanted() && (await this.#seekBack(task, isWanted)));
      if (isWanted()) this.#run(task);
    } catch (error) {
      if (isWanted()) this.#options.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /**
   * Reads one input again from where the task stands, if records were polled that it could not take; false when there is
   * none. The partition is paused meanwhile, so this comes to an end.
   */
  async #seekBack(task: TaskEntry, isWanted: () => boolean): Promise<boolean> {
    const input = task.inputs.find((candidate) => candidate.missed);
    if (input === undefined) return false;
    const { topic, partition, routed } = input;
    input.missed = false;
    input.seeking = true;
    input.caughtUpAt = -1;
    try {
      await this.#retrying(isWanted, () => this.#transport.consumer.seek({ topic, partition, offset: routed }));
      // What a poll had returned already is on its way to the pump: it must find the task not running yet.
      await nextTurn();
    } finally {
      input.seeking = false;
    }
    return true;
  }

  #retrying<T>(isWanted: () => boolean, work: () => Promise<T>): Promise<T> {
    const onRetry = (error: Error) => this.#options.log('warn', `Tried again: ${error.message}`);
    return retrying(work, { timeoutMs: this.#options.taskTimeoutMs, isWanted, onRetry });
  }

  /** Lets a task whose stores are as they should be process its input. */
  #run(task: TaskEntry): void {
    task.state = 'running';
    const { id: taskId, generation } = task;
    this.#shards.post(task.shard, { type: 'runTask', taskId, generation, inputs: taskInputs(task) });
    for (const { topic, partition, caughtUpAt: offset } of task.inputs) {
      if (offset >= 0) this.#shards.post(task.shard, { type: 'caughtUp', taskId, generation, topic, partition, offset });
    }
    this.#options.onRunning();
  }

  end(task: TaskEntry): void {
    this.#tasks.remove(task);
    this.#shards.post(task.shard, { type: 'closeTask', taskId: task.id });
    this.#restorer.cancel(task.id);
  }

  #restoreRequests(task: TaskEntry): RestoreRequest[] {
    const subTopology = this.#options.plan.subTopologies.find((sub) => sub.id === task.subTopology);
    return (subTopology?.stores ?? []).flatMap((store) => {
      const topic = changelogTopic(store, this.#options.applicationId);
      if (topic === undefined) return [];
      const changelog = { topic, partition: task.partition };
      const request = { taskId: task.id, generation: task.generation, shard: task.shard, store: store.name, changelog };
      const input = task.inputs.find((candidate) => same(candidate, changelog));
      return [input === undefined ? request : { ...request, limitOffset: input.committed }];
    });
  }

  async #resetOffsets(partitions: readonly TopicPartition[]): Promise<{ topic: string; partition: number; offset: number }[]> {
    const policyOf = ({ topic }: TopicPartition) =>
      this.#internal.has(topic) ? 'earliest' : (this.#resetOf.get(topic) ?? this.#options.autoOffsetReset);
    const none = partitions.find((partition) => policyOf(partition) === 'none');
    if (none !== undefined) {
      throw new MillraceError(
        'INVALID_STATE',
        `The group has no committed offset for ${none.topic}-${none.partition} and the reset policy is "none". Commit a start offset or set autoOffsetReset ("auto.offset.reset") to earliest or latest.`,
        {
          context: { topic: none.topic, partition: none.partition },
        },
      );
    }
    const earliest = partitions.filter((partition) => policyOf(partition) === 'earliest');
    const latest = partitions.filter((partition) => policyOf(partition) === 'latest');
    return [
      ...(earliest.length === 0 ? [] : await this.#transport.admin.listOffsets(earliest, 'earliest')),
      ...(latest.length === 0 ? [] : await this.#transport.admin.listOffsets(latest, 'latest')),
    ];
  }
}

/** Reads all active inputs from where they stand. Nothing else may pause or resume partitions meanwhile. */
export async function assignInputs(consumer: GroupConsumer, tasks: TaskTable): Promise<void> {
  const inputs = [...tasks.activeInputs()].map(({ input }) => input);
  for (const input of inputs) input.paused = false;
  await consumer.assign(inputs.map(({ topic, partition, routed }) => ({ topic, partition, offset: routed })));
}

const same = (a: TopicPartition, b: TopicPartition) => a.topic === b.topic && a.partition === b.partition;

function offsetIn(offsets: readonly { topic: string; partition: number; offset: number }[], partition: TopicPartition): number {
  return offsets.find((entry) => same(entry, partition))?.offset ?? -1;
}
