import { type Command, Option } from 'commander';
import { SCRAM_MECHANISMS } from '../../protocol/index.ts';
import { alterScramCredentials } from '../admin/scram-credentials.ts';
import { examples, newCommand } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends ConnectOptions {
  readonly mechanism: string;
  readonly json?: boolean;
}

/** `millrace users delete`. */
export function usersDeleteCommand(): Command {
  const command = withConnection(newCommand('delete', "delete a user's SCRAM password").alias('rm'))
    .argument('<user>', 'name')
    .addOption(
      new Option('--mechanism <name>', 'SCRAM mechanism').choices(SCRAM_MECHANISMS.map(({ name }) => name)).default('SCRAM-SHA-256'),
    )
    .option('--json', 'print JSON')
    .action(async (user: string, options: Options) => {
      const type = SCRAM_MECHANISMS.find(({ name }) => name === options.mechanism)?.type ?? 0;
      await withClient(options, (client) =>
        alterScramCredentials(client, `Deleting the password of user ${user}`, { deletions: [{ name: user, mechanism: type }] }),
      );
      if (options.json === true) printJson({ user, mechanism: options.mechanism, deleted: true });
      else printLine(`Deleted the ${options.mechanism} password of user ${user}.`);
    });
  return examples(command, [['millrace users delete alice'], ['millrace users delete bob --mechanism SCRAM-SHA-512']]);
}
