import type { Command } from 'commander';
import { commandGroup } from '../command.ts';
import { groupsDeleteCommand } from './groups-delete.ts';
import { groupsDeleteOffsetsCommand } from './groups-delete-offsets.ts';
import { groupsDescribeCommand } from './groups-describe.ts';
import { groupsListCommand } from './groups-list.ts';
import { groupsResetOffsetsCommand } from './groups-reset-offsets.ts';

/** `millrace groups …`, what Kafka's `kafka-consumer-groups.sh` does. */
export function groupsCommand(): Command {
  return commandGroup('groups', 'list and describe consumer groups, reset and delete their offsets', [
    groupsListCommand(),
    groupsDescribeCommand(),
    groupsResetOffsetsCommand(),
    groupsDeleteCommand(),
    groupsDeleteOffsetsCommand(),
  ]);
}
