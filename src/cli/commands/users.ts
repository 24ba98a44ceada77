import type { Command } from 'commander';
import { commandGroup } from '../command.ts';
import { usersDeleteCommand } from './users-delete.ts';
import { usersListCommand } from './users-list.ts';
import { usersSetCommand } from './users-set.ts';

/** `millrace users …`: SCRAM credentials, what `kafka-configs.sh --entity-type users` does. */
export function usersCommand(): Command {
  return commandGroup('users', 'list, set and delete SCRAM credentials', [usersListCommand(), usersSetCommand(), usersDeleteCommand()]);
}
