import type { Command } from 'commander';
import { type ActiveProducer, describeProducers } from '../admin/transactions.ts';
import { aliasOf, collectList, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { isoTime, printJson, printTable } from '../output.ts';
import { parsePartitions } from '../partitions.ts';
import { waitForTopic } from '../records/wait-for-topic.ts';

interface Options extends ConnectOptions {
  readonly topic?: string;
  readonly partitions?: readonly string[];
  readonly json?: boolean;
}

/** `millrace transactions producers`. */
export function transactionsProducersCommand(): Command {
  const command = withConnection(
    newCommand('producers', 'idempotent and transactional producers that the partitions of a topic remember').alias('describe-producers'),
  )
    .argument('[topic]', 'name')
    .option('-p, --partitions <list>', 'only these, as in 0,2-4', collectList)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--topic <name>', 'topic'))
    .addOption(aliasOf('--partition <list>', 'partitions', collectList))
    .action((given: string | undefined, options: Options) => {
      const topic = given ?? options.topic;
      if (topic === undefined) throw usageError('millrace transactions producers needs the name of a topic.');
      return withClient(options, async (client) => {
        const info = await waitForTopic(client, topic, false);
        const partitions =
          options.partitions === undefined ? info.partitions.map(({ partition }) => partition) : parsePartitions(options.partitions);
        const producers = (await Promise.all(partitions.map((partition) => describeProducers(client, topic, partition)))).flat();
        if (options.json === true) printJson({ producers: producers.map(json) });
        else {
          printTable(
            ['TOPIC', 'PARTITION', 'PRODUCER-ID', 'EPOCH', 'LAST-SEQUENCE', 'LAST-TIME', 'COORDINATOR-EPOCH', 'TRANSACTION-START'],
            producers.map((each) => [
              topic,
              each.partition,
              each.producerId,
              each.producerEpoch,
              each.lastSequence,
              isoTime(each.lastTimestampMs),
              each.coordinatorEpoch,
              each.transactionStartOffset < 0 ? null : each.transactionStartOffset,
            ]),
          );
        }
      });
    });
  return examples(command, [['millrace transactions producers payments --partitions 0']]);
}

function json({ transactionStartOffset, ...producer }: ActiveProducer) {
  return { ...producer, transactionStartOffset: transactionStartOffset < 0 ? null : transactionStartOffset };
}
