import type { Command } from 'commander';
import type { KafkaClient } from '../../client/index.ts';
import { kafkaFailure } from '../../client/index.ts';
import type { MillraceError } from '../../errors.ts';
import { DeleteGroups, ErrorCode } from '../../protocol/index.ts';
import { aliasOf, collectList, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { errorJson, printJson, printLine, reportFailures } from '../output.ts';

interface Options extends ConnectOptions {
  readonly group?: readonly string[];
  readonly json?: boolean;
}

/** `millrace groups delete`. */
export function groupsDeleteCommand(): Command {
  const command = withConnection(newCommand('delete', 'delete groups that have no members, with their offsets').alias('rm'))
    .argument('[group...]', 'ids')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--group <id>', 'group', collectList))
    .action(async (ids: string[], options: Options) => {
      const groups = [...ids, ...(options.group ?? [])];
      if (groups.length === 0) throw usageError('millrace groups delete needs the id of a group.');
      await withClient(options, async (client) => {
        const results = await Promise.all(groups.map(async (groupId) => ({ groupId, error: await deleteGroup(client, groupId) })));
        if (options.json === true) {
          printJson({
            groups: results.map(({ groupId, error }) => ({
              groupId,
              deleted: error === undefined,
              ...(error && { error: errorJson(error) }),
            })),
          });
        } else {
          for (const { groupId, error } of results) if (error === undefined) printLine(`Deleted group ${groupId}.`);
        }
        reportFailures(results.flatMap(({ error }) => error ?? []));
      });
    });
  return examples(command, [['millrace groups delete billing']]);
}

async function deleteGroup(client: KafkaClient, groupId: string): Promise<MillraceError | undefined> {
  const { results } = await client.request(DeleteGroups, { groupsNames: [groupId] }, { coordinator: ['group', groupId] });
  const code = results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
  if (code === ErrorCode.NONE) return undefined;
  const message = code === ErrorCode.NON_EMPTY_GROUP ? 'It has members; stop them first.' : undefined;
  return kafkaFailure(code, `Deleting group ${groupId}`, { message, context: { groupId } });
}
