import type { Command } from 'commander';
import { kafkaFailure } from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import { ErrorCode, WriteTxnMarkers } from '../../protocol/index.ts';
import { describeProducers } from '../admin/transactions.ts';
import { aliasOf, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine } from '../output.ts';

interface Options extends ConnectOptions {
  readonly topic?: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly json?: boolean;
}

/** `millrace transactions abort`. */
export function transactionsAbortCommand(): Command {
  const command = withConnection(newCommand('abort', 'abort a hanging transaction in one partition, past its coordinator'))
    .argument('[topic]', 'name')
    .requiredOption('-p, --partition <n>', 'partition', wholeNumber(0))
    .requiredOption('--start-offset <n>', 'first offset of the transaction', wholeNumber(0))
    .option('--json', 'print JSON')
    .addOption(aliasOf('--topic <name>', 'topic'))
    .action((given: string | undefined, options: Options) => {
      const topic = given ?? options.topic;
      if (topic === undefined) throw usageError('millrace transactions abort needs the name of a topic.');
      return withClient(options, async (client) => {
        const { partition, startOffset } = options;
        const producer = (await describeProducers(client, topic, partition)).find((each) => each.transactionStartOffset === startOffset);
        if (producer === undefined)
          throw new MillraceError('INVALID_STATE', `No open transaction begins at offset ${startOffset} of ${topic}-${partition}.`);
        const { producerId, producerEpoch } = producer;
        const { markers } = await client.request(
          WriteTxnMarkers,
          {
            markers: [
              {
                producerId,
                producerEpoch,
                transactionResult: false,
                topics: [{ name: topic, partitionIndexes: [partition] }],
                // As Kafka's Admin.abortTransaction: an epoch that is not known counts as the first.
                coordinatorEpoch: Math.max(0, producer.coordinatorEpoch),
              },
            ],
          },
          { leader: [topic, partition] },
        );
        const code = markers[0]?.topics[0]?.partitions[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
        if (code !== ErrorCode.NONE) throw kafkaFailure(code, `Aborting the transaction at offset ${startOffset} of ${topic}-${partition}`);
        if (options.json === true) printJson({ topic, partition, startOffset, producerId, producerEpoch, aborted: true });
        else printLine(`Aborted the transaction of producer ${producerId} in ${topic}-${partition}.`);
      });
    });
  return examples(command, [['millrace transactions abort payments --partition 0 --start-offset 1234']]);
}
