import type { Command } from 'commander';
import { commandGroup } from '../command.ts';
import { aclsAddCommand } from './acls-add.ts';
import { aclsListCommand } from './acls-list.ts';
import { aclsRemoveCommand } from './acls-remove.ts';

/** `millrace acls …`, what Kafka's `kafka-acls.sh` does. */
export function aclsCommand(): Command {
  return commandGroup('acls', 'list, add and remove access control entries', [aclsListCommand(), aclsAddCommand(), aclsRemoveCommand()]);
}
