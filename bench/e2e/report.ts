import Table from 'cli-table3';
import { median, spread } from '../broker/measurement.ts';
import type { E2eMeasurement } from './results.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const RIVAL = 'Kafka Streams in-memory, 1';

/** Medians; the ratios are to Java Kafka Streams with in-memory stores and one thread, where it was measured. */
export function reportTable(results: readonly E2eMeasurement[]): string {
  const table = new Table({
    head: ['workload', 'subject', 'records/s', '±', 'of Kafka Streams', 'CPU µs/record', 'of Kafka Streams', 'peak RSS MB', 'output'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  for (const workload of new Set(results.map((result) => result.workload))) {
    const of = results.filter((result) => result.workload === workload);
    const rival = of.filter(({ subject }) => subject.startsWith(RIVAL));
    for (const subject of new Set(of.map((result) => result.subject))) {
      const runs = of.filter((result) => result.subject === subject);
      const rates = runs.map(({ recordsPerSecond }) => recordsPerSecond);
      table.push([
        workload,
        subject,
        whole.format(median(rates)),
        `${(spread(rates) * 100).toFixed(0)}%`,
        ratio(runs, rival, 'recordsPerSecond'),
        median(runs.map(({ cpuMicrosPerRecord }) => cpuMicrosPerRecord)).toFixed(2),
        ratio(runs, rival, 'cpuMicrosPerRecord'),
        whole.format(median(runs.map(({ peakRssBytes }) => peakRssBytes)) / 1e6),
        runs.every(({ equal }) => equal !== false) ? 'equal' : 'DIFFERS',
      ]);
    }
  }
  return table.toString();
}

function ratio(
  runs: readonly E2eMeasurement[],
  rival: readonly E2eMeasurement[],
  field: 'recordsPerSecond' | 'cpuMicrosPerRecord',
): string {
  if (rival.length === 0) return '';
  return `${(median(runs.map((run) => run[field])) / median(rival.map((run) => run[field]))).toFixed(2)} ×`;
}
