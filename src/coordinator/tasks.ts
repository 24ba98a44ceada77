import type { TaskInput } from '../shard/messages.ts';
import type { FetchedBatch, TopicPartition } from '../transport/transport.ts';

/**
 * The coordinator's record of the tasks this process has: where each runs, under which generation, and how far its
 * inputs are. All state that concerns one task lives in its entry and dies with it.
 */

/**
 * - `starting`: given to a shard, restoring, not processing.
 * - `running`: batches are routed to it.
 * - `suspended`: revoked after a clean commit; keeps its stores in case it comes back.
 */
export type TaskState = 'starting' | 'running' | 'suspended';

export interface InputState {
  readonly topic: string;
  readonly partition: number;
  /** A repartition topic of this application. */
  readonly internal: boolean;
  /** Next offset to process according to the last commit; where reading starts after a failure. */
  committed: number;
  /** Commit metadata: carries the partition time. */
  partitionTimeMs: number;
  /** Next offset to be routed to the shard. */
  routed: number;
  /** Records and bytes that lie in the shard unprocessed. */
  inFlightRecords: number;
  inFlightBytes: number;
  /** What the shard has of it, in the order in which it is processed. */
  inFlight: FetchedBatch[];
  paused: boolean;
  /** Records were polled while the task could not take them: they must be read again from `routed`. */
  missed: boolean;
  /** Reading is being set back: ends reported meanwhile may be of before or after. */
  seeking: boolean;
  /** Offset at which the client last reported the end of the partition; -1 unknown. */
  caughtUpAt: number;
}

export interface TaskEntry {
  readonly id: string;
  readonly subTopology: number;
  readonly partition: number;
  /** The fencing epoch: grows each time the task is given out anew. */
  generation: number;
  shard: number;
  state: TaskState;
  readonly inputs: readonly InputState[];
}

export interface TaskId {
  readonly subTopology: number;
  readonly partition: number;
}

export const taskIdOf = ({ subTopology, partition }: TaskId): string => `${subTopology}_${partition}`;
export const partitionKey = (topic: string, partition: number): string => `${topic}-${partition}`;

interface Routed {
  readonly task: TaskEntry;
  readonly input: InputState;
}

export class TaskTable {
  readonly #tasks = new Map<string, TaskEntry>();
  readonly #byPartition = new Map<string, Routed>();
  #nextGeneration = 1;

  get size(): number {
    return this.#tasks.size;
  }

  /** Input partitions of all tasks. */
  get inputCount(): number {
    return this.#byPartition.size;
  }

  get(id: string): TaskEntry | undefined {
    return this.#tasks.get(id);
  }

  all(): IterableIterator<TaskEntry> {
    return this.#tasks.values();
  }

  ofShard(shard: number): TaskEntry[] {
    return [...this.#tasks.values()].filter((task) => task.shard === shard);
  }

  /** Where records of a partition go; undefined for partitions this process does not own. */
  route(topic: string, partition: number): Routed | undefined {
    return this.#byPartition.get(partitionKey(topic, partition));
  }

  /** A number no other task of this process had before. */
  newGeneration(): number {
    return this.#nextGeneration++;
  }

  add(task: TaskEntry): void {
    this.#tasks.set(task.id, task);
    for (const input of task.inputs) this.#byPartition.set(partitionKey(input.topic, input.partition), { task, input });
  }

  remove(task: TaskEntry): void {
    this.#tasks.delete(task.id);
    for (const input of task.inputs) this.#byPartition.delete(partitionKey(input.topic, input.partition));
  }

  /** All inputs of all tasks that are not suspended. */
  *activeInputs(): IterableIterator<Routed> {
    for (const routed of this.#byPartition.values()) if (routed.task.state !== 'suspended') yield routed;
  }

  /** True while this generation of the task is the one that counts. */
  isCurrent(taskId: string, generation: number): boolean {
    return this.#tasks.get(taskId)?.generation === generation;
  }
}

/** A batch goes to the shard. */
export function sent(input: InputState, batch: FetchedBatch): void {
  input.routed = batch.nextOffset;
  input.inFlightRecords += batch.recordCount;
  input.inFlightBytes += batch.bytes.byteLength;
  input.inFlight.push(batch);
}

/** The shard is done with a batch, the first of those that it has: its memory is given back. */
export function consumed(input: InputState, recordCount: number, bytes: number): void {
  input.inFlightRecords -= recordCount;
  input.inFlightBytes -= bytes;
  input.inFlight.shift()?.release?.();
}

/** A fresh input that starts at `offset`. */
export function newInput(partition: TopicPartition, internal: boolean, offset: number, partitionTimeMs: number): InputState {
  return {
    topic: partition.topic,
    partition: partition.partition,
    internal,
    committed: offset,
    partitionTimeMs,
    routed: offset,
    inFlightRecords: 0,
    inFlightBytes: 0,
    inFlight: [],
    paused: false,
    missed: false,
    seeking: false,
    caughtUpAt: -1,
  };
}

/** Forgets what was routed since the last commit: the shard that had it is gone, or dropped it. */
export function rewind(task: TaskEntry): void {
  for (const input of task.inputs) {
    input.routed = input.committed;
    input.inFlightRecords = 0;
    input.inFlightBytes = 0;
    // Who has it may not have heard yet, so its memory cannot be given back: the collector finds it.
    input.inFlight = [];
    input.caughtUpAt = -1;
  }
}

/** A task's inputs as the shard is told them. */
export function taskInputs(task: TaskEntry): TaskInput[] {
  return task.inputs.map(({ topic, partition, committed, partitionTimeMs }) => ({
    topic,
    partition,
    startOffset: committed,
    partitionTimeMs,
  }));
}
