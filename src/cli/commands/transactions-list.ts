import type { Command } from 'commander';
import { listTransactions } from '../admin/transactions.ts';
import { collectList, examples, newCommand, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printTable } from '../output.ts';

interface Options extends ConnectOptions {
  readonly state?: readonly string[];
  readonly longerThan?: number;
  readonly json?: boolean;
}

/** `millrace transactions list`. */
export function transactionsListCommand(): Command {
  const command = withConnection(newCommand('list', 'transactional ids and their states').alias('ls'))
    .option('--state <states>', 'only these: Ongoing, Empty, PrepareCommit, CompleteAbort …', collectList)
    .option('--longer-than <ms>', 'only transactions that have been open for longer', wholeNumber(0))
    .option('--json', 'print JSON')
    .action((options: Options) =>
      withClient(options, async (client) => {
        const { state, longerThan } = options;
        const transactions = await listTransactions(client, {
          ...(state !== undefined && { states: state }),
          ...(longerThan !== undefined && { longerThanMs: longerThan }),
        });
        if (options.json === true) printJson({ transactions });
        else {
          printTable(
            ['TRANSACTIONAL-ID', 'COORDINATOR', 'PRODUCER-ID', 'STATE'],
            transactions.map((each) => [each.transactionalId, each.coordinator, each.producerId, each.state]),
          );
        }
      }),
    );
  return examples(command, [['millrace transactions list'], ['millrace transactions list --state Ongoing --longer-than 60000']]);
}
