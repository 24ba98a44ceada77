import type { Command } from 'commander';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { CreatePartitions } from '../../protocol/index.ts';
import { alterConfigs, type ConfigChange } from '../admin/resource-configs.ts';
import { waitForTopics } from '../admin/wait-for-topics.ts';
import { aliasOf, collectList, collectPairs, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends ConnectOptions {
  readonly topic?: string;
  readonly partitions?: number;
  readonly config?: Readonly<Record<string, string>>;
  readonly deleteConfig?: readonly string[];
  readonly json?: boolean;
}

/** `millrace topics alter`. */
export function topicsAlterCommand(): Command {
  const command = withConnection(newCommand('alter', 'add partitions to a topic, change its configs'))
    .argument('[topic]', 'name')
    .option('-p, --partitions <n>', 'new number of partitions; it can only grow', wholeNumber(1))
    .option('-c, --config <name=value>', 'config to set; may be repeated', collectPairs)
    .option('--delete-config <name>', 'config that gets its default back; may be repeated', collectList)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--topic <name>', 'topic'))
    .action(async (name: string | undefined, options: Options) => {
      const topic = name ?? options.topic;
      if (topic === undefined) throw usageError('millrace topics alter needs the name of a topic.');
      const changes: ConfigChange[] = [
        ...Object.entries(options.config ?? {}),
        ...(options.deleteConfig ?? []).map((each): ConfigChange => [each, null]),
      ];
      if (options.partitions === undefined && changes.length === 0)
        throw usageError('Nothing to alter: give --partitions, --config or --delete-config.');
      await withClient(options, async (client) => {
        if (options.partitions !== undefined) await addPartitions(client, topic, options.partitions);
        if (changes.length > 0) await alterConfigs(client, { type: 'topic', name: topic }, changes);
      });
      if (options.json === true) printJson({ topic, partitions: options.partitions ?? null, configs: Object.fromEntries(changes) });
      else printLine(`Altered topic ${topic}.`);
    });
  return examples(command, [
    ['millrace topics alter orders --partitions 8'],
    ['millrace topics alter orders --config retention.ms=3600000 --delete-config cleanup.policy'],
  ]);
}

async function addPartitions(client: KafkaClient, topic: string, count: number): Promise<void> {
  const { results } = await client.request(
    CreatePartitions,
    { topics: [{ name: topic, count, assignments: null }], timeoutMs: client.options.requestTimeoutMs, validateOnly: false },
    'controller',
  );
  const [result] = results;
  if (result === undefined || result.errorCode !== 0)
    throw kafkaFailure(result?.errorCode ?? -1, `Adding partitions to topic ${topic}`, { message: result?.errorMessage });
  await waitForTopics(client, [topic], ({ partitions }) => partitions.length >= count);
}
