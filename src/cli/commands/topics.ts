import type { Command } from 'commander';
import { commandGroup } from '../command.ts';
import { topicsAlterCommand } from './topics-alter.ts';
import { topicsCreateCommand } from './topics-create.ts';
import { topicsDeleteCommand } from './topics-delete.ts';
import { topicsDescribeCommand } from './topics-describe.ts';
import { topicsListCommand } from './topics-list.ts';
import { topicsTrimCommand } from './topics-trim.ts';

/** `millrace topics …`, what Kafka's `kafka-topics.sh` and `kafka-delete-records.sh` do. */
export function topicsCommand(): Command {
  return commandGroup('topics', 'create, list, describe, alter and delete topics', [
    topicsCreateCommand(),
    topicsListCommand(),
    topicsDescribeCommand(),
    topicsAlterCommand(),
    topicsDeleteCommand(),
    topicsTrimCommand(),
  ]);
}
