import { sourceTopicNames } from '../topology/internal-topics.ts';
import type { Plan } from '../topology/nodes.ts';
import type { TopicPartition } from '../transport/transport.ts';
import { type TaskEntry, type TaskId, taskIdOf } from './tasks.ts';

/**
 * From partitions to tasks, and from tasks to shards.
 *
 * The group's assignor knows topics, not tasks: librdkafka takes no assignor of ours. So each sub-topology has a
 * *driver*, its source topic with the most partitions (first by name), and whoever is assigned partition p of the driver
 * owns task p with partition p of every other source topic. A task is thus never split between two processes, whatever
 * the assignor does with topics of different sizes.
 */

export class Placement {
  readonly #sources = new Map<number, readonly string[]>();
  readonly #driverOf = new Map<string, number[]>();
  readonly #partitionCounts: ReadonlyMap<string, number>;

  /** `partitionCounts` must hold every source topic. */
  constructor(plan: Plan, applicationId: string, partitionCounts: ReadonlyMap<string, number>) {
    this.#partitionCounts = partitionCounts;
    for (const subTopology of plan.subTopologies) {
      const topics = sourceTopicNames(subTopology, applicationId);
      this.#sources.set(subTopology.id, topics);
      const driver = topics.reduce((best, topic) => (this.#count(topic) > this.#count(best) ? topic : best));
      this.#driverOf.set(driver, [...(this.#driverOf.get(driver) ?? []), subTopology.id]);
    }
  }

  #count(topic: string): number {
    return this.#partitionCounts.get(topic) ?? 0;
  }

  /** All topics to subscribe to: the broker keeps committed offsets only of topics a group subscribes to (KIP-211). */
  subscription(): string[] {
    return [...new Set([...this.#sources.values()].flat())].sort();
  }

  /** The tasks that come with an assignment. */
  tasksOf(assigned: readonly TopicPartition[]): TaskId[] {
    return assigned.flatMap(({ topic, partition }) => (this.#driverOf.get(topic) ?? []).map((subTopology) => ({ subTopology, partition })));
  }

  /** The input partitions of a task. */
  inputsOf({ subTopology, partition }: TaskId): TopicPartition[] {
    return (this.#sources.get(subTopology) ?? []).filter((topic) => partition < this.#count(topic)).map((topic) => ({ topic, partition }));
  }
}

/**
 * Chooses a shard for each new task: the one with the fewest tasks of the same sub-topology, then the fewest tasks at
 * all, then the lowest number. So each sub-topology is spread over all shards, and a lone task of a second one goes to
 * where there is room.
 */
export function chooseShards(tasks: readonly TaskId[], existing: Iterable<TaskEntry>, shards: number): Map<string, number> {
  const total = new Array<number>(shards).fill(0);
  const perSub = new Map<string, number>();
  const count = (shard: number, subTopology: number) => perSub.get(`${shard}/${subTopology}`) ?? 0;
  const occupy = (shard: number, subTopology: number) => {
    total[shard] = (total[shard] ?? 0) + 1;
    perSub.set(`${shard}/${subTopology}`, count(shard, subTopology) + 1);
  };
  for (const task of existing) occupy(task.shard, task.subTopology);
  const chosen = new Map<string, number>();
  for (const task of [...tasks].sort((a, b) => a.subTopology - b.subTopology || a.partition - b.partition)) {
    let best = 0;
    for (let shard = 1; shard < shards; shard++) {
      const difference = count(shard, task.subTopology) - count(best, task.subTopology);
      if (difference < 0 || (difference === 0 && (total[shard] ?? 0) < (total[best] ?? 0))) best = shard;
    }
    occupy(best, task.subTopology);
    chosen.set(taskIdOf(task), best);
  }
  return chosen;
}
