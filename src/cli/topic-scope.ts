import type { TopicPartition } from '../client/topic-partition.ts';
import { usageError } from './command.ts';
import { parsePartitions } from './partitions.ts';

/** A topic, or some of its partitions, as `orders` or `orders:0,2-4` say it. */
export interface TopicScope {
  readonly topic: string;
  /** Undefined: all. */
  readonly partitions: readonly number[] | undefined;
}

export function parseTopicScopes(texts: readonly string[]): TopicScope[] {
  return texts.map((text) => {
    const [topic = '', partitions, ...rest] = text.split(':');
    if (topic === '' || rest.length > 0) throw usageError(`"${text}" must be a topic, or a topic with partitions as in orders:0,2.`);
    return { topic, partitions: partitions === undefined ? undefined : parsePartitions(partitions.split(',')) };
  });
}

export function inScope(scopes: readonly TopicScope[], { topic, partition }: TopicPartition): boolean {
  return scopes.some((scope) => scope.topic === topic && (scope.partitions?.includes(partition) ?? true));
}
