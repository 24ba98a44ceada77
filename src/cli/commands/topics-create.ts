import { type Command, InvalidArgumentError } from 'commander';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import type { MillraceError } from '../../errors.ts';
import { CreateTopics, ErrorCode } from '../../protocol/index.ts';
import { isReady, waitForTopics } from '../admin/wait-for-topics.ts';
import { aliasOf, collect, collectPairs, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { errorJson, printJson, printLine, reportFailures } from '../output.ts';

interface Options extends ConnectOptions {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: Readonly<Record<string, string>>;
  readonly replicaAssignment?: readonly (readonly number[])[];
  readonly ifNotExists?: boolean;
  readonly dryRun?: boolean;
  readonly topic?: readonly string[];
  readonly json?: boolean;
}

interface CreatedTopic {
  readonly name: string;
  readonly topicId: string | null;
  readonly partitions: number | null;
  readonly replicationFactor: number | null;
  /** False: it was there already, or could not be made. */
  readonly created: boolean;
  readonly error?: MillraceError;
}

/** `millrace topics create`. */
export function topicsCreateCommand(): Command {
  const command = withConnection(newCommand('create', 'create topics'))
    .argument('[topic...]', 'names')
    .option('-p, --partitions <n>', "number of partitions (default: the broker's num.partitions)", wholeNumber(1))
    .option(
      '-r, --replication-factor <n>',
      "copies of each partition (default: the broker's default.replication.factor)",
      wholeNumber(1, 32_767),
    )
    .option('-c, --config <name=value>', 'topic config, such as retention.ms=3600000; may be repeated', collectPairs)
    .option('--replica-assignment <b:b,...>', 'brokers of each partition, the leader first: 1:2,2:3', replicaAssignment)
    .option('--if-not-exists', 'leave a topic alone that is there already')
    .option('--dry-run', 'let the broker check the request and make nothing')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--topic <name>', 'topic', collect))
    .addOption(aliasOf('--validate-only', 'dryRun'))
    .action(async (names: string[], options: Options) => {
      const topics = [...names, ...(options.topic ?? [])];
      if (topics.length === 0) throw usageError('millrace topics create needs the name of a topic.');
      if (options.replicaAssignment !== undefined && (options.partitions ?? options.replicationFactor) !== undefined)
        throw usageError(
          '--replica-assignment says how many partitions and replicas there are; leave out --partitions and --replication-factor.',
        );
      await withClient(options, async (client) => print(await create(client, topics, options), options));
    });
  return examples(command, [
    ['millrace topics create orders --partitions 4'],
    ['millrace topics create users --config cleanup.policy=compact --if-not-exists'],
    ['millrace topics create clicks -p 12 -r 3 -c retention.ms=3600000 -b kafka-1:9092'],
  ]);
}

async function create(client: KafkaClient, names: readonly string[], options: Options): Promise<CreatedTopic[]> {
  const { partitions = -1, replicationFactor = -1, config = {}, replicaAssignment: assignment = [], dryRun = false } = options;
  const response = await client.request(
    CreateTopics,
    {
      topics: names.map((name) => ({
        name,
        numPartitions: assignment.length > 0 ? -1 : partitions,
        replicationFactor: assignment.length > 0 ? -1 : replicationFactor,
        assignments: assignment.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      })),
      timeoutMs: client.options.requestTimeoutMs,
      validateOnly: dryRun,
    },
    'controller',
  );
  const results = response.topics.map(({ name, topicId, errorCode, errorMessage, numPartitions, replicationFactor: factor }) => {
    const there = errorCode === ErrorCode.TOPIC_ALREADY_EXISTS && options.ifNotExists === true;
    const made = errorCode === ErrorCode.NONE;
    return {
      name,
      topicId: made && !dryRun ? topicId.toString('base64url') : null,
      partitions: made ? numPartitions : null,
      replicationFactor: made ? factor : null,
      created: made && !dryRun,
      ...(!made && !there && { error: kafkaFailure(errorCode, `Creating topic ${name}`, { message: errorMessage }) }),
    };
  });
  await waitForTopics(
    client,
    results.filter(({ created }) => created).map(({ name }) => name),
    isReady,
  );
  return results;
}

function print(results: readonly CreatedTopic[], options: Options): void {
  const errors = results.flatMap(({ error }) => error ?? []);
  if (options.json === true) {
    printJson({ topics: results.map(({ error, ...topic }) => ({ ...topic, ...(error && { error: errorJson(error) }) })) });
  } else {
    for (const { name, created, partitions, replicationFactor, error } of results) {
      if (error !== undefined) continue;
      if (created) printLine(`Created topic ${name} with ${partitions} partitions, replication factor ${replicationFactor}.`);
      else printLine(options.dryRun === true && partitions !== null ? `Topic ${name} could be created.` : `Topic ${name} exists already.`);
    }
  }
  reportFailures(errors);
}

function replicaAssignment(text: string): number[][] {
  const partitions = text.split(',').map((brokers) => brokers.split(':').map((id) => (/^\d+$/.test(id.trim()) ? Number(id) : Number.NaN)));
  if (partitions.flat().some(Number.isNaN)) throw new InvalidArgumentError('It must name broker ids for each partition, as in 1:2,2:3.');
  return partitions;
}
