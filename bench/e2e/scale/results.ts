import { type Environment, type Figure, figure, groupBy, loadJson, saveJson } from '../report/index.ts';
import type { Conditions, E2eMeasurement } from '../results.ts';
import type { ScalePoint } from './axes.ts';

/** See `SCHEMA` of the throughput report. */
export const SCALE_SCHEMA = 'millrace-bench-e2e-scale/1';

/** One run of one subject at one point. */
export interface ScaleRun {
  readonly point: ScalePoint;
  readonly series: string;
  readonly run: E2eMeasurement;
}

/** The JSON file of `npm run bench -- e2e scale --json FILE`, described in docs/internals/benchmark.md. */
export interface ScaleDocument {
  readonly schema: typeof SCALE_SCHEMA;
  /** When the runs ended, ISO 8601. */
  readonly date: string;
  readonly environment: Environment;
  readonly conditions: Conditions;
  readonly workload: string;
  /** Bytes of each key. */
  readonly keyBytes: number;
  readonly runs: readonly ScaleRun[];
  readonly failures: readonly string[];
}

/** All runs of a subject at a point, beside its first point of the same axis. */
export interface ScaleRow {
  readonly point: ScalePoint;
  readonly series: string;
  readonly runs: number;
  readonly recordsPerSecond: Figure;
  readonly bytesPerSecond: number;
  readonly cpuMicrosPerRecord: Figure;
  readonly brokerCpuMicrosPerRecord: Figure;
  readonly peakRssBytes: Figure;
  /** Medians divided by those of the first point. */
  readonly ofFirst: { readonly recordsPerSecond: number; readonly cpuMicrosPerRecord: number; readonly peakRssBytes: number };
  /** Memory beyond that of the first point for each key or partition beyond its; undefined at the first. */
  readonly bytesForEach: number | undefined;
}

/** Rows by axis, subject and point. */
export function scaleRows({ runs, keyBytes }: Pick<ScaleDocument, 'runs' | 'keyBytes'>): ScaleRow[] {
  return groupBy(runs, ({ point, series }) => `${point.axis}\n${series}`).flatMap((series) => {
    const points = groupBy(series, ({ point }) => String(point.value)).map((of) => pointRow(of, keyBytes));
    const first = points[0]!;
    return points.map((row) => ({ ...row, ofFirst: ratios(row, first), bytesForEach: growth(row, first) }));
  });
}

type PointRow = Omit<ScaleRow, 'ofFirst' | 'bytesForEach'>;

function pointRow(runs: readonly ScaleRun[], keyBytes: number): PointRow {
  const { point, series } = runs[0]!;
  const over = (value: (run: E2eMeasurement) => number): Figure => figure(runs.map(({ run }) => value(run)));
  const recordsPerSecond = over((run) => run.recordsPerSecond);
  return {
    point,
    series,
    runs: runs.length,
    recordsPerSecond,
    bytesPerSecond: recordsPerSecond.median * (keyBytes + point.valueBytes),
    cpuMicrosPerRecord: over((run) => run.cpuMicrosPerRecord),
    brokerCpuMicrosPerRecord: over((run) => run.brokerCpuMicrosPerRecord),
    peakRssBytes: over((run) => run.peakRssBytes),
  };
}

function ratios(row: PointRow, first: PointRow): ScaleRow['ofFirst'] {
  const of = (name: 'recordsPerSecond' | 'cpuMicrosPerRecord' | 'peakRssBytes') => row[name].median / first[name].median;
  return { recordsPerSecond: of('recordsPerSecond'), cpuMicrosPerRecord: of('cpuMicrosPerRecord'), peakRssBytes: of('peakRssBytes') };
}

function growth(row: PointRow, first: PointRow): number | undefined {
  const more = row.point.value - first.point.value;
  return more === 0 ? undefined : (row.peakRssBytes.median - first.peakRssBytes.median) / more;
}

export function saveScale(file: string, document: ScaleDocument): void {
  saveJson(file, document);
}

export function loadScale(file: string): ScaleDocument {
  return loadJson(file, SCALE_SCHEMA) as ScaleDocument;
}
