import type { Command } from 'commander';
import { type AclOptions, resourcesOf, withAclResource } from '../acl-options.ts';
import { aclJson, deleteAcls, filtersOf, printAcls } from '../admin/acls.ts';
import { aliasOf, collect, examples, newCommand, usageError } from '../command.ts';
import { withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine } from '../output.ts';

/** `millrace acls remove`. */
export function aclsRemoveCommand(): Command {
  const command = withAclResource(withConnection(newCommand('remove', 'remove all access control entries that match').alias('rm')))
    .option('--principal <principal>', 'only entries of this principal, as User:alice; may be repeated', collect)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--allow-principal <principal>', 'principal', collect))
    .addOption(aliasOf('--deny-principal <principal>', 'principal', collect))
    .action((options: AclOptions) => {
      if (resourcesOf(options).length === 0 && options.principal === undefined)
        throw usageError('Say which entries go: name a resource (--topic, --group, --transactional-id, --cluster) or a --principal.');
      return withClient(options, async (client) => {
        const acls = await deleteAcls(client, filtersOf(options));
        if (options.json === true) printJson({ acls: acls.map(aclJson) });
        else if (acls.length === 0) printLine('No entry matches.');
        else printAcls(acls);
      });
    });
  return examples(command, [
    ['millrace acls remove --topic orders --principal User:alice'],
    ['millrace acls remove --topic orders --pattern-type any', 'literal and prefixed ones of that name'],
  ]);
}
