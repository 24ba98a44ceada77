import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { wholeNumber } from '../src/cli/command.ts';
import { benchBroker } from './broker/main.ts';
import { e2eCommand } from './e2e/command.ts';
import { benchFlights } from './e2e/flights.ts';
import { flameFlow } from './flow/flame.ts';
import { benchFlow } from './flow/main.ts';
import { benchMicro } from './micro/main.ts';

const DEFAULT_ROWS = 600_000;
const DEFAULT_BROKER_RECORDS = 4_000_000;

interface Options {
  readonly rows?: number;
  readonly runs: number;
  readonly time: number;
  readonly bootstrap: string | undefined;
  readonly json: string | undefined;
  readonly only: string | undefined;
  readonly client: string | undefined;
  readonly kafka: boolean;
  readonly flush: string;
}

/** `npm run bench`: the micro-benchmarks, the flow of records through one task, then the flights job beside a bare loop. `npm run bench -- micro` runs one part; `npm run bench -- broker` is our broker beside Apache Kafka. */
await new Command('bench')
  .enablePositionalOptions()
  .argument('[part]', 'micro, flow, flame (a flame graph of each flow), flights, broker, or all (which is without flame, broker)', 'all')
  .option('--rows <n>', 'records of each flow, flights in the input (600000); records of each run of broker (4000000)', wholeNumber(1_000))
  .option('--runs <n>', 'runs of each subject; the median is shown', wholeNumber(1), 3)
  .option('--time <ms>', 'time of each micro-benchmark, ms', wholeNumber(10), 500)
  .option('--bootstrap <host:port>', 'a Kafka cluster instead of the embedded broker')
  .option('--json <file>', 'also write the measurements of the parts flights and broker here')
  .option('--only <names>', 'flow, broker: only rows whose names contain one of these, e.g. count,join; 100B,lz4; first-ack')
  .option('--client <name>', 'broker: java or librdkafka (java where it is installed)')
  .option('--no-kafka', 'broker: our broker alone, without Apache Kafka beside it')
  .option('--flush <policy>', "broker: when ours writes to the disk: none (as Kafka's default), interval or batch", 'none')
  .action(async (part: string, options: Options) => {
    const { runs, time, bootstrap, json } = options;
    const rows = options.rows ?? DEFAULT_ROWS;
    if (part === 'micro' || part === 'all') console.log(await benchMicro(time));
    if (part === 'flow' || part === 'all') console.log(benchFlow(rows, runs, options.only));
    if (part === 'flame') console.log(flameFlow(rows, 'docs/internals', options.only ?? '').join('\n'));
    if (part === 'flights' || part === 'all') save(json, rows, await benchFlights({ rows, runs, bootstrap, log: console.log }));
    if (part === 'broker') {
      const records = options.rows ?? DEFAULT_BROKER_RECORDS;
      save(json, records, await benchBroker({ ...options, records, log: console.log }));
    }
  })
  .addCommand(e2eCommand())
  .parseAsync();
process.exit();

function save(file: string | undefined, rows: number, results: object): void {
  if (file === undefined) return;
  writeFileSync(file, JSON.stringify({ node: process.version, date: new Date().toISOString(), rows, results }, null, 2));
}
