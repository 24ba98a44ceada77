import type { Outcome } from './outcome.ts';
import type { SubjectSettings } from './subjects/settings.ts';

/** What `npm run bench -- e2e` writes with `--json`, and what its report is made of. */
export interface E2eResults {
  readonly conditions: Conditions;
  readonly throughput: readonly E2eMeasurement[];
  /** The same topic, read by tools that do nothing with it. */
  readonly limits: readonly LimitMeasurement[];
  readonly latency: readonly LatencyMeasurement[];
  readonly commitSweep: readonly CommitSweepMeasurement[];
  readonly restore: readonly RestoreMeasurement[];
  /** What did not come to its end, or whose output was not that of the others. */
  readonly failures: readonly string[];
}

/** What the numbers depend on. */
export interface Conditions {
  readonly broker: string;
  readonly guarantee: SubjectSettings['guarantee'];
  readonly commitIntervalMs: number;
  /** Records of an event topic. */
  readonly records: number;
  /** What the subjects are set to, as it is printed. */
  readonly settings: readonly string[];
}

/** One run of a subject, from when it was warm. */
export interface E2eMeasurement {
  readonly workload: string;
  readonly subject: string;
  readonly broker: string;
  /** From 1; the subjects take turns, so run 2 of any comes after run 1 of all. */
  readonly run: number;
  /** Input records that were measured: those after the warm-up. */
  readonly records: number;
  /** How long they took. */
  readonly seconds: number;
  /** What had been processed before, and for how long; not counted. */
  readonly warmUpRecords: number;
  readonly warmUpSeconds: number;
  /** False: the time limit came before the end of the input. */
  readonly toEnd: boolean;
  readonly recordsPerSecond: number;
  /** User and system time of the subject's processes per input record. */
  readonly cpuMicrosPerRecord: number;
  readonly userMicrosPerRecord: number;
  readonly systemMicrosPerRecord: number;
  /** User and system time of the broker's process per input record. */
  readonly brokerCpuMicrosPerRecord: number;
  readonly peakRssBytes: number;
  /** Undefined where the run did not come to the end of the input. */
  readonly outcome?: Outcome;
  /** The output is that of the first subject; where this run did not come to its end, that of a check input. */
  readonly equal?: boolean;
}

/** Reading a topic and doing nothing. */
export interface LimitMeasurement {
  readonly tool: string;
  /** Whose input was read. */
  readonly workload: string;
  readonly run: number;
  readonly recordsPerSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly peakRssBytes: number;
}

/** From when a record should have been sent until a consumer had its result. Milliseconds. */
export interface LatencyMeasurement {
  readonly workload: string;
  readonly subject: string;
  readonly commitIntervalMs: number;
  /** Records sent per second. */
  readonly recordsPerSecond: number;
  /** What the rate is: half of what this subject can do, or half of what the slowest of them can. */
  readonly rate: 'half of its own' | 'half of the slowest' | 'given';
  /** Results that were measured. */
  readonly records: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** User and system time of the subject's process per input record. */
  readonly cpuMicrosPerRecord: number;
  /** False: the subject fell behind more and more, so the percentiles say nothing but that. */
  readonly sustained: boolean;
}

/** Throughput at one commit interval. */
export interface CommitSweepMeasurement extends E2eMeasurement {
  readonly guarantee: SubjectSettings['guarantee'];
  readonly commitIntervalMs: number;
}

/** From the start of the process until the first new record was processed, the state having been lost. */
export interface RestoreMeasurement {
  readonly subject: string;
  readonly run: number;
  readonly keys: number;
  /** Of the changelog, control records of transactions included. */
  readonly changelogOffsets: number;
  readonly changelogBytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** The same with nothing to restore: what starting costs. */
  readonly emptySeconds: number;
  readonly emptyCpuSeconds: number;
  /** What came out for the new records was right. */
  readonly correct: boolean;
}
