import type { Command } from 'commander';
import { fetchOffsets } from '../../client/group/index.ts';
import { kafkaFailure } from '../../client/index.ts';
import { byTopic } from '../../client/topic-partition.ts';
import { OffsetDelete } from '../../protocol/index.ts';
import { aliasOf, collect, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { errorJson, printJson, printTable, reportFailures } from '../output.ts';
import { inScope, parseTopicScopes } from '../topic-scope.ts';

interface Options extends ConnectOptions {
  readonly topic?: readonly string[];
  readonly group?: string;
  readonly json?: boolean;
}

/** `millrace groups delete-offsets`. */
export function groupsDeleteOffsetsCommand(): Command {
  const command = withConnection(newCommand('delete-offsets', 'delete what a group has committed for topics it does not read now'))
    .argument('[group]', 'id')
    .option('-t, --topic <topic[:partitions]>', 'topic, or some partitions of it as in orders:0,2; may be repeated', collect)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--group <id>', 'group'))
    .action(async (id: string | undefined, options: Options) => {
      const groupId = id ?? options.group;
      if (groupId === undefined || options.topic === undefined)
        throw usageError('millrace groups delete-offsets needs the id of a group and --topic.');
      const scopes = parseTopicScopes(options.topic);
      await withClient(options, async (client) => {
        const chosen = (await fetchOffsets(client, groupId)).filter((each) => inScope(scopes, each));
        const topics = [...byTopic(chosen)].map(([name, list]) => ({
          name,
          partitions: list.map(({ partition }) => ({ partitionIndex: partition })),
        }));
        const response = await client.request(
          OffsetDelete,
          { groupId, topics },
          { coordinator: ['group', groupId] },
          { errorOf: ({ errorCode }) => errorCode },
        );
        const results = response.topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex: partition, errorCode }) => ({
            topic: name,
            partition,
            error:
              errorCode === 0 ? undefined : kafkaFailure(errorCode, `Deleting the offset of group ${groupId} for ${name}-${partition}`),
          })),
        );
        if (options.json === true) {
          const partitions = results.map(({ error, ...each }) => ({
            ...each,
            deleted: error === undefined,
            ...(error && { error: errorJson(error) }),
          }));
          printJson({ groupId, partitions });
        } else {
          printTable(
            ['GROUP', 'TOPIC', 'PARTITION', 'DELETED'],
            results.map(({ topic, partition, error }) => [groupId, topic, partition, error === undefined ? 'yes' : 'no']),
          );
        }
        reportFailures(results.flatMap(({ error }) => error ?? []));
      });
    });
  return examples(command, [['millrace groups delete-offsets billing --topic orders']]);
}
