import { type Role, roleOf } from './roles.ts';
import { type LimitRow, type Summary, sameTask, type ThroughputRow } from './summary.ts';

/** What Millrace has set itself. Only rows that were exactly once with commits every 100 ms are judged. */
export interface Target {
  readonly name: 'speed' | 'cpu' | 'loop' | 'physical-limit' | 'exactly-once';
  /** What the ratio is of. */
  readonly what: string;
  readonly wanted: number;
  readonly bound: 'at-least' | 'at-most';
}

export interface TargetResult extends Target {
  readonly workload: string;
  readonly subject: string;
  /** The subject, tool or guarantee it is compared with. */
  readonly against: string;
  readonly actual: number;
  readonly met: boolean;
  /** How far it is from what is wanted, as a share of that: positive is better than wanted. */
  readonly by: number;
}

const SPEED: Target = { name: 'speed', what: 'the records/s of Kafka Streams', wanted: 2, bound: 'at-least' };
const CPU: Target = { name: 'cpu', what: 'the CPU per record of Kafka Streams', wanted: 0.5, bound: 'at-most' };
const LOOP: Target = { name: 'loop', what: 'the records/s of the loop by hand', wanted: 3, bound: 'at-least' };
const LIMIT: Target = { name: 'physical-limit', what: 'the records/s of a reader that does nothing', wanted: 0.5, bound: 'at-least' };
const GUARANTEE: Target = { name: 'exactly-once', what: 'the records/s of at least once', wanted: 0.8, bound: 'at-least' };

const COMMIT_INTERVAL_MS = 100;
const LIMIT_WORKLOAD = 'pass-through';

/** Every target that the rows let one judge. A target whose rival was not measured is not there. */
export function judge({ throughput, limits, commitSweep }: Pick<Summary, 'throughput' | 'limits' | 'commitSweep'>): TargetResult[] {
  return [
    ...throughput
      .filter(isJudged)
      .flatMap((row) => [
        ...rivals(throughput, row).map((other) => result(row, SPEED, other.subject, rate(row) / rate(other))),
        ...rivals(throughput, row).map((other) => result(row, CPU, other.subject, cpu(row) / cpu(other))),
        ...others(throughput, row, 'loop-confluent').map((other) => result(row, LOOP, other.subject, rate(row) / rate(other))),
        ...limitsOf(limits, row).map(({ tool, recordsPerSecond }) => result(row, LIMIT, tool, rate(row) / recordsPerSecond.median)),
      ]),
    ...commitSweep
      .filter(isJudged)
      .flatMap((row) => atLeastOnce(commitSweep, row).map((other) => result(row, GUARANTEE, 'at least once', rate(row) / rate(other)))),
  ];
}

const rate = (row: ThroughputRow): number => row.recordsPerSecond.median;
const cpu = (row: ThroughputRow): number => row.cpuMicrosPerRecord.median;

function isJudged({ subject, guarantee, commitIntervalMs }: ThroughputRow): boolean {
  return roleOf(subject)?.kind === 'millrace-wire' && guarantee === 'exactly_once_v2' && commitIntervalMs === COMMIT_INTERVAL_MS;
}

function others(rows: readonly ThroughputRow[], row: ThroughputRow, kind: Role['kind']): ThroughputRow[] {
  return rows.filter((other) => sameTask(row, other) && roleOf(other.subject)?.kind === kind);
}

/** One shard is compared with one thread, two with two. */
function rivals(rows: readonly ThroughputRow[], row: ThroughputRow): ThroughputRow[] {
  const threads = roleOf(row.subject)?.threads;
  return others(rows, row, 'kafka-streams').filter(({ subject }) => roleOf(subject)?.threads === threads);
}

function limitsOf(limits: readonly LimitRow[], row: ThroughputRow): LimitRow[] {
  return row.workload === LIMIT_WORKLOAD ? limits.filter(({ workload }) => workload === row.workload) : [];
}

/** Both guarantees were measured in turns, in the same sweep. */
function atLeastOnce(rows: readonly ThroughputRow[], row: ThroughputRow): ThroughputRow[] {
  return rows.filter((other) => other.subject === row.subject && sameTask({ ...row, guarantee: 'at_least_once' }, other));
}

function result({ workload, subject }: ThroughputRow, target: Target, against: string, actual: number): TargetResult {
  const by = target.bound === 'at-least' ? actual / target.wanted - 1 : 1 - actual / target.wanted;
  return { ...target, workload, subject, against, actual, met: by >= 0, by };
}
