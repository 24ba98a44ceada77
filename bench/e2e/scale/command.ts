import { Command, InvalidArgumentError } from 'commander';
import { wholeNumber } from '../../../src/cli/command.ts';
import { matches } from '../main.ts';
import { BenchProgress } from '../progress.ts';
import { readEnvironment } from '../report/index.ts';
import { AXES, type Axis } from './axes.ts';
import { KEY_BYTES } from './input.ts';
import { benchScale } from './main.ts';
import { scaleReport } from './report.ts';
import { SCALE_SCHEMA, type ScaleDocument, saveScale } from './results.ts';

const DEFAULT_RECORDS = 4_000_000;

interface Options {
  readonly axis: readonly Axis[];
  readonly values: readonly number[] | undefined;
  readonly rows: number;
  readonly runs: number;
  readonly workload: string;
  readonly subjects: string | undefined;
  readonly broker: string | undefined;
  readonly warmUp: number;
  readonly seconds: number;
  readonly json: string | undefined;
}

/** `npm run bench -- e2e scale`. */
export function scaleCommand(): Command {
  return new Command('scale')
    .description('how cost grows with shards, processes, keys, value size and partitions; exactly once, commits every 100 ms')
    .option('--axis <names>', `${AXES.join(', ')} or all`, axes, [...AXES])
    .option('--values <list>', 'only these points of the axes, e.g. 1000,100000', numbers)
    .option(
      '--rows <n>',
      'records of each input; more where there are more keys, fewer of large values',
      wholeNumber(1_000),
      DEFAULT_RECORDS,
    )
    .option('--runs <n>', 'runs at each point; the median is shown', wholeNumber(1), 1)
    .option('--workload <name>', 'count-uniform, or another one that reads the same topic', 'count-uniform')
    .option('--subjects <names>', 'only subjects whose names contain one of these: millrace, kafka streams')
    .option('--broker <name>', 'kafka or embedded (Apache Kafka where Java is installed)')
    .option('--warm-up <seconds>', 'what a subject processes before is not counted (at most half of the input)', wholeNumber(0), 6)
    .option('--seconds <n>', 'a subject that is not at the end of the input is stopped so long after its warm-up', wholeNumber(1), 15)
    .option('--json <file>', 'also write every run here')
    .action(run);
}

async function run({ axis, values, rows, subjects, warmUp, seconds, json, ...options }: Options): Promise<void> {
  const environment = readEnvironment();
  const { workload } = options;
  const { conditions, runs, failures } = await benchScale({
    ...options,
    axes: axis,
    values,
    records: rows,
    subjects: (name) => matches(name, subjects),
    guarantee: 'exactly_once_v2',
    commitIntervalMs: 100,
    compression: 'none',
    warmUpMs: warmUp * 1000,
    limitMs: seconds * 1000,
    progress: new BenchProgress(console.log),
  });
  const date = new Date().toISOString();
  const document: ScaleDocument = { schema: SCALE_SCHEMA, date, environment, conditions, workload, keyBytes: KEY_BYTES, runs, failures };
  if (json !== undefined) saveScale(json, document);
  console.log(scaleReport(document, false));
}

function numbers(text: string): number[] {
  return text.split(',').map((part) => wholeNumber(1)(part.trim()));
}

function axes(text: string): Axis[] {
  if (text === 'all') return [...AXES];
  return text.split(',').map((name) => {
    const axis = AXES.find((one) => one === name.trim());
    if (axis === undefined) throw new InvalidArgumentError(`It must be some of ${AXES.join(', ')}, or all.`);
    return axis;
  });
}
