import type { CommitSweepMeasurement } from './results.ts';
import type { BenchSession } from './session/session.ts';
import type { Subject } from './subjects.ts';
import { type RunConditions, ThroughputBench } from './throughput.ts';
import type { Workload } from './workloads.ts';

/** From ten milliseconds to a second. */
const INTERVALS_MS = [10, 50, 100, 500, 1000] as const;
const GUARANTEES = ['exactly_once_v2', 'at_least_once'] as const;

export interface CommitSweep {
  readonly measurements: readonly CommitSweepMeasurement[];
  readonly failures: readonly string[];
}

/**
 * What exactly once costs: throughput at each commit interval, with transactions and without. Both guarantees have the same
 * interval, so that they write equally many results of aggregates.
 */
export async function sweepCommitIntervals(
  session: BenchSession,
  workloads: readonly Workload[],
  subjects: readonly Subject[],
  conditions: RunConditions,
  runs: number,
): Promise<CommitSweep> {
  const measurements: CommitSweepMeasurement[] = [];
  const bench = new ThroughputBench(session);
  for (let round = 0; round < INTERVALS_MS.length * GUARANTEES.length; round++) bench.announce(workloads, subjects, runs);
  await bench.load(workloads);
  for (const workload of workloads) {
    for (const commitIntervalMs of INTERVALS_MS) {
      for (const guarantee of GUARANTEES) {
        session.log(`commit sweep: ${workload.name}, ${guarantee}, commits every ${commitIntervalMs} ms`);
        const from = bench.runs.length;
        await bench.measure(workload, subjects, { ...conditions, guarantee, commitIntervalMs }, runs);
        measurements.push(...bench.runs.slice(from).map((result) => ({ ...result, guarantee, commitIntervalMs })));
      }
    }
  }
  await bench.unload(workloads);
  return { measurements, failures: bench.failures };
}
