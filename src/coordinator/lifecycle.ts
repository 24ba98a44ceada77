import { MillraceError } from '../errors.ts';
import { changelogTopic } from '../topology/internal-topics.ts';
import type { Plan } from '../topology/nodes.ts';
import type { GroupConsumer, TopicPartition, Transport } from '../transport/transport.ts';
import type { Restorer, RestoreRequest } from './restorer.ts';
import type { Shards } from './shards.ts';
import { type InputState, newInput, type TaskEntry, type TaskId, type TaskTable, taskIdOf, taskInputs } from './tasks.ts';
import type { Placement } from './placement.ts';
import { decodeCommitMetadata } from '../topology/commit-metadata.ts';

export interface TaskLifecycleOptions {
  readonly applicationId: string;
  readonly plan: Plan;
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  readonly requestTimeoutMs: number;
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

  constructor(transport: Transport, tasks: TaskTable, shards: Shards, restorer: Restorer, placement: Placement, options: TaskLifecycleOptions) {
    this.#transport = transport;
    this.#tasks = tasks;
    this.#shards = shards;
    this.#restorer = restorer;
    this.#placement = placement;
    this.#options = options;
    this.#internal = new Set(options.plan.repartitionTopics.map(({ name }) => `${options.applicationId}-${name}`));
    this.#resetOf = new Map(
      options.plan.subTopologies.flatMap((sub) =>
        sub.sources.flatMap((source) => (source.offsetReset === undefined ? [] : source.topics.map((topic) => [topic.name, source.offsetReset!] as const))),
      ),
    );
  }

  /** Where each input of these tasks starts: the committed offset, or what the reset policy says. */
  async startInputs(ids: readonly TaskId[]): Promise<Map<string, InputState[]>> {
    const partitions = ids.flatMap((id) => this.#placement.inputsOf(id));
    const committed = partitions.length === 0 ? [] : await this.#transport.consumer.committed(partitions, this.#options.requestTimeoutMs);
    const unknown = partitions.filter((partition) => offsetIn(committed, partition) < 0);
    const resets = await this.#resetOffsets(unknown);
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
  async start(task: TaskEntry): Promise<void> {
    const { generation } = task;
    try {
      this.#shards.post(task.shard, { type: 'createTask', taskId: task.id, generation, inputs: taskInputs(task) });
      await this.#restorer.restore(this.#restoreRequests(task));
      if (!this.#tasks.isCurrent(task.id, generation) || task.state !== 'starting') return;
      await this.#seekBack(task);
      if (this.#tasks.isCurrent(task.id, generation) && task.state === 'starting') this.run(task);
    } catch (error) {
      if (this.#tasks.isCurrent(task.id, generation)) this.#options.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Reads again what was polled while the task could not take it; more may come in while this seeks. */
  async #seekBack(task: TaskEntry): Promise<void> {
    for (let input = nextMissed(task); input !== undefined; input = nextMissed(task)) {
      input.missed = false;
      await this.#transport.consumer.seek({ topic: input.topic, partition: input.partition, offset: input.routed });
    }
  }

  /** Lets a task whose stores are as they should be process its input. */
  run(task: TaskEntry): void {
    task.state = 'running';
    this.#shards.post(task.shard, { type: 'runTask', taskId: task.id, generation: task.generation, inputs: taskInputs(task) });
    this.#options.onRunning();
  }

  suspend(task: TaskEntry): void {
    task.state = 'suspended';
    this.#shards.post(task.shard, { type: 'suspendTask', taskId: task.id });
  }

  async end(task: TaskEntry): Promise<void> {
    this.#tasks.remove(task);
    this.#shards.post(task.shard, { type: 'closeTask', taskId: task.id });
    await this.#restorer.cancel(task.id);
  }

  #restoreRequests(task: TaskEntry): RestoreRequest[] {
    const subTopology = this.#options.plan.subTopologies.find((sub) => sub.id === task.subTopology);
    return (subTopology?.stores ?? []).flatMap((store) => {
      const topic = changelogTopic(store, this.#options.applicationId);
      if (topic === undefined) return [];
      const changelog = { topic, partition: task.partition };
      return [{ taskId: task.id, generation: task.generation, shard: task.shard, store: store.name, changelog }];
    });
  }

  async #resetOffsets(partitions: readonly TopicPartition[]): Promise<{ topic: string; partition: number; offset: number }[]> {
    const policyOf = ({ topic }: TopicPartition) =>
      this.#internal.has(topic) ? 'earliest' : (this.#resetOf.get(topic) ?? this.#options.autoOffsetReset);
    const none = partitions.find((partition) => policyOf(partition) === 'none');
    if (none !== undefined) {
      throw new MillraceError('INVALID_STATE', `The group has no committed offset for ${none.topic}-${none.partition} and the reset policy is "none". Commit a start offset or set autoOffsetReset ("auto.offset.reset") to earliest or latest.`, {
        context: { topic: none.topic, partition: none.partition },
      });
    }
    const earliest = partitions.filter((partition) => policyOf(partition) === 'earliest');
    const latest = partitions.filter((partition) => policyOf(partition) === 'latest');
    return [
      ...(earliest.length === 0 ? [] : await this.#transport.admin.listOffsets(earliest, 'earliest')),
      ...(latest.length === 0 ? [] : await this.#transport.admin.listOffsets(latest, 'latest')),
    ];
  }
}

/** Reads all active inputs from where they stand. */
export async function assignInputs(consumer: GroupConsumer, tasks: TaskTable): Promise<void> {
  const inputs = [...tasks.activeInputs()].map(({ input }) => input);
  for (const input of inputs) input.paused = false;
  await consumer.assign(inputs.map(({ topic, partition, routed }) => ({ topic, partition, offset: routed })));
}

const nextMissed = (task: TaskEntry) => task.inputs.find((input) => input.missed);
const same = (a: TopicPartition, b: TopicPartition) => a.topic === b.topic && a.partition === b.partition;

function offsetIn(offsets: readonly { topic: string; partition: number; offset: number }[], partition: TopicPartition): number {
  return offsets.find((entry) => same(entry, partition))?.offset ?? -1;
}
