import { differences, type E2eDocument } from './document.ts';
import { count, guaranteeName, micros, percent, times } from './format.ts';
import { type Grid, grid, number } from './grid.ts';
import { type ThroughputRow, throughputKey } from './summary.ts';

/** A row that both reports have; ratios are the second to the first. */
export interface ComparedRow {
  readonly before: ThroughputRow;
  readonly after: ThroughputRow;
  readonly recordsPerSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly peakRssBytes: number;
  /** The runs of both overlap in this figure, so the difference may be noise. */
  readonly cpuWithinNoise: boolean;
}

export interface Comparison {
  readonly rows: readonly ComparedRow[];
  /** Rows of one report only. */
  readonly onlyBefore: readonly ThroughputRow[];
  readonly onlyAfter: readonly ThroughputRow[];
  /** What the reports differ in besides Millrace itself: numbers of two machines say nothing about a commit. */
  readonly differences: readonly string[];
}

export function compareDocuments(before: E2eDocument, after: E2eDocument): Comparison {
  const [first, second] = [rowsOf(before), rowsOf(after)];
  return {
    rows: [...first].flatMap(([key, row]) => {
      const other = second.get(key);
      return other === undefined ? [] : [compareRows(row, other)];
    }),
    onlyBefore: [...first].flatMap(([key, row]) => (second.has(key) ? [] : [row])),
    onlyAfter: [...second].flatMap(([key, row]) => (first.has(key) ? [] : [row])),
    differences: differences(before, after),
  };
}

/** A sweep has rows that the throughput table has too: they were measured apart, and are compared apart. */
function rowsOf({ summary }: E2eDocument): Map<string, ThroughputRow> {
  return new Map([
    ...summary.throughput.map((row) => [throughputKey(row), row] as const),
    ...summary.commitSweep.map((row) => [`sweep\n${throughputKey(row)}`, row] as const),
  ]);
}

function compareRows(before: ThroughputRow, after: ThroughputRow): ComparedRow {
  const ratio = (name: 'recordsPerSecond' | 'cpuMicrosPerRecord' | 'peakRssBytes') => after[name].median / before[name].median;
  const [a, b] = [before.cpuMicrosPerRecord, after.cpuMicrosPerRecord];
  return {
    before,
    after,
    recordsPerSecond: ratio('recordsPerSecond'),
    cpuMicrosPerRecord: ratio('cpuMicrosPerRecord'),
    peakRssBytes: ratio('peakRssBytes'),
    cpuWithinNoise: a.min <= b.max && b.min <= a.max,
  };
}

export function comparisonGrid({ rows }: Comparison): Grid {
  return grid('Second report to the first: medians', rows, [
    { name: 'workload', text: ({ after }) => after.workload },
    { name: 'subject', text: ({ after }) => after.subject },
    { name: 'guarantee', text: ({ after }) => `${guaranteeName(after.guarantee)}, ${after.commitIntervalMs} ms` },
    number('records/s', ({ before, after }) => `${count(before.recordsPerSecond.median)} → ${count(after.recordsPerSecond.median)}`),
    number('ratio', ({ recordsPerSecond }) => times(recordsPerSecond)),
    number(
      'CPU µs/record',
      ({ before, after }) => `${micros(before.cpuMicrosPerRecord.median)} → ${micros(after.cpuMicrosPerRecord.median)}`,
    ),
    number('ratio', ({ cpuMicrosPerRecord }) => times(cpuMicrosPerRecord)),
    { name: 'CPU', text: verdict },
    number('peak RSS', ({ peakRssBytes }) => times(peakRssBytes)),
  ]);
}

function verdict({ cpuMicrosPerRecord, cpuWithinNoise, before, after }: ComparedRow): string {
  if (before.runs < 2 || after.runs < 2) return 'too few runs';
  if (cpuWithinNoise) return 'within noise';
  return cpuMicrosPerRecord < 1 ? `${percent(1 - cpuMicrosPerRecord)} less` : `${percent(cpuMicrosPerRecord - 1)} MORE`;
}
