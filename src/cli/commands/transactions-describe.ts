import type { Command } from 'commander';
import { describeTransaction } from '../admin/transactions.ts';
import { aliasOf, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { isoTime, printJson, printTable } from '../output.ts';

interface Options extends ConnectOptions {
  readonly transactionalId?: string;
  readonly json?: boolean;
}

/** `millrace transactions describe`. */
export function transactionsDescribeCommand(): Command {
  const command = withConnection(newCommand('describe', 'producer, state and partitions of a transactional id'))
    .argument('[id]', 'transactional id')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--transactional-id <id>', 'transactionalId'))
    .action((given: string | undefined, options: Options) => {
      const id = given ?? options.transactionalId;
      if (id === undefined) throw usageError('millrace transactions describe needs a transactional id.');
      return withClient(options, async (client) => {
        const one = await describeTransaction(client, id);
        const startTime = isoTime(one.startTimeMs);
        if (options.json === true) return printJson({ ...one, startTimeMs: one.startTimeMs < 0 ? null : one.startTimeMs });
        const partitions = one.topics.flatMap(({ topic, partitions: list }) => list.map((partition) => `${topic}-${partition}`));
        printTable(
          ['TRANSACTIONAL-ID', 'PRODUCER-ID', 'EPOCH', 'STATE', 'TIMEOUT-MS', 'STARTED', 'PARTITIONS'],
          [[one.transactionalId, one.producerId, one.producerEpoch, one.state, one.timeoutMs, startTime, partitions.join(',')]],
        );
      });
    });
  return examples(command, [['millrace transactions describe payments-1']]);
}
