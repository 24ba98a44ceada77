import { InvalidArgumentError } from 'commander';

/** A topic to make, as `name[:partitions[:replication factor]]` says it; -1 leaves a number to the broker. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
}

/** For a repeatable option. */
export function collectTopicSpec(text: string, previous: readonly TopicSpec[] = []): TopicSpec[] {
  const match = /^([^:]+)(?::(\d+))?(?::(\d+))?$/.exec(text);
  const spec = {
    name: match?.[1] ?? '',
    partitions: match?.[2] === undefined ? -1 : Number(match[2]),
    replicationFactor: match?.[3] === undefined ? -1 : Number(match[3]),
  };
  if (match === null || spec.partitions === 0 || spec.replicationFactor === 0) {
    throw new InvalidArgumentError('It must look like name, name:partitions or name:partitions:replication-factor.');
  }
  return [...previous, spec];
}
