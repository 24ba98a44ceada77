import type { Command } from 'commander';
import { commandGroup } from '../command.ts';
import { transactionsAbortCommand } from './transactions-abort.ts';
import { transactionsDescribeCommand } from './transactions-describe.ts';
import { transactionsHangingCommand } from './transactions-hanging.ts';
import { transactionsListCommand } from './transactions-list.ts';
import { transactionsProducersCommand } from './transactions-producers.ts';

/** `millrace transactions …`, what Kafka's `kafka-transactions.sh` does. */
export function transactionsCommand(): Command {
  return commandGroup('transactions', 'list and describe transactions and producers, abort hanging ones', [
    transactionsListCommand(),
    transactionsDescribeCommand(),
    transactionsProducersCommand(),
    transactionsHangingCommand(),
    transactionsAbortCommand(),
  ]);
}
