import type { BenchProgress } from './progress.ts';
import type { E2eResults } from './results.ts';
import { type BenchSession, withSession } from './session/session.ts';
import { allSubjects, type Subject } from './subjects.ts';
import { type RunConditions, ThroughputBench } from './throughput.ts';
import { type Workload, workloads } from './workloads.ts';

export interface E2eOptions extends RunConditions {
  /** Records of an event topic; lines of text are a tenth of it. */
  readonly records: number;
  readonly runs: number;
  /** Workloads whose names contain one of these, separated by commas; all when undefined. */
  readonly only: string | undefined;
  /** Subjects whose names contain one of these; all when undefined. */
  readonly subjects: string | undefined;
  /** `kafka`, `embedded`, or undefined for Apache Kafka where Java is there. */
  readonly broker: string | undefined;
  readonly progress: BenchProgress;
}

/** Of event topics, where outputs of all subjects are compared before anything is measured. */
const CHECK_RECORDS = 200_000;

/**
 * The engine beside Java Kafka Streams and loops written by hand: the same topics on the same broker, the same work, the
 * same guarantee and commit interval, in turns, and outputs compared.
 */
export function benchE2e(options: E2eOptions): Promise<E2eResults> {
  return withSession(options, async (session) => {
    const subjects = allSubjects(session.log).filter(({ name }) => matches(name, options.subjects));
    const chosen = (records: number) => workloads(records).filter(({ name }) => matches(name, options.only));
    if (chosen(1).length === 0 || subjects.length === 0) throw new Error('No workload or no subject has such a name.');
    const bench = new ThroughputBench(session);
    await throughput(session, bench, options, subjects, chosen);
    const { failures, runs } = bench;
    if (failures.length > 0) process.exitCode = 1;
    const { guarantee, commitIntervalMs, records } = options;
    const conditions = { broker: session.brokerName, guarantee, commitIntervalMs, records, settings: [] };
    return { conditions, throughput: runs, limits: [], latency: [], commitSweep: [], restore: [], failures };
  });
}

/** The table: first every subject with a small input, to compare outputs; then each by the clock. */
async function throughput(
  session: BenchSession,
  bench: ThroughputBench,
  options: E2eOptions,
  subjects: readonly Subject[],
  chosen: (records: number) => readonly Workload[],
): Promise<void> {
  session.log(`On ${session.brokerName}; ${options.guarantee}, commits every ${options.commitIntervalMs} ms`);
  const [small, large] = [options.records > CHECK_RECORDS ? chosen(CHECK_RECORDS) : [], chosen(options.records)];
  bench.announce(small, subjects, 0);
  bench.announce(large, subjects, options.runs);
  if (small.length > 0) {
    await bench.load(small);
    for (const workload of small) await bench.check(workload, subjects, options);
    await bench.unload(small);
  }
  await bench.load(large);
  for (const workload of large) await bench.measure(workload, subjects, options, options.runs);
}

export function matches(name: string, wanted: string | undefined): boolean {
  return wanted === undefined || wanted.split(',').some((part) => name.toLowerCase().includes(part.trim().toLowerCase()));
}
