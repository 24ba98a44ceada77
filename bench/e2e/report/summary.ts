import type {
  CommitSweepMeasurement,
  E2eMeasurement,
  E2eResults,
  LatencyMeasurement,
  LimitMeasurement,
  RestoreMeasurement,
} from '../results.ts';
import { type Figure, figure, groupBy } from './figure.ts';
import { roleOf } from './roles.ts';

/** What the runs of a report come to: a row for each thing that was measured, in the order of the first run of each. */
export interface Summary {
  readonly throughput: readonly ThroughputRow[];
  readonly limits: readonly LimitRow[];
  readonly latency: readonly LatencyRow[];
  readonly commitSweep: readonly ThroughputRow[];
  readonly restore: readonly RestoreRow[];
}

/** All runs of one subject with one workload, guarantee and commit interval. */
export interface ThroughputRow {
  readonly workload: string;
  readonly subject: string;
  readonly guarantee: CommitSweepMeasurement['guarantee'];
  readonly commitIntervalMs: number;
  readonly runs: number;
  readonly recordsPerSecond: Figure;
  readonly recordsPerCpuSecond: Figure;
  readonly cpuMicrosPerRecord: Figure;
  readonly peakRssBytes: Figure;
  /** Medians divided by those of Kafka Streams (in memory, as many threads, else one); absent where it was not measured. */
  readonly ofKafkaStreams?: { readonly recordsPerSecond: number; readonly cpuMicrosPerRecord: number };
  /** All outputs were those of the first subject; undefined where none was compared. */
  readonly equal: boolean | undefined;
}

/** A tool that reads the input and does nothing. */
export interface LimitRow {
  readonly workload: string;
  readonly tool: string;
  readonly runs: number;
  readonly recordsPerSecond: Figure;
  readonly cpuMicrosPerRecord: Figure;
  readonly peakRssBytes: Figure;
}

/** Milliseconds from when a record should have been sent until a consumer had its result. */
export interface LatencyRow {
  readonly workload: string;
  readonly subject: string;
  readonly commitIntervalMs: number;
  readonly rate: LatencyMeasurement['rate'];
  readonly runs: number;
  readonly recordsPerSecond: Figure;
  readonly p50Ms: Figure;
  readonly p99Ms: Figure;
  readonly maxMs: Figure;
  readonly cpuMicrosPerRecord: Figure;
  /** No run fell behind more and more. */
  readonly sustained: boolean;
}

/** How long a process that lost its state takes until it processes. */
export interface RestoreRow {
  readonly subject: string;
  readonly keys: number;
  readonly runs: number;
  readonly seconds: Figure;
  /** Beyond what starting with nothing to restore takes. */
  readonly keysPerSecond: Figure;
  readonly cpuSeconds: Figure;
  readonly peakRssBytes: Figure;
  readonly correct: boolean;
}

export function summarize({ conditions, throughput, limits, latency, commitSweep, restore }: E2eResults): Summary {
  const { guarantee, commitIntervalMs } = conditions;
  return {
    throughput: throughputRows(throughput.map((run) => ({ ...run, guarantee, commitIntervalMs }))),
    limits: groupBy(limits, ({ workload, tool }) => `${workload}\n${tool}`).map(limitRow),
    latency: groupBy(latency, latencyKey).map(latencyRow),
    commitSweep: throughputRows(commitSweep),
    restore: groupBy(restore, ({ subject, keys }) => `${subject}\n${keys}`).map(restoreRow),
  };
}

/** Rows with equal keys are the same thing measured: within a report, and between two. */
export function throughputKey(row: Pick<ThroughputRow, 'workload' | 'subject' | 'guarantee' | 'commitIntervalMs'>): string {
  return [row.workload, row.subject, row.guarantee, row.commitIntervalMs].join('\n');
}

/** Both did the same work with the same guarantee and commit interval. */
export function sameTask(a: ThroughputRow, b: ThroughputRow): boolean {
  return a.workload === b.workload && a.guarantee === b.guarantee && a.commitIntervalMs === b.commitIntervalMs;
}

