import type { JobKafka } from '../../src/cli/job-kafka.ts';
import type { BenchSession } from './session/session.ts';
import type { InputTopic, Workload } from './workloads.ts';

/** A loaded topic whose records are counted. */
export interface Input {
  readonly topic: string;
  readonly count: number;
}

/** As Java's producer has it by default: larger batches would be easier on whoever handles batches and not records. */
export const INPUT_BATCH_BYTES = 16 * 1024;
/** So often that batches become hardly larger. */
const DRAIN_EVERY = 64;

/** Creates and fills the input topics of the workloads, each once. Resolves when every record is acknowledged. */
export async function loadInputs({ withFreshKafka, log, progress }: BenchSession, workloads: readonly Workload[]): Promise<void> {
  for (const topic of inputTopics(workloads)) {
    const startedMs = performance.now();
    progress.begin({ workload: 'loading', subject: topic.name, run: 1, runs: 1, records: topic.count, counted: false });
    try {
      await withFreshKafka((kafka) => loadTopic(kafka, topic, (loaded) => progress.committed(loaded)));
    } finally {
      progress.end();
    }
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    log(`loaded ${topic.count.toLocaleString('en-US')} records into ${topic.name} in ${seconds} s`);
  }
}

/** The topics of all workloads, those that several of them read only once. */
export function inputTopics(workloads: readonly Workload[]): InputTopic[] {
  return [...new Map(workloads.flatMap(({ inputs }) => inputs).map((topic) => [topic.name, topic])).values()];
}

async function loadTopic(
  kafka: JobKafka,
  { name, partitions, compacted, count, append, load }: InputTopic,
  onLoaded: (records: number) => void,
): Promise<void> {
  // A compacted topic is not cleaned while the benchmark runs: each subject reads the same records.
  const config = compacted === true ? { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '1' } : { 'retention.ms': '-1' };
  await kafka.createTopics([{ topic: name, partitions, replicationFactor: -1, config }]);
  if (load !== undefined) return load(kafka);
  const writer = await kafka.writer(name, { batchBytes: INPUT_BATCH_BYTES });
  for (let index = 0; index < count; index++) {
    append(writer, index);
    if (index % DRAIN_EVERY !== 0) continue;
    await writer.drain();
    onLoaded(index);
  }
  await writer.flush();
}
