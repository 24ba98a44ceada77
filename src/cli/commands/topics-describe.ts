import type { Command } from 'commander';
import pc from 'picocolors';
import { type KafkaClient, kafkaFailure, type PartitionInfo, type TopicInfo } from '../../client/index.ts';
import { describeConfigs } from '../admin/resource-configs.ts';
import { aliasOf, collectList, examples, newCommand } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine, printTable, reportFailures } from '../output.ts';

interface Options extends ConnectOptions {
  readonly topic?: readonly string[];
  readonly excludeInternal?: boolean;
  readonly underReplicatedPartitions?: boolean;
  readonly unavailablePartitions?: boolean;
  readonly topicsWithOverrides?: boolean;
  readonly json?: boolean;
}

interface DescribedTopic {
  readonly topic: TopicInfo;
  readonly partitions: readonly PartitionInfo[];
  /** What was set for this topic; defaults are left out. */
  readonly configs: Readonly<Record<string, string | null>>;
}

/** `millrace topics describe`. */
export function topicsDescribeCommand(): Command {
  const command = withConnection(newCommand('describe', 'partitions, leaders, replicas and configs of topics'))
    .argument('[topic...]', 'names; all topics when none is given')
    .option('--exclude-internal', "leave out Kafka's own topics")
    .option('--under-replicated-partitions', 'only partitions of which a replica is not in sync')
    .option('--unavailable-partitions', 'only partitions without a leader')
    .option('--topics-with-overrides', 'only topics with configs of their own')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--topic <name>', 'topic', collectList))
    .action(async (names: string[], options: Options) => {
      const asked = [...names, ...(options.topic ?? [])];
      await withClient(options, async (client) => {
        const { topics } = await client.metadata(asked.length === 0 ? undefined : asked);
        const missing = topics.filter(({ errorCode }) => errorCode !== 0);
        const described: DescribedTopic[] = [];
        for (const topic of topics.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
          if (topic.errorCode !== 0 || (options.excludeInternal === true && topic.isInternal)) continue;
          const one = await describe(client, topic, options);
          if (one !== undefined) described.push(one);
        }
        if (options.json === true) printJson({ topics: described.map(json) });
        else described.forEach(print);
        reportFailures(missing.map(({ name, errorCode }) => kafkaFailure(errorCode, `Describing topic ${name}`)));
      });
    });
  return examples(command, [
    ['millrace topics describe orders'],
    ['millrace topics describe --under-replicated-partitions', 'of all topics'],
    ["millrace topics describe orders --json | jq '.topics[0].configs'"],
  ]);
}

async function describe(client: KafkaClient, topic: TopicInfo, options: Options): Promise<DescribedTopic | undefined> {
  const selected = options.underReplicatedPartitions === true || options.unavailablePartitions === true;
  const partitions = topic.partitions.filter(
    ({ replicas, inSyncReplicas, leader }) =>
      (options.underReplicatedPartitions !== true || inSyncReplicas.length < replicas.length) &&
      (options.unavailablePartitions !== true || leader < 0),
  );
  if (selected && partitions.length === 0) return undefined;
  const entries = await describeConfigs(client, { type: 'topic', name: topic.name });
  const configs = Object.fromEntries(
    entries.filter(({ source }) => source === 'DYNAMIC_TOPIC_CONFIG').map(({ name, value }) => [name, value]),
  );
  if (options.topicsWithOverrides === true && Object.keys(configs).length === 0) return undefined;
  return { topic, partitions, configs };
}

function json({ topic, partitions, configs }: DescribedTopic) {
  return {
    name: topic.name,
    topicId: topic.id,
    internal: topic.isInternal,
    replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
    configs,
    partitions: partitions.map(({ partition, leader, leaderEpoch, replicas, inSyncReplicas, offlineReplicas }) => ({
      partition,
      leader: leader < 0 ? null : leader,
      leaderEpoch,
      replicas,
      inSyncReplicas,
      offlineReplicas,
    })),
  };
}

function print({ topic, partitions, configs }: DescribedTopic): void {
  const set = Object.entries(configs).map(([name, value]) => `${name}=${value}`);
  printLine(
    `${pc.bold(topic.name)}  id ${topic.id}  partitions ${topic.partitions.length}  ` +
      `replication factor ${topic.partitions[0]?.replicas.length ?? 0}  configs ${set.length === 0 ? '-' : set.join(', ')}`,
  );
  printTable(
    ['TOPIC', 'PARTITION', 'LEADER', 'REPLICAS', 'ISR'],
    partitions.map(({ partition, leader, replicas, inSyncReplicas }) => [
      topic.name,
      partition,
      leader < 0 ? 'none' : leader,
      replicas.join(','),
      inSyncReplicas.join(','),
    ]),
  );
}
