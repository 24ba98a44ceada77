import { type Command, InvalidArgumentError } from 'commander';
import { aliasOf, collect, examples, newCommand, usageError, wholeNumber } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { dateTime, duration } from '../records/times.ts';
import { resetOffsets } from '../reset-offsets.ts';

/** What the command line says. */
export interface ResetOptions extends ConnectOptions {
  readonly group?: string;
  readonly topic?: readonly string[];
  readonly allTopics?: boolean;
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toCurrent?: boolean;
  readonly toOffset?: number;
  readonly shiftBy?: number;
  readonly toDatetime?: number;
  /** Milliseconds. */
  readonly byDuration?: number;
  readonly fromFile?: string;
  readonly execute?: boolean;
  readonly dryRun?: boolean;
  readonly export?: boolean;
  readonly json?: boolean;
}

const WAYS = ['toEarliest', 'toLatest', 'toCurrent', 'toOffset', 'shiftBy', 'toDatetime', 'byDuration', 'fromFile'] as const;

/** `millrace groups reset-offsets`. */
export function groupsResetOffsetsCommand(): Command {
  const command = withConnection(
    newCommand('reset-offsets', 'change where a group goes on reading; only shows what would change unless told --execute'),
  )
    .argument('[group]', 'id; the group must have no members now')
    .option('-t, --topic <topic[:partitions]>', 'topic, or some partitions of it as in orders:0,2; may be repeated', collect)
    .option('--all-topics', 'all topics that the group has offsets for')
    .option('--to-earliest', 'to the oldest record')
    .option('--to-latest', 'behind the newest record')
    .option('--to-current', 'to where it is; to the newest where it has no offset')
    .option('--to-offset <n>', 'to this offset', wholeNumber(0))
    .option('--shift-by <n>', 'so many records forward, or back if negative', shift)
    .option('--to-datetime <time>', 'to the first record of this time, as 2026-03-01T12:00:00.000 (UTC unless it has a zone)', dateTime)
    .option('--by-duration <duration>', 'to the first record of this long ago, as PT1H30M or P7D', duration)
    .option('--from-file <csv>', 'to the offsets in a file of topic,partition,offset')
    .option('--execute', 'do it')
    .option('--dry-run', 'only show it (the default)')
    .option('--export', 'print topic,partition,offset for --from-file')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--group <id>', 'group'))
    .action(async (id: string | undefined, options: ResetOptions) => {
      const groupId = id ?? options.group;
      if (groupId === undefined) throw usageError('millrace groups reset-offsets needs the id of a group.');
      const ways = WAYS.filter((way) => options[way] !== undefined);
      if (ways.length !== 1)
        throw usageError(
          'Say where to: one of --to-earliest, --to-latest, --to-current, --to-offset, --shift-by, --to-datetime, --by-duration and --from-file.',
        );
      const scopes = [options.topic, options.allTopics].filter((scope) => scope !== undefined).length;
      if (options.fromFile === undefined ? scopes !== 1 : scopes !== 0)
        throw usageError('Say which partitions: --topic or --all-topics; a file names them itself.');
      if (options.execute === true && options.dryRun === true) throw usageError('--execute and --dry-run contradict each other.');
      await withClient(options, (client) => resetOffsets(client, groupId, options));
    });
  return examples(command, [
    ['millrace groups reset-offsets billing --topic orders --to-earliest', 'shows what would change'],
    ['millrace groups reset-offsets billing --topic orders:0 --shift-by -10 --execute'],
    ['millrace groups reset-offsets billing --all-topics --by-duration PT1H --execute'],
  ]);
}

function shift(text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, negative to go back.');
}
