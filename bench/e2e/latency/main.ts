import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../broker/measurement.ts';
import { commitsOf, watchCommits } from '../measuring/committed.ts';
import { type RunningSubject, withSubject } from '../measuring/run-subject.ts';
import type { LatencyMeasurement } from '../results.ts';
import type { BenchSession } from '../session/session.ts';
import { endOffset, topicsWithPrefix } from '../session/topics.ts';
import type { Subject } from '../subjects.ts';
import { type RunConditions, ThroughputBench } from '../throughput.ts';
import type { Workload } from '../workloads.ts';
import { startHelper } from './child.ts';
import type { ReaderReport, ReaderWindow, SenderReport } from './messages.ts';
import { isSustained } from './percentiles.ts';

const COMMIT_INTERVALS_MS = [100, 10] as const;
/** What the subjects can do is measured for so long, after a warm-up of as long. */
const CALIBRATION_MS = 5_000;
const START_LIMIT_MS = 90_000;
/** Results that come later than that after the last record are not waited for. */
const TAIL_MS = 10_000;
/** A sender that was so late at some time did not send at the rate it should have. */
const MOST_BEHIND_MS = 1_000;
const PARTITIONS = 4;
const CATCH_UP_LIMIT_MS = 60_000;
/** A subject that is not further behind has no backlog but what commits make. */
const CAUGHT_UP_SECONDS = 1;
const LOOK_MS = 100;

export interface LatencyOptions {
  readonly workloads: readonly Workload[];
  readonly subjects: readonly Subject[];
  readonly conditions: RunConditions;
  /** Instead of half of what subjects can do. */
  readonly recordsPerSecond: number | undefined;
}

export interface LatencyResults {
  readonly measurements: readonly LatencyMeasurement[];
  readonly failures: readonly string[];
}

interface Plan {
  readonly workload: Workload;
  readonly subject: Subject;
  readonly conditions: RunConditions;
  readonly recordsPerSecond: number;
  readonly rate: LatencyMeasurement['rate'];
}

/**
 * From when a record should have been sent until a reader of committed records has its result. First it is measured what
 * each subject can do; then records come at half of that, and at half of what the slowest can do, which is the same for all.
 */
export async function benchLatency(session: BenchSession, options: LatencyOptions): Promise<LatencyResults> {
  const failures: string[] = [];
  const plans = options.recordsPerSecond === undefined ? await calibrated(session, options, failures) : given(options);
  const measurements: LatencyMeasurement[] = [];
  const step = ({ workload, subject }: Plan) => ({ workload: `${workload.name}, latency`, subject: subject.name, run: 1, runs: 1 });
  session.progress.plan(plans.map(step));
  for (const [index, plan] of plans.entries()) {
    if (session.leftovers.interrupted) break;
    session.progress.begin(step(plan));
    try {
      const result = await measureOne(session, plan, `latency-${plan.workload.name}-${index}`);
      measurements.push(result);
      session.log(describe(result));
    } catch (error) {
      if (session.leftovers.interrupted) break;
      failures.push(`${plan.workload.name}, latency: ${error instanceof Error ? error.message : String(error)}`);
      session.log(`FAILED ${failures.at(-1)}`);
    } finally {
      session.progress.end();
    }
  }
  return { measurements, failures };
}

function given({ workloads, subjects, conditions, recordsPerSecond = 0 }: LatencyOptions): Plan[] {
  return eachOf(workloads, (workload, commitIntervalMs) =>
    subjects.map((subject) => ({ workload, subject, conditions: { ...conditions, commitIntervalMs }, recordsPerSecond, rate: 'given' })),
  );
}

/** Throughput of a loaded topic, halved. */
async function calibrated(session: BenchSession, { workloads, subjects, conditions }: LatencyOptions, failures: string[]): Promise<Plan[]> {
  const bench = new ThroughputBench(session);
  for (const _ of COMMIT_INTERVALS_MS) bench.announce(workloads, subjects, 1);
  await bench.load(workloads);
  const able = new Map<string, number>();
  const key = (workload: Workload, subject: Subject, commitIntervalMs: number) => `${workload.name}\n${subject.name}\n${commitIntervalMs}`;
  for (const workload of workloads) {
    for (const commitIntervalMs of COMMIT_INTERVALS_MS) {
      session.log(`latency: what can be done with ${workload.name}, commits every ${commitIntervalMs} ms`);
      for (const subject of subjects) {
        const from = bench.runs.length;
        await bench.measure(workload, [subject], { ...conditions, commitIntervalMs, warmUpMs: CALIBRATION_MS, limitMs: CALIBRATION_MS }, 1);
        const rates = bench.runs.slice(from).map(({ recordsPerSecond }) => recordsPerSecond);
        if (rates.length > 0) able.set(key(workload, subject, commitIntervalMs), median(rates));
      }
    }
  }
  await bench.unload(workloads);
  failures.push(...bench.failures);
  return eachOf(workloads, (workload, commitIntervalMs) => {
    const found = subjects.flatMap((subject) => {
      const rate = able.get(key(workload, subject, commitIntervalMs));
      return rate === undefined ? [] : [{ subject, rate }];
    });
    return halves(found).map((plan) => ({ workload, conditions: { ...conditions, commitIntervalMs }, ...plan }));
  });
}

