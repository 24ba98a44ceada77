import type { BrokerProcess } from './broker-process.ts';
import type { LoadResult } from './load.ts';
import type { BenchRow } from './rows.ts';

export interface Measurement extends LoadResult {
  readonly broker: string;
  readonly row: string;
  readonly work: 'produce' | 'consume';
  readonly run: number;
  readonly records: number;
  /** User and system time of the broker's process, in microseconds for each record. */
  readonly brokerCpuMicrosPerRecord: number;
  readonly peakRssBytes: number;
}

/** Runs `load` against a broker and takes what the broker's process has used meanwhile. */
export async function measure(
  broker: BrokerProcess,
  row: BenchRow,
  work: Measurement['work'],
  run: number,
  load: () => Promise<LoadResult>,
): Promise<Measurement> {
  broker.stats.resetPeak();
  const cpuBefore = broker.stats.cpuSeconds();
  const result = await load();
  const cpuSeconds = broker.stats.cpuSeconds() - cpuBefore;
  return {
    ...result,
    broker: broker.name,
    row: row.name,
    work,
    run,
    records: row.records,
    brokerCpuMicrosPerRecord: (cpuSeconds * 1e6) / row.records,
    peakRssBytes: broker.stats.peakRssBytes(),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Half the distance between the largest and the smallest, as a share of the median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}