function throughputRows(runs: readonly CommitSweepMeasurement[]): ThroughputRow[] {
  const rows = groupBy(runs, throughputKey).map(throughputRow);
  return rows.map((row) => {
    const rival = rivalOf(row, rows);
    return rival === undefined ? row : { ...row, ofKafkaStreams: ratios(row, rival) };
  });
}

function throughputRow(runs: readonly CommitSweepMeasurement[]): ThroughputRow {
  const { workload, subject, guarantee, commitIntervalMs } = runs[0]!;
  const over = (value: (run: E2eMeasurement) => number): Figure => figure(runs.map(value));
  const compared = runs.flatMap(({ equal }) => (equal === undefined ? [] : [equal]));
  return {
    workload,
    subject,
    guarantee,
    commitIntervalMs,
    runs: runs.length,
    recordsPerSecond: over((run) => run.recordsPerSecond),
    recordsPerCpuSecond: over((run) => 1e6 / run.cpuMicrosPerRecord),
    cpuMicrosPerRecord: over((run) => run.cpuMicrosPerRecord),
    peakRssBytes: over((run) => run.peakRssBytes),
    equal: compared.length === 0 ? undefined : compared.every((equal) => equal),
  };
}

/** Kafka Streams with in-memory stores, doing the same with the same guarantee: as many threads, else one. */
function rivalOf(row: ThroughputRow, rows: readonly ThroughputRow[]): ThroughputRow | undefined {
  const like = rows.filter((other) => sameTask(row, other) && roleOf(other.subject)?.kind === 'kafka-streams');
  const withThreads = (threads: number) => like.find(({ subject }) => roleOf(subject)?.threads === threads);
  return withThreads(roleOf(row.subject)?.threads ?? 1) ?? withThreads(1);
}

function ratios(row: ThroughputRow, rival: ThroughputRow): NonNullable<ThroughputRow['ofKafkaStreams']> {
  return {
    recordsPerSecond: row.recordsPerSecond.median / rival.recordsPerSecond.median,
    cpuMicrosPerRecord: row.cpuMicrosPerRecord.median / rival.cpuMicrosPerRecord.median,
  };
}

function limitRow(runs: readonly LimitMeasurement[]): LimitRow {
  const { workload, tool } = runs[0]!;
  const over = (value: (run: LimitMeasurement) => number): Figure => figure(runs.map(value));
  return {
    workload,
    tool,
    runs: runs.length,
    recordsPerSecond: over((run) => run.recordsPerSecond),
    cpuMicrosPerRecord: over((run) => run.cpuMicrosPerRecord),
    peakRssBytes: over((run) => run.peakRssBytes),
  };
}

function latencyKey({ workload, subject, commitIntervalMs, rate }: LatencyMeasurement): string {
  return [workload, subject, commitIntervalMs, rate].join('\n');
}

function latencyRow(runs: readonly LatencyMeasurement[]): LatencyRow {
  const { workload, subject, commitIntervalMs, rate } = runs[0]!;
  const over = (value: (run: LatencyMeasurement) => number): Figure => figure(runs.map(value));
  return {
    workload,
    subject,
    commitIntervalMs,
    rate,
    runs: runs.length,
    recordsPerSecond: over((run) => run.recordsPerSecond),
    p50Ms: over((run) => run.p50),
    p99Ms: over((run) => run.p99),
    maxMs: over((run) => run.max),
    cpuMicrosPerRecord: over((run) => run.cpuMicrosPerRecord),
    sustained: runs.every(({ sustained }) => sustained),
  };
}

function restoreRow(runs: readonly RestoreMeasurement[]): RestoreRow {
  const { subject, keys } = runs[0]!;
  const over = (value: (run: RestoreMeasurement) => number): Figure => figure(runs.map(value));
  return {
    subject,
    keys,
    runs: runs.length,
    seconds: over((run) => run.seconds),
    keysPerSecond: over((run) => keys / (run.seconds - run.emptySeconds)),
    cpuSeconds: over((run) => run.cpuSeconds),
    peakRssBytes: over((run) => run.peakRssBytes),
    correct: runs.every(({ correct }) => correct),
  };
}
