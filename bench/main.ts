import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { wholeNumber } from '../src/cli/run.ts';
import { benchFlights } from './e2e/flights.ts';
import { benchFlow } from './flow/main.ts';
import { benchMicro } from './micro/main.ts';

/** `npm run bench`: the micro-benchmarks, the flow of records through one task, then the flights job beside a bare loop. `npm run bench -- micro` runs one part. */
await new Command('bench')
  .argument('[part]', 'micro, flow, flights, or all', 'all')
  .option('--rows <n>', 'records of each flow, flights in the input', wholeNumber(1_000), 600_000)
  .option('--runs <n>', 'runs of each subject; the median is shown', wholeNumber(1), 3)
  .option('--time <ms>', 'time of each micro-benchmark, ms', wholeNumber(10), 500)
  .option('--bootstrap <host:port>', 'a Kafka cluster instead of the embedded broker')
  .option('--json <file>', 'also write the measurements of the flights part here')
  .action(
    async (
      part: string,
      { rows, runs, time, bootstrap, json }: { rows: number; runs: number; time: number; bootstrap?: string; json?: string },
    ) => {
      if (part === 'micro' || part === 'all') console.log(await benchMicro(time));
      if (part === 'flow' || part === 'all') console.log(benchFlow(rows, runs));
      if (part === 'flights' || part === 'all') {
        const results = await benchFlights({ rows, runs, bootstrap, log: console.log });
        if (json !== undefined)
          writeFileSync(json, JSON.stringify({ node: process.version, date: new Date().toISOString(), rows, results }, null, 2));
      }
    },
  )
  .parseAsync();
process.exit(0);
