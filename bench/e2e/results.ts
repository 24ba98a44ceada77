import type { Outcome } from './outcome.ts';
import type { SubjectSettings } from './subjects/settings.ts';

/** What the parts of `npm run bench -- e2e` measure; the report is made of it. */
export interface E2eResults {
  /** Throughput: of the table, of the commit-interval sweep, and of tools that only read. */
  readonly runs: readonly E2eMeasurement[];
  readonly latency: readonly LatencyMeasurement[];
  readonly restore: readonly RestoreMeasurement[];
  /** What did not come to its end, or whose output was not that of the others. */
  readonly failures: readonly string[];
}

/** One run of a subject, from when it was warm. CPU and memory are those of all its processes together. */
export interface E2eMeasurement {
  readonly workload: string;
  readonly subject: string;
  readonly broker: string;
  readonly guarantee: SubjectSettings['guarantee'];
  readonly commitIntervalMs: number;
  /** From 1; the subjects take turns, so run 2 of any comes after run 1 of all. */
  readonly run: number;
  /** Input records that were measured: those after the warm-up. */
  readonly records: number;
  /** Wall-clock time for them. */
  readonly elapsedMs: number;
  /** What had been processed before, and for how long; not counted. */
  readonly warmUpRecords: number;
  readonly warmUpMs: number;
  /** False: the time limit came before the end of the input. */
  readonly toEnd: boolean;
  readonly recordsPerSecond: number;
  /** User and system time per input record. */
  readonly cpuMicrosPerRecord: number;
  readonly userMicrosPerRecord: number;
  readonly systemMicrosPerRecord: number;
  /** User and system time of the broker's process per input record. */
  readonly brokerCpuMicrosPerRecord: number;
  /** The most memory that the process ever had, the warm-up included. */
  readonly peakRssBytes: number;
  /** Undefined where the run did not come to the end of the input, or has no output. */
  readonly outcome?: Outcome;
  /**
   * The output is that of the first subject: of this run where it came to the end of the input, else of the check before,
   * with a smaller input. Undefined for tools that only read.
   */
  readonly equal?: boolean;
}

/** From when a record should have been sent until a consumer had its result. Milliseconds. */
export interface LatencyMeasurement {
  readonly workload: string;
  readonly subject: string;
  readonly broker: string;
  readonly guarantee: SubjectSettings['guarantee'];
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

/** From the start of the process until the first new record was processed, the state having been lost. */
export interface RestoreMeasurement {
  readonly subject: string;
  readonly broker: string;
  readonly run: number;
  readonly keys: number;
  /** Offsets of the changelog: its records, and control records of transactions. */
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
