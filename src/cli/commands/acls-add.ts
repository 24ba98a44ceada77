import type { Command } from 'commander';
import { type AclOptions, grantsOf, withAclPrincipals, withAclResource } from '../acl-options.ts';
import { PATTERN_TYPES, PERMISSIONS } from '../admin/acl-words.ts';
import { type Acl, aclJson, createAcls, printAcls } from '../admin/acls.ts';
import { examples, newCommand, usageError } from '../command.ts';
import { withClient, withConnection } from '../connect-options.ts';
import { printJson } from '../output.ts';

const ANYWHERE = '*';

/** `millrace acls add`. */
export function aclsAddCommand(): Command {
  const command = withAclPrincipals(withAclResource(withConnection(newCommand('add', 'add access control entries'))))
    .option('--producer', 'all that a producer to the --topic needs, and to the --transactional-id')
    .option('--consumer', 'all that a consumer of the --topic in the --group needs')
    .option('--json', 'print JSON')
    .action(async (options: AclOptions) => {
      const acls = aclsOf(options);
      await withClient(options, (client) => createAcls(client, acls));
      if (options.json === true) printJson({ acls: acls.map(aclJson) });
      else printAcls(acls);
    });
  return examples(command, [
    ['millrace acls add --allow-principal User:alice --producer --topic orders'],
    ['millrace acls add --allow-principal User:bob --consumer --topic orders --group billing'],
    ['millrace acls add --allow-principal User:ops --operation describe --topic app- --pattern-type prefixed'],
  ]);
}

function aclsOf(options: AclOptions): Acl[] {
  const patternType = options.patternType ?? PATTERN_TYPES.literal;
  if (patternType !== PATTERN_TYPES.literal && patternType !== PATTERN_TYPES.prefixed)
    throw usageError('--pattern-type must be literal or prefixed here.');
  const { allowPrincipal = [], denyPrincipal = [], allowHost = [ANYWHERE], denyHost = [ANYWHERE] } = options;
  if (allowPrincipal.length + denyPrincipal.length === 0)
    throw usageError('Say who: --allow-principal User:NAME or --deny-principal User:NAME.');
  const who = [
    ...allowPrincipal.flatMap((principal) => allowHost.map((host) => ({ principal, host, permission: PERMISSIONS.allow }))),
    ...denyPrincipal.flatMap((principal) => denyHost.map((host) => ({ principal, host, permission: PERMISSIONS.deny }))),
  ];
  for (const { principal } of who)
    if (!/^[^:]+:.+$/.test(principal)) throw usageError(`Principal "${principal}" must look like User:alice.`);
  return grantsOf(options).flatMap(({ resource, operation }) => who.map((each) => ({ resource, patternType, operation, ...each })));
}
