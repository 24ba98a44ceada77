import { type Command, InvalidArgumentError, Option } from 'commander';
import { aliasOf, collect, collectList, collectPairs, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withConnection } from '../connect-options.ts';
import { delimiter } from '../records/escapes.ts';
import { type FieldFormat, FORMAT_NAMES, fieldFormat } from '../records/field-formats.ts';
import { type OffsetSpec, offsetSpec } from '../records/start-offsets.ts';
import { timestamp } from '../records/times.ts';

const ISOLATION_LEVELS = ['read_uncommitted', 'read_committed'] as const;

/** What the command line says; `consume-settings.ts` fills in the defaults. */
export interface ConsumeOptions extends ConnectOptions {
  readonly topic?: readonly string[];
  readonly include?: string;
  readonly fromBeginning?: boolean;
  readonly offset?: readonly OffsetSpec[];
  readonly since?: number;
  readonly until?: number;
  readonly partition?: readonly string[];
  readonly maxMessages?: number;
  readonly exit?: boolean;
  readonly follow?: boolean;
  readonly timeout?: number;
  readonly group?: string;
  readonly groupInstanceId?: string;
  readonly commit?: boolean;
  readonly isolation?: (typeof ISOLATION_LEVELS)[number];
  readonly json?: boolean;
  readonly format?: string;
  readonly keySeparator?: Buffer;
  readonly delimiter?: Buffer;
  readonly nullMarker?: string;
  readonly nullEmpty?: boolean;
  readonly keyFormat?: FieldFormat;
  readonly valueFormat?: FieldFormat;
  readonly printKey?: boolean;
  readonly printHeaders?: boolean;
  readonly printTimestamp?: boolean;
  readonly printPartition?: boolean;
  readonly printOffset?: boolean;
  readonly property?: Readonly<Record<string, string>>;
  readonly skipErrors?: boolean;
  readonly quiet?: boolean;
}

/** `millrace consume TOPIC`. */
export function consumeCommand(): Command {
  const command = withConnection(
    newCommand('consume', 'read records of topics to stdout; new ones only, until Ctrl-C, unless told otherwise'),
  )
    .argument('[topic...]', 'names')
    .option('--include <regex>', 'all topics whose whole name matches')
    .option('--from-beginning', 'begin with the oldest record; with --group only where the group has no offset')
    .option('-o, --offset <place>', 'begin at: beginning, end, 42, -10 (ten before the end), s@TIME; e@TIME ends', collectOffsets)
    .option('--since <time>', 'begin with the first record of this time: milliseconds, or ISO 8601', timestamp)
    .option('--until <time>', 'end before the first record of this time', timestamp)
    .option('-p, --partition <list>', 'only these partitions, as in 0,2-4', collectList)
    .option('-n, --max-messages <n>', 'end after so many records', wholeNumber(0))
    .option('-e, --exit', 'end where the partitions end now; begins with the oldest record unless told otherwise')
    .option('--follow', 'go on waiting for new records (the default without --exit)')
    .option('--timeout <ms>', 'end when no record comes for so long', wholeNumber(1))
    .option('-g, --group <id>', 'read as a member of this consumer group, and commit offsets')
    .option('--group-instance-id <id>', 'static membership: keeps its partitions over a short restart')
    .option('--no-commit', 'do not commit the offsets of the group')
    .addOption(new Option('--isolation <level>', 'whether records of open and aborted transactions are seen').choices(ISOLATION_LEVELS))
    .option('--json', 'a line of JSON for each record, as "millrace produce --json" reads it')
    .option('-f, --format <format>', 'kcat\'s: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp, %h headers; "%k=%s\\n"')
    .option('-K, --key-separator <text>', 'print the key, this text, and the value', delimiter)
    .option('-D, --delimiter <text>', 'what ends a record instead of a line break', delimiter)
    .option('--print-key', 'print the key before the value')
    .option('--print-headers', 'print headers as a:1,b:2')
    .option('--print-timestamp', 'print the timestamp')
    .option('--print-partition', 'print the partition')
    .option('--print-offset', 'print the offset')
    .option('--key-format <format>', `what keys are: ${FORMAT_NAMES} (default: string)`, fieldFormat)
    .option('--value-format <format>', 'what values are, likewise', fieldFormat)
    .option('--null-marker <text>', 'what is printed for null (default: null)')
    .option('--skip-errors', 'pass over records that cannot be shown, with a note on stderr')
    .option('-q, --quiet', 'tell nothing on stderr but errors');
  addAliases(command).action(async (names: string[], options: ConsumeOptions) => {
    const topics = [...names, ...(options.topic ?? [])];
    if (topics.length === 0 && options.include === undefined) throw usageError('millrace consume needs the name of a topic.');
    const { runConsume } = await import('../run-consume.ts');
    await runConsume(topics, options);
  });
  return examples(command, [
    ['millrace consume orders --from-beginning'],
    ['millrace consume orders --exit --json | jq .value', 'all there is now, one JSON object a line'],
    ['millrace consume orders --group billing', 'share the load with other members; goes on where the group stopped'],
    ['millrace consume orders -o -10 -e -f "%p/%o %k=%s\\n"', 'the last ten of each partition'],
    ['millrace consume orders --since 2026-03-01T12:00:00Z --until 2026-03-01T13:00:00Z'],
  ]);
}

/** Spellings of kafka-console-consumer.sh and kcat. */
function addAliases(command: Command): Command {
  return command
    .addOption(aliasOf('-t, --topic <name>', 'topic', collect))
    .addOption(aliasOf('--whitelist <regex>', 'include'))
    .addOption(aliasOf('-c, --count <n>', 'maxMessages', wholeNumber(0)))
    .addOption(aliasOf('--timeout-ms <ms>', 'timeout', wholeNumber(1)))
    .addOption(aliasOf('-J', 'json'))
    .addOption(aliasOf('-G, --group-id <id>', 'group'))
    .addOption(aliasOf('--isolation-level <level>', 'isolation', isolation))
    .addOption(aliasOf('--consumer-property <name=value>', 'option', collectPairs))
    .addOption(aliasOf('--consumer.config <file>', 'commandConfig'))
    .addOption(aliasOf('--property <name=value>', 'property', collectPairs))
    .addOption(aliasOf('--formatter-property <name=value>', 'property', collectPairs))
    .addOption(aliasOf('--key-deserializer <class>', 'keyFormat', fieldFormat))
    .addOption(aliasOf('--value-deserializer <class>', 'valueFormat', fieldFormat))
    .addOption(aliasOf('--skip-message-on-error', 'skipErrors'))
    .addOption(aliasOf('-Z', 'nullEmpty'));
}

function collectOffsets(text: string, previous: readonly OffsetSpec[] = []): OffsetSpec[] {
  return [...previous, offsetSpec(text)];
}

function isolation(text: string): string {
  const found = ISOLATION_LEVELS.find((level) => level === text);
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${ISOLATION_LEVELS.join(', ')}.`);
  return found;
}
