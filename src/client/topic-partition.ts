/** Partitions by name, and lists of them in the form that requests take. */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
  /** Stored with a committed offset. */
  readonly metadata?: string;
  /** Epoch of the leader that gave out the record before the offset; -1 or undefined: unknown. */
  readonly leaderEpoch?: number;
}

/** A key for maps and sets: topic names have no colon. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}

/** The partitions of `all` that are not in `without`. */
export function withoutPartitions<T extends TopicPartition>(all: readonly T[], without: readonly TopicPartition[]): T[] {
  const keys = new Set(without.map(partitionKey));
  return all.filter((one) => !keys.has(partitionKey(one)));
}

/** What belongs to the same topic, in the order of first appearance. */
export function byTopic<T extends TopicPartition>(all: readonly T[]): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const one of all) {
    const list = topics.get(one.topic);
    if (list === undefined) topics.set(one.topic, [one]);
    else list.push(one);
  }
  return topics;
}

/** Kafka's form of a list of partitions: topics with numbers. */
export function toTopicLists(all: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return [...byTopic(all)].map(([topic, list]) => ({ topic, partitions: list.map(({ partition }) => partition) }));
}

export function fromTopicLists(lists: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): TopicPartition[] {
  return lists.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

/** By topic, then number. */
export function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition;
}
