import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { scenarios } from './scenarios.ts';

/** What the engine alone costs: one task driven with batches in memory, no broker, no threads. Returns the table. */
export function benchFlow(records: number, runs: number): string {
  const script = fileURLToPath(new URL('subject.ts', import.meta.url));
  const table = new Table({
    head: ['flow through one task', 'CPU µs/record', 'fastest', 'records out per record in'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name } of scenarios) {
    const results = Array.from({ length: runs }, () => {
      const output = execFileSync(process.execPath, ['--import', 'tsx', script, name, String(records)], { encoding: 'utf8' });
      return JSON.parse(output) as { cpuUsPerRecord: number; recordsOut: number };
    }).sort((a, b) => a.cpuUsPerRecord - b.cpuUsPerRecord);
    const median = results[Math.floor(runs / 2)];
    const fastest = results[0];
    if (median === undefined || fastest === undefined) throw new Error('At least one run is needed.');
    table.push([name, median.cpuUsPerRecord.toFixed(2), fastest.cpuUsPerRecord.toFixed(2), (median.recordsOut / records).toFixed(2)]);
  }
  return table.toString();
}
