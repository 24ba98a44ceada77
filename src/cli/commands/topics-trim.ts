import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import { DeleteRecords } from '../../protocol/index.ts';
import { aliasOf, collectList, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { errorJson, printJson, printTable, reportFailures } from '../output.ts';
import { parsePartitions } from '../partitions.ts';

interface Options extends ConnectOptions {
  readonly partitions?: readonly string[];
  readonly before?: number;
  readonly all?: boolean;
  readonly offsetJsonFile?: string;
  readonly json?: boolean;
}

interface Cut {
  readonly topic: string;
  readonly partition: number;
  /** First offset that stays; -1: the end. */
  readonly offset: number;
}

/** DeleteRecords takes -1 for the high watermark. */
const TO_THE_END = -1;

/** `millrace topics trim`. */
export function topicsTrimCommand(): Command {
  const command = withConnection(newCommand('trim', 'delete the oldest records of a topic'))
    .argument('[topic]', 'name')
    .option('--partitions <list>', 'only these, as in 0,2-4 (default: all)', collectList)
    .option('--before <offset>', 'delete the records below this offset', wholeNumber(0))
    .option('--all', 'delete all records there are now')
    .option('--offset-json-file <file>', 'offsets by partition, in the format of kafka-delete-records.sh')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--partition <list>', 'partitions', collectList))
    .action(async (topic: string | undefined, options: Options) => {
      const ways = [options.before, options.all, options.offsetJsonFile].filter((way) => way !== undefined);
      if (ways.length !== 1) throw usageError('Say which records go: one of --before OFFSET, --all and --offset-json-file FILE.');
      if ((topic === undefined) !== (options.offsetJsonFile !== undefined))
        throw usageError('Give the name of a topic, or a file that names topics.');
      await withClient(options, async (client) => {
        await trim(
          client,
          topic === undefined ? cutsOfFile(options.offsetJsonFile ?? '') : await cutsOf(client, topic, options),
          options.json,
        );
      });
    });
  return examples(command, [
    ['millrace topics trim orders --before 1000 --partitions 0'],
    ['millrace topics trim orders --all', 'an empty topic, and its offsets go on'],
  ]);
}

async function cutsOf(client: KafkaClient, topic: string, { partitions, before }: Options): Promise<Cut[]> {
  const [info] = (await client.metadata([topic])).topics;
  if (info === undefined || info.errorCode !== 0) throw kafkaFailure(info?.errorCode ?? 3, `Trimming topic ${topic}`);
  const chosen = partitions === undefined ? info.partitions.map(({ partition }) => partition) : parsePartitions(partitions);
  return chosen.map((partition) => ({ topic, partition, offset: before ?? TO_THE_END }));
}

/** `{"partitions": [{"topic": "a", "partition": 0, "offset": 5}], "version": 1}`. */
function cutsOfFile(path: string): Cut[] {
  try {
    const { partitions } = JSON.parse(readFileSync(path, 'utf8')) as { partitions: Cut[] };
    if (
      partitions.every(
        ({ topic, partition, offset }) => typeof topic === 'string' && Number.isInteger(partition) && Number.isInteger(offset),
      )
    )
      return partitions;
  } catch (cause) {
    throw new MillraceError('INVALID_CONFIG', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  throw new MillraceError('INVALID_CONFIG', `${path} must look like {"partitions": [{"topic": "orders", "partition": 0, "offset": 5}]}.`);
}

async function trim(client: KafkaClient, cuts: readonly Cut[], json: boolean | undefined): Promise<void> {
  const results = await Promise.all(
    cuts.map(async ({ topic, partition, offset }) => {
      const response = await client.request(
        DeleteRecords,
        { topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }], timeoutMs: client.options.requestTimeoutMs },
        { leader: [topic, partition] },
      );
      const result = response.topics[0]?.partitions[0];
      const code = result?.errorCode ?? -1;
      if (code === 0) return { topic, partition, lowWatermark: result?.lowWatermark ?? -1 };
      return { topic, partition, lowWatermark: null, error: kafkaFailure(code, `Trimming ${topic}-${partition}`) };
    }),
  );
  if (json === true)
    printJson({ partitions: results.map(({ error, ...rest }) => ({ ...rest, ...(error && { error: errorJson(error) }) })) });
  else {
    const done = results.filter(({ error }) => error === undefined);
    printTable(
      ['TOPIC', 'PARTITION', 'FIRST OFFSET'],
      done.map((each) => [each.topic, each.partition, each.lowWatermark]),
    );
  }
  reportFailures(results.flatMap(({ error }) => error ?? []));
}
