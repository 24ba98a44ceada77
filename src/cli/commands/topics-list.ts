import type { Command } from 'commander';
import { kafkaFailure } from '../../client/index.ts';
import { examples, newCommand } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine, printTable, reportFailures } from '../output.ts';

interface Options extends ConnectOptions {
  readonly excludeInternal?: boolean;
  readonly long?: boolean;
  readonly json?: boolean;
}

/** `millrace topics list`. */
export function topicsListCommand(): Command {
  const command = withConnection(newCommand('list', 'names of all topics, one a line').alias('ls'))
    .option('--exclude-internal', "leave out Kafka's own topics, such as __consumer_offsets")
    .option('-l, --long', 'with id, partitions and replication factor')
    .option('--json', 'print JSON')
    .action(async (options: Options) =>
      withClient(options, async (client) => {
        const { topics } = await client.metadata();
        const shown = topics
          .filter((topic) => !(options.excludeInternal === true && topic.isInternal))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map(({ name, id, isInternal, partitions }) => ({
            name,
            topicId: id,
            internal: isInternal,
            partitions: partitions.length,
            replicationFactor: partitions[0]?.replicas.length ?? 0,
          }));
        if (options.json === true) printJson({ topics: shown });
        else if (options.long === true)
          printTable(
            ['TOPIC', 'PARTITIONS', 'REPLICATION', 'ID'],
            shown.map((topic) => [topic.name, topic.partitions, topic.replicationFactor, topic.topicId]),
          );
        else for (const { name } of shown) printLine(name);
        const broken = topics.filter(({ errorCode }) => errorCode !== 0);
        reportFailures(broken.map(({ name, errorCode }) => kafkaFailure(errorCode, `Listing topic ${name}`)));
      }),
    );
  return examples(command, [['millrace topics list'], ['millrace topics list --long --exclude-internal -b kafka-1:9092']]);
}
