import type { Command } from 'commander';
import { type AclOptions, withAclResource } from '../acl-options.ts';
import { aclJson, describeAcls, filtersOf, printAcls } from '../admin/acls.ts';
import { aliasOf, collect, examples, newCommand } from '../command.ts';
import { withClient, withConnection } from '../connect-options.ts';
import { printJson } from '../output.ts';

/** `millrace acls list`. */
export function aclsListCommand(): Command {
  const command = withAclResource(withConnection(newCommand('list', 'access control entries, all or those of some resources').alias('ls')))
    .option('--principal <principal>', 'only entries of this principal, as User:alice; may be repeated', collect)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--allow-principal <principal>', 'principal', collect))
    .action((options: AclOptions) =>
      withClient(options, async (client) => {
        const acls = await describeAcls(client, filtersOf(options));
        if (options.json === true) printJson({ acls: acls.map(aclJson) });
        else printAcls(acls);
      }),
    );
  return examples(command, [
    ['millrace acls list'],
    ['millrace acls list --topic orders --pattern-type match', 'all entries that apply to the topic'],
  ]);
}
