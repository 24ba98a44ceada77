import type { Command } from 'commander';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import type { MillraceError } from '../../errors.ts';
import { DeleteTopics, ErrorCode } from '../../protocol/index.ts';
import { waitForTopics } from '../admin/wait-for-topics.ts';
import { aliasOf, collectList, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { errorJson, printJson, printLine, reportFailures } from '../output.ts';

interface Options extends ConnectOptions {
  readonly topic?: readonly string[];
  readonly ifExists?: boolean;
  readonly json?: boolean;
}

interface DeletedTopic {
  readonly name: string;
  readonly deleted: boolean;
  readonly error?: MillraceError;
}

/** The request can name topics by id too. */
const NO_ID = Buffer.alloc(16);

/** `millrace topics delete`. */
export function topicsDeleteCommand(): Command {
  const command = withConnection(newCommand('delete', 'delete topics with all their records').alias('rm'))
    .argument('[topic...]', 'names')
    .option('--if-exists', 'a topic that is not there is no error')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--topic <name>', 'topic', collectList))
    .action(async (names: string[], options: Options) => {
      const topics = [...names, ...(options.topic ?? [])];
      if (topics.length === 0) throw usageError('millrace topics delete needs the name of a topic.');
      await withClient(options, async (client) => print(await deleteTopics(client, topics, options.ifExists === true), options));
    });
  return examples(command, [['millrace topics delete orders clicks'], ['millrace topics delete orders --if-exists']]);
}

async function deleteTopics(client: KafkaClient, names: readonly string[], ifExists: boolean): Promise<DeletedTopic[]> {
  const { responses } = await client.request(
    DeleteTopics,
    ({ version }) => ({
      ...(version >= 6 ? { topics: names.map((name) => ({ name, topicId: NO_ID })) } : { topicNames: names }),
      timeoutMs: client.options.requestTimeoutMs,
    }),
    'controller',
  );
  const results = responses.map(({ name, errorCode, errorMessage }, index) => {
    const topic = name ?? names[index] ?? '';
    const missing = errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && ifExists;
    if (errorCode === ErrorCode.NONE || missing) return { name: topic, deleted: !missing };
    return {
      name: topic,
      deleted: false,
      error: kafkaFailure(errorCode, `Deleting topic ${topic}`, { message: deletionReason(errorCode, errorMessage) }),
    };
  });
  const deleted = results.filter((result) => result.deleted).map(({ name }) => name);
  await waitForTopics(client, deleted, ({ errorCode }) => errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  return results;
}

/** Kafka says of a missing topic that "this server does not host this topic-partition", which is not what was asked. */
function deletionReason(errorCode: number, message: string | null): string | null {
  return errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? 'There is no such topic.' : message;
}

function print(results: readonly DeletedTopic[], { json }: Options): void {
  if (json === true) {
    printJson({ topics: results.map(({ name, deleted, error }) => ({ name, deleted, ...(error && { error: errorJson(error) }) })) });
  } else {
    for (const { name, deleted, error } of results) {
      if (error === undefined) printLine(deleted ? `Deleted topic ${name}.` : `Topic ${name} does not exist.`);
    }
  }
  reportFailures(results.flatMap(({ error }) => error ?? []));
}
