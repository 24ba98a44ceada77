import { topologyOf } from './topologies.ts';

const OUTPUT = 'output';

/**
 * Whether Kafka Streams makes of its definition what Millrace makes of ours: the names of those whose `describe()` differs,
 * letter by letter.
 */
export function differentTopologies(
  workloads: readonly string[],
  describeInJava: (workloads: readonly string[], output: string) => string[],
): string[] {
  const theirs = describeInJava(workloads, OUTPUT);
  return workloads.filter((workload, index) => topologyOf(workload, OUTPUT).build().describe().toString().trim() !== theirs[index]?.trim());
}
