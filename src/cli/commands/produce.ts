import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CompressionName } from '../../protocol/index.ts';
import { aliasOf, collect, collectPairs, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withConnection } from '../connect-options.ts';
import { delimiter, withEscapes } from '../records/escapes.ts';
import { type FieldFormat, FORMAT_NAMES, fieldFormat } from '../records/field-formats.ts';
import { timestamp } from '../records/times.ts';

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** What the command line says; `run-produce.ts` fills in the defaults. */
export interface ProduceOptions extends ConnectOptions {
  readonly topic?: string;
  readonly file?: readonly string[];
  readonly json?: boolean;
  readonly inputFormat?: 'lines' | 'json';
  readonly keySeparator?: Buffer;
  readonly key?: string;
  readonly header?: readonly string[];
  readonly partition?: number;
  readonly timestamp?: number;
  readonly delimiter?: Buffer;
  readonly nullEmpty?: boolean;
  readonly nullMarker?: Buffer;
  readonly keyFormat?: FieldFormat;
  readonly valueFormat?: FieldFormat;
  readonly property?: Readonly<Record<string, string>>;
  readonly acks?: -1 | 0 | 1;
  readonly compression?: CompressionName;
  readonly idempotent?: boolean;
  readonly transactionalId?: string;
  readonly transactionRecords?: number;
  readonly transactionTimeout?: number;
  readonly batchSize?: number;
  readonly linger?: number;
  readonly timeout?: number;
  readonly maxMessages?: number;
  readonly create?: boolean;
  readonly skipErrors?: boolean;
  readonly tee?: boolean;
}

/** `millrace produce TOPIC`. */
export function produceCommand(): Command {
  const command = withConnection(newCommand('produce', 'write records to a topic, one for each line of stdin'))
    .argument('[topic]', 'name')
    .option('--file <path>', 'read from this file instead of stdin; may be repeated', collect)
    .option('--json', 'lines are records in JSON, as "millrace consume --json" writes them; a summary in JSON comes out')
    .addOption(new Option('--input-format <format>', 'what lines are; wins over --json').choices(['lines', 'json']))
    .option('-K, --key-separator <text>', 'lines are key, this text, value; \\t and \\x1f are understood', delimiter)
    .option('-k, --key <key>', 'key of all records that have none of their own')
    .option('-H, --header <name=value>', 'header of all records; may be repeated', collect)
    .option('-p, --partition <n>', 'partition of all records (default: by the key)', wholeNumber(0))
    .option('--timestamp <time>', 'timestamp of all records: milliseconds, or a time in ISO 8601 (default: now)', timestamp)
    .option('-D, --delimiter <text>', 'what ends a record instead of a line break', delimiter)
    .option('-Z, --null-empty', 'empty keys and values are null')
    .option('--null-marker <text>', 'keys and values that are this text are null', (text) => withEscapes(text))
    .option('--key-format <format>', `what keys are: ${FORMAT_NAMES} (default: string)`, fieldFormat)
    .option('--value-format <format>', 'what values are, likewise', fieldFormat)
    .option('-a, --acks <acks>', 'who must have a record before it counts as written: 0, 1 or all (default: all)', acks)
    .addOption(new Option('-z, --compression <codec>', 'codec of the batches (default: none)').choices(COMPRESSIONS))
    .option('--idempotent', 'write each record once however often it is sent (default with --acks all)')
    .option('--no-idempotent', 'write without a producer id')
    .option('--transactional-id <id>', 'write everything in one transaction, committed at the end of the input')
    .option('--transaction-records <n>', 'commit after so many records, and begin another transaction', wholeNumber(1))
    .option('--transaction-timeout <ms>', 'the broker aborts a transaction after this (default: 60000)', wholeNumber(1))
    .option('--batch-size <bytes>', 'size of a batch (default: 262144)', wholeNumber(1))
    .option('--linger <ms>', 'how long a record waits for others (default: 5)', wholeNumber(0))
    .option('--timeout <ms>', 'how long a batch is tried again (default: 120000)', wholeNumber(1))
    .option('-n, --max-messages <n>', 'stop after so many records', wholeNumber(0))
    .option('--no-create', 'do not let the broker make a missing topic')
    .option('--skip-errors', 'pass over lines that cannot be read, with a note on stderr')
    .option('-T, --tee', 'write the input to stdout too');
  addAliases(command).action(async (name: string | undefined, options: ProduceOptions) => {
    const topic = name ?? options.topic;
    if (topic === undefined) throw usageError('millrace produce needs the name of a topic.');
    const { runProduce } = await import('../run-produce.ts');
    await runProduce(topic, options);
  });
  return examples(command, [
    ['echo hello | millrace produce greetings'],
    ['printf "k1:v1\\nk2:v2\\n" | millrace produce users --key-separator :'],
    [
      'millrace produce orders --json --file orders.jsonl',
      'lines like {"key":"7","value":{"total":5},"headers":[{"key":"a","value":"b"}]}',
    ],
    ['millrace consume a --json --exit | millrace produce b --json', 'copy a topic'],
    ['millrace produce payments --transactional-id loader-1 --compression zstd < payments.txt'],
  ]);
}

/** Spellings of kafka-console-producer.sh and kcat. */
function addAliases(command: Command): Command {
  return command
    .addOption(aliasOf('-t, --topic <name>', 'topic'))
    .addOption(aliasOf('-l, --lines <path>', 'file', collect))
    .addOption(aliasOf('--compression-codec <codec>', 'compression', compression))
    .addOption(aliasOf('--compression-type <codec>', 'compression', compression))
    .addOption(aliasOf('--request-required-acks <acks>', 'acks', acks))
    .addOption(aliasOf('--producer-property <name=value>', 'option', collectPairs))
    .addOption(aliasOf('--producer.config <file>', 'commandConfig'))
    .addOption(aliasOf('--property <name=value>', 'property', collectPairs))
    .addOption(aliasOf('--reader-property <name=value>', 'property', collectPairs))
    .addOption(aliasOf('--count <n>', 'maxMessages', wholeNumber(0)));
}

function acks(text: string): -1 | 0 | 1 {
  const known = ({ all: -1, '-1': -1, '0': 0, '1': 1 } as const)[text];
  if (known === undefined) throw new InvalidArgumentError('It must be 0, 1 or all.');
  return known;
}

function compression(text: string): string {
  if (!COMPRESSIONS.includes(text)) throw new InvalidArgumentError(`It must be one of ${COMPRESSIONS.join(', ')}.`);
  return text;
}
