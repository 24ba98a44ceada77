import { cpus } from 'node:os';
import Table from 'cli-table3';
import type { FirstAck } from './first-ack.ts';
import { type Measurement, median, spread } from './measurement.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Medians side by side; the ratio is Millrace to the other broker. */
export function brokerTable(results: readonly Measurement[]): string {
  const table = new Table({
    head: ['work', 'records', 'broker', 'records/s', '±', 'MB/s', 'broker CPU µs/record', 'peak RSS MB', 'records/s', 'CPU'],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  const brokers = [...new Set(results.map(({ broker }) => broker))];
  for (const work of ['produce', 'consume'] as const) {
    for (const row of new Set(results.map((result) => result.row))) {
      const of = (broker: string) => results.filter((result) => result.work === work && result.row === row && result.broker === broker);
      const ours = of(brokers[0] ?? '');
      for (const broker of brokers) {
        const runs = of(broker);
        if (runs.length === 0) continue;
        const other = brokers.length > 1 && broker === brokers[0] ? of(brokers[1] ?? '') : [];
        table.push(lineOf(work, row, broker, runs, ratio(ours, other, 'recordsPerSecond'), ratio(ours, other, 'brokerCpuMicrosPerRecord')));
      }
    }
  }
  return table.toString();
}

type Numbers = 'recordsPerSecond' | 'mebibytesPerSecond' | 'brokerCpuMicrosPerRecord' | 'peakRssBytes';

const pick = (runs: readonly Measurement[], field: Numbers): number => median(runs.map((run) => run[field]));

function ratio(ours: readonly Measurement[], theirs: readonly Measurement[], field: Numbers): string {
  return ours.length === 0 || theirs.length === 0 ? '' : `${(pick(ours, field) / pick(theirs, field)).toFixed(2)} ×`;
}

function lineOf(work: string, row: string, broker: string, runs: readonly Measurement[], speed: string, cpu: string): string[] {
  return [
    work,
    row,
    broker,
    whole.format(pick(runs, 'recordsPerSecond')),
    `${(spread(runs.map((run) => run.recordsPerSecond)) * 100).toFixed(0)}%`,
    // The tools' MB are 2^20 bytes.
    pick(runs, 'mebibytesPerSecond').toFixed(1),
    pick(runs, 'brokerCpuMicrosPerRecord').toFixed(3),
    whole.format(pick(runs, 'peakRssBytes') / 1e6),
    speed,
    cpu,
  ];
}

/** How long each broker takes from being started to its first acknowledgement. */
export function firstAckTable(results: readonly FirstAck[]): string {
  const table = new Table({
    head: ['first acknowledgement after start', 'ms', '±', 'fastest', 'CPU ms'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  for (const broker of new Set(results.map((result) => result.broker))) {
    const runs = results.filter((result) => result.broker === broker);
    const times = runs.map(({ firstAckMs }) => firstAckMs);
    const cpu = median(runs.map(({ cpuMs }) => cpuMs));
    table.push([
      broker,
      whole.format(median(times)),
      `${(spread(times) * 100).toFixed(0)}%`,
      whole.format(Math.min(...times)),
      whole.format(cpu),
    ]);
  }
  return table.toString();
}

/** What the numbers depend on. */
export function machine(): string {
  return `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
}