function eachOf(workloads: readonly Workload[], plansOf: (workload: Workload, commitIntervalMs: number) => Plan[]): Plan[] {
  return workloads.flatMap((workload) => COMMIT_INTERVALS_MS.flatMap((commitIntervalMs) => plansOf(workload, commitIntervalMs)));
}

/** All at half of the slowest; the others at half of their own, too. */
export function halves(
  found: readonly { readonly subject: Subject; readonly rate: number }[],
): Pick<Plan, 'subject' | 'recordsPerSecond' | 'rate'>[] {
  if (found.length === 0) return [];
  const slowest = Math.min(...found.map(({ rate }) => rate));
  const atSlowest = found.map(({ subject }) => ({
    subject,
    recordsPerSecond: Math.floor(slowest / 2),
    rate: 'half of the slowest' as const,
  }));
  const atOwn = found
    .filter(({ rate }) => rate > slowest)
    .map(({ subject, rate }) => ({ subject, recordsPerSecond: Math.floor(rate / 2), rate: 'half of its own' as const }));
  return [...atSlowest, ...atOwn];
}

/** Topics of its own, as the input has to be new. */
async function measureOne(session: BenchSession, plan: Plan, applicationId: string): Promise<LatencyMeasurement> {
  const { workload, subject, conditions } = plan;
  const output = `output-of-${applicationId}`;
  await session.createOutput(workload.input, PARTITIONS);
  await session.createOutput(output, PARTITIONS);
  const stateDir = session.makeDirectory(applicationId);
  const { bootstrapServers } = session.broker;
  const { guarantee, commitIntervalMs, compression } = conditions;
  const settings = { bootstrapServers, workload: workload.name, output, applicationId, guarantee, commitIntervalMs, compression };
  const { threads, variant } = subject;
  try {
    return await withSubject(session, subject, { ...settings, threads, stateDir, variant }, (running) =>
      whileSending(session, plan, running, applicationId, output),
    );
  } finally {
    session.removeDirectory(stateDir);
    const internal = await topicsWithPrefix(session.client, `${applicationId}-`);
    await session.deleteTopics([workload.input, output, ...internal]);
  }
}

async function whileSending(
  session: BenchSession,
  { workload, subject, conditions, recordsPerSecond, rate }: Plan,
  running: RunningSubject,
  applicationId: string,
  output: string,
): Promise<LatencyMeasurement> {
  const { warmUpMs, limitMs: measuredMs, commitIntervalMs } = conditions;
  const { bootstrapServers } = session.broker;
  const wholeMs = START_LIMIT_MS + CATCH_UP_LIMIT_MS + warmUpMs + measuredMs + 2 * TAIL_MS;
  const sender = startHelper<SenderReport>(session.leftovers, 'sender', {
    ...{ bootstrapServers, topic: workload.input, recordsPerSecond, limitMs: wholeMs },
  });
  const reader = startHelper<ReaderReport>(session.leftovers, 'reader', { bootstrapServers, topic: output });
  await reader.firstLine;
  const caughtUp = await waitUntilCaughtUp(session, running, applicationId, workload.input, recordsPerSecond);
  const fromMs = Date.now() + warmUpMs;
  const toMs = fromMs + measuredMs;
  reader.tell({ fromMs, toMs, limitMs: toMs + TAIL_MS } satisfies ReaderWindow);
  await sleep(fromMs - Date.now());
  const cpuBefore = total(running);
  await sleep(toMs - Date.now());
  const cpuSeconds = total(running) - cpuBefore;
  const report = await reader.report;
  running.check();
  sender.stop();
  const { worstBehindMs } = await sender.report;
  const { records, p50, p90, p99, p999, max } = report;
  return {
    ...{ workload: workload.name, subject: subject.name, commitIntervalMs, recordsPerSecond, rate },
    ...{ records, p50, p90, p99, p999, max },
    cpuMicrosPerRecord: (cpuSeconds * 1e6) / ((recordsPerSecond * measuredMs) / 1000),
    sustained: caughtUp && isSustained(report) && worstBehindMs < MOST_BEHIND_MS,
  };
}

/** What came while the subject started has to be done first. False when it is not after a long time. */
async function waitUntilCaughtUp(
  session: BenchSession,
  running: RunningSubject,
  groupId: string,
  topic: string,
  recordsPerSecond: number,
): Promise<boolean> {
  const input = { topic, count: Number.MAX_SAFE_INTEGER };
  const check = (): void => running.check();
  await watchCommits(session.client, groupId, input, ({ committed }) => committed > 0, check, START_LIMIT_MS);
  const deadlineMs = performance.now() + CATCH_UP_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    check();
    const { committed } = await commitsOf(session.client, groupId, input);
    const ends = await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => endOffset(session.client, topic, partition)));
    if (ends.reduce((sum, end) => sum + end, 0) - committed < recordsPerSecond * CAUGHT_UP_SECONDS) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

function total(running: RunningSubject): number {
  const { userSeconds, systemSeconds } = running.cpu();
  return userSeconds + systemSeconds;
}

function describe({ workload, subject, commitIntervalMs, recordsPerSecond, rate, p50, p99, max, sustained }: LatencyMeasurement): string {
  const at = `${recordsPerSecond.toLocaleString('en-US')} records/s (${rate})`;
  const times = `p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`;
  return `${workload}, latency at ${at}, commits every ${commitIntervalMs} ms: ${subject}: ${times}${sustained ? '' : '; IT FELL BEHIND'}`;
}
