import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { scenarios } from './scenarios.ts';

const SCRIPT = fileURLToPath(new URL('subject.ts', import.meta.url));

interface Measured {
  readonly cpuUsPerRecord: number;
  readonly recordsOut: number;
}

/**
 * What the engine alone costs: the tasks of one partition driven with batches in memory, no broker, no threads. Only
 * scenarios whose names contain one of `only` (separated by commas). Returns the table.
 */
export function benchFlow(records: number, runs: number, only = ''): string {
  const table = new Table({
    head: ['flow through the tasks of a partition', 'CPU µs/record', 'fastest', 'budget', 'records out per record in'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const wanted = only.split(',').map((part) => part.trim());
  for (const { name, budgetUs } of scenarios) {
    if (!wanted.some((part) => name.includes(part))) continue;
    const results = Array.from({ length: runs }, () => {
      const output = execFileSync(process.execPath, ['--import', 'tsx', SCRIPT, name, String(records)], { encoding: 'utf8' });
      return JSON.parse(output) as Measured;
    }).sort((a, b) => a.cpuUsPerRecord - b.cpuUsPerRecord);
    const median = results[Math.floor(runs / 2)];
    const fastest = results[0];
    if (median === undefined || fastest === undefined) throw new Error('At least one run is needed.');
    const cells = [median.cpuUsPerRecord, fastest.cpuUsPerRecord, budgetUs, median.recordsOut].map((value) => value.toFixed(2));
    table.push([name, ...cells]);
  }
  return table.toString();
}
