import { describe, expect, it } from 'vitest';
import { compareDocuments, comparisonGrid } from '../../../bench/e2e/report/compare.ts';
import { documentOf, LOOP, run, STREAMS, WIRE } from './report-fixture.ts';

const before = documentOf({
  throughput: [
    ...[1.9, 2, 2.1].map((cpu) => run('count', WIRE, 400_000, cpu)),
    ...[5, 6].map((cpu) => run('count', STREAMS, 200_000, cpu)),
    run('join', LOOP, 1, 1),
  ],
});
const after = documentOf({
  throughput: [
    ...[1.4, 1.5, 1.6].map((cpu) => run('count', WIRE, 500_000, cpu)),
    ...[5.5, 6.5].map((cpu) => run('count', STREAMS, 190_000, cpu)),
    run('new', WIRE, 1, 1),
  ],
});

describe('two reports compared', () => {
  it('have a ratio for each row that both have, and tell differences from noise', () => {
    const { rows } = compareDocuments(before, after);
    expect(rows.map((row) => [row.after.subject, row.recordsPerSecond, row.cpuMicrosPerRecord, row.cpuWithinNoise])).toEqual([
      [WIRE, 1.25, 0.75, false],
      [STREAMS, 0.95, 6 / 5.5, true],
    ]);
    expect(comparisonGrid({ rows, onlyBefore: [], onlyAfter: [], differences: [] }).rows.map((row) => row[7])).toEqual([
      '25% less',
      'within noise',
    ]);
  });

  it('name the rows that only one has', () => {
    const { onlyBefore, onlyAfter } = compareDocuments(before, after);
    expect(onlyBefore.map(({ workload }) => workload)).toEqual(['join']);
    expect(onlyAfter.map(({ workload }) => workload)).toEqual(['new']);
  });

  it('warn when machine, versions or input differ', () => {
    const other = { ...after, environment: { ...after.environment, cpu: 'Another', node: '22.1.0' } };
    expect(compareDocuments(before, after).differences).toEqual([]);
    expect(compareDocuments(before, other).differences).toEqual([
      'CPU differs: A processor and Another',
      'Node differs: 20.20.2 and 22.1.0',
    ]);
  });

  it('keep rows of a sweep apart from those of the throughput table', () => {
    const swept = { ...run('count', WIRE, 300_000, 3), guarantee: 'exactly_once_v2' as const, commitIntervalMs: 100 };
    const first = documentOf({ throughput: [run('count', WIRE, 400_000, 2)], commitSweep: [swept] });
    const second = documentOf({ throughput: [run('count', WIRE, 400_000, 2)], commitSweep: [{ ...swept, cpuMicrosPerRecord: 6 }] });
    expect(compareDocuments(first, second).rows.map(({ cpuMicrosPerRecord }) => cpuMicrosPerRecord)).toEqual([1, 2]);
  });
});
