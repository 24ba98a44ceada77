import type { LoadClient, LoadResult } from '../load.ts';
import type { BenchRow } from '../rows.ts';
import { runProcess } from '../run-process.ts';

const LIMIT_MS = 600_000;
/** Heap as in Kafka's own scripts; without a log4j configuration only errors are shown. */
const JVM_OPTIONS = ['-Xmx512M', '-Xms512M', '-XX:+UseG1GC'];

/** Kafka's own ProducerPerformance and ConsumerPerformance, with the settings they have by themselves (acks=all, idempotent). */
export function kafkaPerfTools(classPath: string): LoadClient {
  const run = (tool: string, parameters: readonly string[]) =>
    runProcess('java', [...JVM_OPTIONS, '-cp', classPath, `org.apache.kafka.tools.${tool}`, ...parameters], LIMIT_MS);
  return {
    name: "Kafka's ProducerPerformance and ConsumerPerformance",
    async produce(servers, topic, row, payloadFile) {
      const output = await run('ProducerPerformance', [
        ...['--bootstrap-server', servers, '--topic', topic, '--payload-file', payloadFile],
        ...['--num-records', String(row.records), '--throughput', '-1'],
        ...['--command-property', `compression.type=${row.compression}`],
      ]);
      return producerResult(output);
    },
    async consume(servers, topic, row) {
      const output = await run('ConsumerPerformance', [
        ...['--bootstrap-server', servers, '--topic', topic, '--num-records', String(row.records)],
        ...['--timeout', '60000', '--hide-header', '--reporting-interval', '600000'],
      ]);
      return consumerResult(output, row);
    },
  };
}

/** `… records sent, 1234.5 records/sec (0.12 MB/sec), …`: the last such line is the summary. */
export function producerResult(output: string): LoadResult {
  const summary = [...output.matchAll(/([\d.]+) records\/sec \(([\d.]+) MB\/sec\)/g)].at(-1);
  if (summary === undefined) throw new Error(`ProducerPerformance said nothing of its speed: ${output.slice(-2_000)}`);
  return { recordsPerSecond: Number(summary[1]), mebibytesPerSecond: Number(summary[2]) };
}

/** A line of comma separated values; the last three are the time of fetching without joining the group, and its speeds. */
export function consumerResult(output: string, row: BenchRow): LoadResult {
  const line = output
    .trim()
    .split('\n')
    .findLast((candidate) => /^\d{4}-\d\d-\d\d /.test(candidate));
  const fields = line?.split(',').map((field) => field.trim()) ?? [];
  const [consumed, mebibytesPerSecond, recordsPerSecond] = [Number(fields[4]), Number(fields[8]), Number(fields[9])];
  if (!(consumed >= row.records)) throw new Error(`ConsumerPerformance consumed ${consumed} of ${row.records}: ${output.slice(-2_000)}`);
  return { recordsPerSecond, mebibytesPerSecond };
}
