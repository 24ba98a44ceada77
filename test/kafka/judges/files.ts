/** Kafka's DumpLogSegments on the broker's own files. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, expectThat, type Judge } from '../judge.ts';
import { Skipped } from '../maven.ts';

const SUFFIXES = ['.log', '.index', '.timeindex', '.txnindex'];

function segmentFiles(bench: Bench, topic: string): string[] {
  const directories = readdirSync(bench.subject.dataDirectory, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && new RegExp(`^${topic}-\\d+$`).test(entry.name),
  );
  return directories.flatMap(({ name }) => {
    const directory = join(bench.subject.dataDirectory, name);
    return readdirSync(directory)
      .filter((file) => SUFFIXES.some((suffix) => file.endsWith(suffix)))
      .map((file) => join(directory, file));
  });
}

async function dump(bench: Bench, files: readonly string[], ...parameters: readonly string[]): Promise<string> {
  return bench.java.mustRun('org.apache.kafka.tools.DumpLogSegments', ['--files', files.join(','), '--print-data-log', ...parameters]);
}

export const fileJudges: readonly Judge[] = [
  {
    name: 'DumpLogSegments on log, index, timeindex and txnindex',
    async run(bench) {
      const topic = bench.name('copier-output');
      const files = segmentFiles(bench, topic);
      if (files.length === 0) throw new Skipped('nothing was copied: TransactionalMessageCopier comes first');
      expectThat(files.length >= 3, `there are only ${files.length} files of ${topic} in ${bench.subject.dataDirectory}`);
      const output = await dump(bench, files);
      expectThat(
        !/Found|mismatch|Non-consecutive|not valid|invalid/i.test(output.replaceAll(/isvalid: true/g, '')),
        'it complains',
        output,
      );
      expectThat(output.includes('endTxnMarker: COMMIT') && output.includes('endTxnMarker: ABORT'), 'there are no markers', output);
      return `${files.length} files`;
    },
  },
  ...(['__consumer_offsets', '__transaction_state'] as const).map(
    (topic): Judge => ({
      name: `DumpLogSegments on ${topic}`,
      async run(bench) {
        const files = segmentFiles(bench, topic).filter((file) => file.endsWith('.log'));
        const decoder = topic === '__consumer_offsets' ? '--offsets-decoder' : '--transaction-log-decoder';
        const output = await dump(bench, files, decoder);
        const decoded = output.split('\n').filter((line) => /payload: .*(version|:)/.test(line));
        expectThat(decoded.length > 0, 'nothing is decoded', output);
        // Millrace keeps blocks of producer ids beside the transactions, with a key version that Kafka passes over.
        expectThat(!/could not decode/i.test(output), 'some of it cannot be decoded', output);
        return `${decoded.length} records decoded`;
      },
    }),
  ),
];
