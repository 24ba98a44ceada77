import { type Command, InvalidArgumentError } from 'commander';
import type { TopicPartition } from '../../client/topic-partition.ts';
import { listOffsets, OFFSET_AT } from '../admin/list-offsets.ts';
import { aliasOf, collect, collectList, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { isoTime, printJson, printTable } from '../output.ts';
import { parsePartitions } from '../partitions.ts';
import { dateTime } from '../records/times.ts';
import { waitForTopic } from '../records/wait-for-topic.ts';

interface Options extends ConnectOptions {
  readonly topic?: readonly string[];
  readonly partitions?: readonly string[];
  readonly time?: number;
  readonly committed?: boolean;
  readonly json?: boolean;
}

const WORDS: Readonly<Record<string, number>> = {
  latest: OFFSET_AT.latest,
  '-1': OFFSET_AT.latest,
  earliest: OFFSET_AT.earliest,
  '-2': OFFSET_AT.earliest,
  'max-timestamp': OFFSET_AT.maxTimestamp,
  '-3': OFFSET_AT.maxTimestamp,
  'earliest-local': OFFSET_AT.earliestLocal,
  '-4': OFFSET_AT.earliestLocal,
  'latest-tiered': OFFSET_AT.latestTiered,
  '-5': OFFSET_AT.latestTiered,
};

/** `millrace offsets`, what Kafka's `kafka-get-offsets.sh` does. */
export function offsetsCommand(): Command {
  const command = withConnection(newCommand('offsets', 'first and next offset of each partition of topics, or the offset at a time'))
    .argument('[topic...]', 'names')
    .option('-p, --partitions <list>', 'only these, as in 0,2-4', collectList)
    .option('--time <time>', 'earliest, latest, max-timestamp, milliseconds or a time in ISO 8601', time)
    .option('--committed', 'the end for readers of committed records: before the first open transaction')
    .option('--json', 'print JSON')
    .addOption(aliasOf('-t, --topic <name>', 'topic', collect))
    .addOption(aliasOf('--topic-partitions <list>', 'partitions', collectList))
    .action(async (names: string[], options: Options) => {
      const topics = [...names, ...(options.topic ?? [])];
      if (topics.length === 0) throw usageError('millrace offsets needs the name of a topic.');
      await withClient(options, async (client) => {
        const partitions: TopicPartition[] = [];
        for (const topic of topics) {
          const info = await waitForTopic(client, topic, false);
          const wanted = options.partitions === undefined ? undefined : parsePartitions(options.partitions);
          for (const { partition } of info.partitions) if (wanted?.includes(partition) ?? true) partitions.push({ topic, partition });
        }
        const ask = (timestampMs: number) =>
          listOffsets(
            client,
            partitions.map((each) => ({ ...each, timestampMs })),
            options.committed === true,
          );
        if (options.time !== undefined) {
          const found = await ask(options.time);
          const rows = found.map(({ topic, partition, offset, recordTimestampMs }) => ({
            topic,
            partition,
            offset: offset < 0 ? null : offset,
            timestamp: recordTimestampMs < 0 ? null : recordTimestampMs,
          }));
          if (options.json === true) return printJson({ partitions: rows });
          return printTable(
            ['TOPIC', 'PARTITION', 'OFFSET', 'TIME'],
            rows.map((row) => [row.topic, row.partition, row.offset, isoTime(row.timestamp ?? -1)]),
          );
        }
        const [starts, ends] = await Promise.all([ask(OFFSET_AT.earliest), ask(OFFSET_AT.latest)]);
        const rows = starts.map(({ topic, partition, offset }, index) => {
          const endOffset = ends[index]?.offset ?? offset;
          return { topic, partition, startOffset: offset, endOffset, count: endOffset - offset };
        });
        if (options.json === true) return printJson({ partitions: rows });
        printTable(
          ['TOPIC', 'PARTITION', 'START', 'END', 'COUNT'],
          rows.map((row) => [row.topic, row.partition, row.startOffset, row.endOffset, row.count]),
        );
      });
    });
  return examples(command, [
    ['millrace offsets orders'],
    ['millrace offsets orders --time 2026-03-01T12:00:00Z', 'the first record of that time or later'],
  ]);
}

function time(text: string): number {
  const word = WORDS[text];
  if (word !== undefined) return word;
  try {
    return dateTime(text);
  } catch {
    throw new InvalidArgumentError('It must be earliest, latest, max-timestamp, milliseconds, or a time like 2026-03-01T12:00:00Z.');
  }
}
