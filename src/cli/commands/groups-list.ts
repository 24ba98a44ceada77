import type { Command } from 'commander';
import { listGroups } from '../admin/groups.ts';
import { collectList, examples, newCommand } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine, printTable } from '../output.ts';

interface Options extends ConnectOptions {
  readonly state?: readonly string[];
  readonly type?: readonly string[];
  readonly long?: boolean;
  readonly json?: boolean;
}

/** `millrace groups list`. */
export function groupsListCommand(): Command {
  const command = withConnection(newCommand('list', 'ids of all groups, one a line').alias('ls'))
    .option('--state <states>', 'only groups in these states: Stable, Empty, PreparingRebalance …', collectList)
    .option('--type <types>', 'only groups of these types: classic, consumer …', collectList)
    .option('-l, --long', 'with type and state')
    .option('--json', 'print JSON')
    .action((options: Options) =>
      withClient(options, async (client) => {
        const groups = await listGroups(client, options.state ?? [], options.type ?? []);
        if (options.json === true) printJson({ groups });
        else if (options.long === true) {
          printTable(
            ['GROUP', 'TYPE', 'PROTOCOL', 'STATE'],
            groups.map(({ groupId, type, protocolType, state }) => [groupId, type, protocolType, state]),
          );
        } else for (const { groupId } of groups) printLine(groupId);
      }),
    );
  return examples(command, [['millrace groups list'], ['millrace groups list --state Empty --long']]);
}
