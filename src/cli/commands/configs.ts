import type { Command } from 'commander';
import { commandGroup } from '../command.ts';
import { configsAlterCommand } from './configs-alter.ts';
import { configsDescribeCommand } from './configs-describe.ts';

/** `millrace configs …`, what Kafka's `kafka-configs.sh` does. */
export function configsCommand(): Command {
  return commandGroup('configs', 'describe and alter the settings of topics, brokers and groups', [
    configsDescribeCommand(),
    configsAlterCommand(),
  ]);
}
