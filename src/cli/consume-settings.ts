import type { FetcherOptions } from '../client/index.ts';
import { usageError } from './command.ts';
import type { ConsumeOptions } from './commands/consume.ts';
import type { Settings } from './connect-options.ts';
import { withEscapes } from './records/escapes.ts';
import { DEFAULT_FORMAT, type FieldFormat, fieldFormat } from './records/field-formats.ts';
import type { OutputOptions } from './records/record-output.ts';
import type { OffsetSpec } from './records/start-offsets.ts';
import { numberSetting, oneOfSetting } from './settings.ts';

const DEFAULTS = { maxWaitMs: 500, minBytes: 1, maxBytes: 16 * 1024 * 1024, maxPartitionBytes: 1024 * 1024 };

/** Where to begin and to end, how much, and as whom. */
export interface ConsumePlan {
  readonly start: OffsetSpec;
  /** Undefined: where the partitions end now, with `exit`; else never. */
  readonly until: OffsetSpec | undefined;
  readonly exit: boolean;
  readonly maxMessages: number;
  /** Undefined: as long as it takes. */
  readonly idleMs: number | undefined;
  readonly groupId: string | undefined;
  readonly commit: boolean;
  readonly fetching: FetcherOptions & Required<Pick<FetcherOptions, 'readCommitted' | 'autoOffsetReset'>>;
}

/** The command's options, then Kafka's consumer settings (-X and file), then the defaults. Usage errors for contradictions. */
export function consumePlan(options: ConsumeOptions, settings: Settings): ConsumePlan {
  const groupId = options.group ?? settings['group.id'];
  const specs = [...(options.offset ?? [])];
  if (options.fromBeginning === true) specs.push({ at: 'beginning' });
  if (options.since !== undefined) specs.push({ at: 'since', timestampMs: options.since });
  const starts = specs.filter(({ at }) => at !== 'until');
  const until =
    options.until === undefined ? specs.find(({ at }) => at === 'until') : ({ at: 'until', timestampMs: options.until } as const);
  if (starts.length > 1) throw usageError('Give one place to begin: --from-beginning, --offset or --since.');
  const [start] = starts;
  if (options.exit === true && options.follow === true) throw usageError('--exit and --follow contradict each other.');
  if (
    groupId !== undefined &&
    (options.partition !== undefined || (start !== undefined && !['beginning', 'end', 'stored'].includes(start.at)))
  )
    throw usageError('A group gives out partitions and offsets itself; leave out --partition, --offset and --since, or --group.');
  const exit = options.exit === true;
  const reset = oneOfSetting(settings, 'auto.offset.reset', [
    'earliest',
    'latest',
    'none',
    'beginning',
    'smallest',
    'end',
    'largest',
  ] as const);
  const resetsToStart = reset === 'earliest' || reset === 'beginning' || reset === 'smallest';
  const fallback: OffsetSpec = { at: resetsToStart || (reset === undefined && exit) ? 'beginning' : 'end' };
  const begin = start === undefined || start.at === 'stored' ? fallback : start;
  const isolation = options.isolation ?? oneOfSetting(settings, 'isolation.level', ['read_uncommitted', 'read_committed'] as const);
  return {
    start: begin,
    until,
    exit,
    maxMessages: options.maxMessages ?? Number.POSITIVE_INFINITY,
    idleMs: options.timeout,
    groupId,
    commit: options.commit !== false && settings['enable.auto.commit'] !== 'false',
    fetching: {
      readCommitted: isolation === 'read_committed',
      autoOffsetReset: reset === 'none' ? 'none' : begin.at === 'beginning' ? 'earliest' : 'latest',
      maxWaitMs: numberSetting(settings, 'fetch.max.wait.ms', 'fetch.wait.max.ms') ?? DEFAULTS.maxWaitMs,
      minBytes: numberSetting(settings, 'fetch.min.bytes') ?? DEFAULTS.minBytes,
      maxBytes: numberSetting(settings, 'fetch.max.bytes') ?? DEFAULTS.maxBytes,
      maxPartitionBytes: numberSetting(settings, 'max.partition.fetch.bytes', 'fetch.message.max.bytes') ?? DEFAULTS.maxPartitionBytes,
    },
  };
}

/** How records are written: the command's options, then the properties of Kafka's DefaultMessageFormatter. */
export function outputOptions(options: ConsumeOptions): OutputOptions {
  const { property = {} } = options;
  const prints = (name: string): boolean => property[`print.${name}`] === 'true';
  const format = (given: FieldFormat | undefined, name: string): FieldFormat =>
    given ?? (property[name] === undefined ? DEFAULT_FORMAT : fieldFormat(property[name]));
  return {
    json: options.json === true,
    format: options.format,
    parts: {
      timestamp: options.printTimestamp === true || prints('timestamp'),
      partition: options.printPartition === true || prints('partition'),
      offset: options.printOffset === true || prints('offset'),
      headers: options.printHeaders === true || prints('headers'),
      key: options.printKey === true || options.keySeparator !== undefined || prints('key'),
      value: property['print.value'] !== 'false',
    },
    separator: options.keySeparator ?? withEscapes(property['key.separator'] ?? '\t'),
    delimiter: options.delimiter ?? withEscapes(property['line.separator'] ?? '\n'),
    headersSeparator: property['headers.separator'] ?? ',',
    keyFormat: format(options.keyFormat, 'key.deserializer'),
    valueFormat: format(options.valueFormat, 'value.deserializer'),
    nullText: options.nullMarker ?? property['null.literal'] ?? nullText(options),
  };
}

/** kcat's formats print nothing for null, and NULL with -Z; lines are Kafka's, which print null. */
function nullText({ nullEmpty, format }: ConsumeOptions): string {
  if (nullEmpty === true) return 'NULL';
  return format === undefined ? 'null' : '';
}
