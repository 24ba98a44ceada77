import type { Command } from 'commander';
import { type KafkaClient, kafkaCodeOf } from '../../client/index.ts';
import { ErrorCode } from '../../protocol/index.ts';
import { type ActiveProducer, describeProducers, describeTransaction, listTransactions } from '../admin/transactions.ts';
import { aliasOf, collect, examples, newCommand, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { isoTime, printJson, printLine, printTable } from '../output.ts';

interface Options extends ConnectOptions {
  readonly topic?: readonly string[];
  readonly longerThan: number;
  readonly json?: boolean;
}

/** Kafka's largest timeout of a transaction, and five minutes more. */
const LONG_MS = 1_200_000;

/** `millrace transactions find-hanging`. */
export function transactionsHangingCommand(): Command {
  const command = withConnection(newCommand('find-hanging', 'transactions that hold up readers and that no coordinator will end'))
    .option('--topic <name>', 'only in this topic; may be repeated', collect)
    .option('--longer-than <ms>', 'only transactions that wrote nothing for so long', wholeNumber(0), LONG_MS)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--max-transaction-timeout <minutes>', 'longerThan', (text: string) => wholeNumber(0)(text) * 60_000))
    .action((options: Options) =>
      withClient(options, async (client) => {
        const open = await openTransactions(client, options);
        const hanging: ActiveProducer[] = [];
        for (const producer of open) if (!(await isCoordinated(client, producer))) hanging.push(producer);
        if (options.json === true) printJson({ hanging });
        else if (hanging.length === 0) printLine('No transaction hangs.');
        else {
          printTable(
            ['TOPIC', 'PARTITION', 'PRODUCER-ID', 'EPOCH', 'COORDINATOR-EPOCH', 'START-OFFSET', 'LAST-TIME'],
            hanging.map((each) => [
              each.topic,
              each.partition,
              each.producerId,
              each.producerEpoch,
              each.coordinatorEpoch,
              each.transactionStartOffset,
              isoTime(each.lastTimestampMs),
            ]),
          );
          printLine('Each can be ended with: millrace transactions abort TOPIC --partition N --start-offset OFFSET');
        }
      }),
    );
  return examples(command, [['millrace transactions find-hanging']]);
}

async function openTransactions(client: KafkaClient, { topic, longerThan }: Options): Promise<ActiveProducer[]> {
  const { topics } = await client.metadata(topic);
  const open: ActiveProducer[] = [];
  for (const { name, partitions } of topics) {
    const producers = await Promise.all(partitions.map(({ partition }) => describeProducers(client, name, partition)));
    open.push(...producers.flat().filter((each) => each.transactionStartOffset >= 0 && each.lastTimestampMs <= Date.now() - longerThan));
  }
  return open;
}

/** Whether a coordinator knows of the transaction, with this partition in it; then it will end it. */
async function isCoordinated(client: KafkaClient, { topic, partition, producerId, producerEpoch }: ActiveProducer): Promise<boolean> {
  const [known] = await listTransactions(client, { producerIds: [producerId] });
  if (known === undefined) return false;
  try {
    const { topics, producerEpoch: epoch } = await describeTransaction(client, known.transactionalId);
    const has = topics.some((each) => each.topic === topic && each.partitions.includes(partition));
    return has && epoch >= producerEpoch;
  } catch (error) {
    if (kafkaCodeOf(error) === ErrorCode.TRANSACTIONAL_ID_NOT_FOUND) return false;
    throw error;
  }
}
