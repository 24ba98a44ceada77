import { Command } from 'commander';
import { wholeNumber } from '../../src/cli/command.ts';
import { benchE2e } from './main.ts';
import { partsOf } from './parts.ts';
import { BenchProgress } from './progress.ts';
import {
  buildDocument,
  compareReports,
  type ReportOptions,
  readEnvironment,
  saveChart,
  saveDocument,
  schemaOf,
  showReport,
  terminalReport,
} from './report/index.ts';
import { scaleCommand } from './scale/command.ts';
import { scaleReport } from './scale/report.ts';
import { loadScale, SCALE_SCHEMA } from './scale/results.ts';

const DEFAULT_RECORDS = 8_000_000;
const DEFAULT_KEYS = 1_000_000;

interface Options {
  readonly rows: number;
  readonly runs: number;
  readonly only: string | undefined;
  readonly subjects: string | undefined;
  readonly broker: string | undefined;
  readonly guarantee: string;
  readonly commit: number;
  readonly compression: string;
  readonly warmUp: number;
  readonly seconds: number;
  readonly rate?: number;
  readonly keys: number;
  readonly json: string | undefined;
  readonly svg: string | undefined;
}

/** `npm run bench -- e2e`: Millrace beside Java Kafka Streams and loops by hand, and what is done with such a report. */
export function e2eCommand(): Command {
  const command = new Command('e2e')
    .description('Millrace beside Java Kafka Streams and loops by hand, on the same broker')
    .enablePositionalOptions()
    .argument('[parts...]', 'throughput, latency, commit-sweep, restore, or all (with scale)', [])
    .option('--rows <n>', 'records of an event topic', wholeNumber(1_000), DEFAULT_RECORDS)
    .option('--runs <n>', 'runs of each subject; the median is shown', wholeNumber(1), 3)
    .option('--only <names>', 'only workloads whose names contain one of these, e.g. count,join')
    .option('--subjects <names>', 'only subjects whose names contain one of these, e.g. millrace,kafka streams')
    .option('--broker <name>', 'kafka or embedded (Apache Kafka where Java is installed)')
    .option('--guarantee <name>', 'exactly_once_v2 or at_least_once', 'exactly_once_v2')
    .option('--commit <ms>', 'commit interval, ms', wholeNumber(1), 100)
    .option('--compression <name>', 'none or lz4, of what is produced', 'none')
    .option('--warm-up <seconds>', 'what a subject processes before is not counted (at most half of the input)', wholeNumber(0), 8)
    .option('--seconds <n>', 'a subject that is not at the end of the input is stopped so long after its warm-up', wholeNumber(1), 15)
    .option('--rate <n>', 'latency: records per second (half of what the subjects can do)', wholeNumber(1))
    .option('--keys <n>', 'restore: keys', wholeNumber(1_000), DEFAULT_KEYS)
    .option('--json <file>', 'also write every run and what follows from them here')
    .option('--svg <file>', 'also draw the chart here')
    .action(run);
  command
    .command('report <files...>')
    .description('show reports again that --json has written, several of the same conditions as one')
    .option('--json <file>', 'also write them as one here')
    .option('--svg <file>', 'also draw the chart here')
    .option('--markdown', 'tables as Markdown', false)
    .action(async (files: string[], options: ReportOptions) => console.log(await shown(files, options)));
  command
    .command('compare <before> <after>')
    .description('two reports row by row, e.g. before and after a commit')
    .action((before: string, after: string) => console.log(compareReports(before, after)));
  return command.addCommand(scaleCommand());
}

async function shown(files: readonly string[], options: ReportOptions): Promise<string> {
  const [file] = files;
  if (file === undefined || schemaOf(file).schema !== SCALE_SCHEMA) return showReport(files, options);
  return scaleReport(loadScale(file), options.markdown);
}

async function run(names: readonly string[], options: Options): Promise<void> {
  const environment = readEnvironment();
  const progress = new BenchProgress(console.log);
  const results = await benchE2e({
    ...options,
    ...conditions(options),
    parts: partsOf(names),
    records: options.rows,
    rate: options.rate,
    progress,
  });
  const document = buildDocument(results, environment, new Date().toISOString());
  if (options.json !== undefined) saveDocument(options.json, document);
  console.log(terminalReport(document));
  if (options.svg !== undefined) await saveChart(options.svg, document);
  if (names.includes('all')) await scaleCommand().parseAsync(scaleArguments(options), { from: 'user' });
}

/** With `all` the scale benchmark follows, at its own size; its runs go into a file beside the other. */
export function scaleArguments({ broker, subjects, json }: Pick<Options, 'broker' | 'subjects' | 'json'>): string[] {
  return [
    ...(broker === undefined ? [] : ['--broker', broker]),
    ...(subjects === undefined ? [] : ['--subjects', subjects]),
    ...(json === undefined ? [] : ['--json', `${json.replace(/\.json$/, '')}-scale.json`]),
  ];
}

function conditions({ guarantee, compression, commit, warmUp, seconds }: Options) {
  return {
    guarantee: oneOf('--guarantee', guarantee, ['exactly_once_v2', 'at_least_once'] as const),
    compression: oneOf('--compression', compression, ['none', 'lz4'] as const),
    commitIntervalMs: commit,
    warmUpMs: warmUp * 1000,
    limitMs: seconds * 1000,
  };
}

function oneOf<const T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) throw new Error(`${option} must be one of ${allowed.join(', ')}, not ${value}.`);
  return found;
}
