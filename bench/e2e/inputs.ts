import type { JobKafka } from '../../src/cli/job-kafka.ts';
import type { InputTopic, Workload } from './workloads.ts';

/** A loaded topic whose records are counted. */
export interface Input {
  readonly topic: string;
  readonly count: number;
}

const DRAIN_EVERY = 1_000;

/** Creates and fills the input topics of the workloads, each once. Resolves when every record is acknowledged. */
export async function loadInputs(kafka: JobKafka, workloads: readonly Workload[], log: (line: string) => void): Promise<void> {
  const topics = new Map(workloads.flatMap(({ inputs }) => inputs).map((topic) => [topic.name, topic]));
  for (const topic of topics.values()) {
    const startedMs = performance.now();
    await loadTopic(kafka, topic);
    log(
      `loaded ${topic.count.toLocaleString('en-US')} records into ${topic.name} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    );
  }
}

async function loadTopic(kafka: JobKafka, { name, partitions, compacted, count, append }: InputTopic): Promise<void> {
  const config = compacted === true ? { 'cleanup.policy': 'compact' } : { 'retention.ms': '-1' };
  await kafka.createTopics([{ topic: name, partitions, replicationFactor: -1, config }]);
  const writer = await kafka.writer(name);
  for (let index = 0; index < count; index++) {
    append(writer, index);
    if (index % DRAIN_EVERY === 0) await writer.drain();
  }
  await writer.flush();
}
