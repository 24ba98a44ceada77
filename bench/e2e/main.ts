import { sweepCommitIntervals } from './commit-sweep.ts';
import { benchLatency } from './latency/main.ts';
import { limitTools, measureLimit } from './limit.ts';
import type { Part } from './parts.ts';
import type { BenchProgress } from './progress.ts';
import { benchRestore } from './restore.ts';
import type { E2eResults, LimitMeasurement } from './results.ts';
import { differentTopologies } from './same-topologies.ts';
import { type BenchSession, withSession } from './session/session.ts';
import { settingsLines } from './settings-lines.ts';
import { allSubjects, describeInJava, type Subject } from './subjects.ts';
import { countOf, planOf, type RunConditions, ThroughputBench } from './throughput.ts';
import { type Workload, workloads } from './workloads.ts';

export interface E2eOptions extends RunConditions {
  readonly parts: readonly Part[];
  /** Records of an event topic; lines of text are a tenth of it. */
  readonly records: number;
  readonly runs: number;
  /** Workloads whose names contain one of these, separated by commas; all when undefined. */
  readonly only: string | undefined;
  /** Subjects whose names contain one of these; all when undefined. */
  readonly subjects: string | undefined;
  /** `kafka`, `embedded`, or undefined for Apache Kafka where Java is there. */
  readonly broker: string | undefined;
  /** Of the latency benchmark, records per second; undefined: half of what subjects can do. */
  readonly rate: number | undefined;
  /** Keys whose state is restored. */
  readonly keys: number;
  readonly progress: BenchProgress;
}

/** Of event topics, where outputs of all subjects are compared before anything is measured. */
const CHECK_RECORDS = 200_000;
const LIMIT_WORKLOAD = 'pass-through';
/** Parts with many runs have the subjects that their question is about, and workloads with and without state. */
const COMPARED_WORKLOADS = 'pass-through,count-uniform';
const COMPARED_SUBJECTS = /^(Millrace wire, 1 shard|Kafka Streams in-memory, 1 thread)$/;
const LATENCY_SUBJECTS = /^(Millrace \w+, 1 shard|Kafka Streams in-memory, 1 thread)$/;
const RESTORED_SUBJECTS = /^(Millrace wire, 1 shard|Kafka Streams (in-memory|rocksdb), 1 thread)$/;

/**
 * The engine beside Java Kafka Streams and loops written by hand: the same topics on the same broker, the same work, the
 * same guarantee and commit interval, in turns, and outputs compared.
 */
export function benchE2e(options: E2eOptions): Promise<E2eResults> {
  return withSession(options, async (session) => {
    const subjects = allSubjects(session.log).filter(({ name }) => matches(name, options.subjects));
    if (subjects.length === 0) throw new Error(`No subject has ${options.subjects} in its name.`);
    const { guarantee, commitIntervalMs, records } = options;
    const settings = settingsLines(options, subjects);
    session.log([`On ${session.brokerName}`, ...settings].join('\n'));
    const results = await runParts(session, options, subjects);
    if (results.failures.length > 0) process.exitCode = 1;
    return { conditions: { broker: session.brokerName, guarantee, commitIntervalMs, records, settings }, ...results };
  });
}

type PartResults = Omit<E2eResults, 'conditions'>;

async function runParts(session: BenchSession, options: E2eOptions, subjects: readonly Subject[]): Promise<PartResults> {
  const results: PartResults = { throughput: [], limits: [], latency: [], commitSweep: [], restore: [], failures: [] };
  const add = (found: Partial<PartResults>): void => {
    for (const name of Object.keys(found) as (keyof PartResults)[]) (results[name] as unknown[]).push(...(found[name] ?? []));
  };
  const only = (pattern: RegExp): Subject[] => subjects.filter(({ name }) => pattern.test(name));
  const compared = chosen(options.records, options.only ?? COMPARED_WORKLOADS);
  for (const part of options.parts) {
    if (session.leftovers.interrupted) break;
    if (part === 'throughput') add(await throughput(session, options, subjects));
    if (part === 'latency') {
      const latency = { workloads: compared.filter(isEventWorkload), subjects: only(LATENCY_SUBJECTS), conditions: options };
      const { measurements, failures } = await benchLatency(session, { ...latency, recordsPerSecond: options.rate });
      add({ latency: measurements, failures });
    }
    if (part === 'commit-sweep') {
      const { measurements, failures } = await sweepCommitIntervals(session, compared, only(COMPARED_SUBJECTS), options, options.runs);
      add({ commitSweep: measurements, failures });
    }
    if (part === 'restore') {
      const restore = { keys: options.keys, subjects: only(RESTORED_SUBJECTS), conditions: options, runs: options.runs };
      const { measurements, failures } = await benchRestore(session, restore);
      add({ restore: measurements, failures });
    }
  }
  return results;
}

/** The table: first every subject with a small input, to compare outputs; then each by the clock. */
async function throughput(session: BenchSession, options: E2eOptions, subjects: readonly Subject[]): Promise<Partial<PartResults>> {
  const bench = new ThroughputBench(session);
  const large = chosen(options.records, options.only);
  const small = options.records > CHECK_RECORDS ? chosen(CHECK_RECORDS, options.only) : [];
  const failures = compareTopologies(session, large, subjects);
  bench.announce(small, subjects, 0);
  bench.announce(large, subjects, options.runs);
  if (small.length > 0) {
    await bench.load(small);
    for (const workload of small) await bench.check(workload, subjects, options);
    await bench.unload(small);
  }
  await bench.load(large);
  const limits: LimitMeasurement[] = [];
  for (const workload of large) {
    await bench.measure(workload, subjects, options, options.runs);
    if (workload.name === LIMIT_WORKLOAD) limits.push(...(await measureLimits(session, workload, options, failures)));
  }
  await bench.unload(large);
  return { throughput: bench.runs, limits, failures: [...failures, ...bench.failures] };
}

/** What is not the same work is not compared in silence. */
function compareTopologies(session: BenchSession, compared: readonly Workload[], subjects: readonly Subject[]): string[] {
  if (!subjects.some(({ name }) => name.startsWith('Kafka Streams'))) return [];
  const different = differentTopologies(
    compared.map(({ name }) => name),
    (names, output) => describeInJava(names, output, session.log),
  );
  if (different.length === 0) session.log('Topologies: what Millrace and Kafka Streams describe() is the same for every workload');
  return different.map((name) => `${name}: the topology is not that of Kafka Streams: describe() differs`);
}

async function measureLimits(
  session: BenchSession,
  workload: Workload,
  options: E2eOptions,
  failures: string[],
): Promise<LimitMeasurement[]> {
  const limits: LimitMeasurement[] = [];
  const input = { topic: workload.input, count: countOf(workload) };
  const plan = { ...planOf(workload, options), limitMs: Number.POSITIVE_INFINITY };
  for (const tool of limitTools(session.log)) {
    for (let run = 1; run <= options.runs && !session.leftovers.interrupted; run++) {
      try {
        const result = await measureLimit(session, tool, workload.name, input, plan, run);
        limits.push(result);
        const rate = Math.round(result.recordsPerSecond).toLocaleString('en-US');
        session.log(`${workload.name}, run ${run}: ${tool.name}: ${rate} records/s, ${result.cpuMicrosPerRecord.toFixed(2)} µs CPU each`);
      } catch (error) {
        failures.push(`${tool.name}: ${error instanceof Error ? error.message : String(error)}`);
        session.log(`FAILED ${failures.at(-1)}`);
      }
    }
  }
  return limits;
}

/** Throws when no workload has such a name. */
function chosen(records: number, only: string | undefined): readonly Workload[] {
  const found = workloads(records).filter(({ name }) => matches(name, only));
  if (found.length === 0) throw new Error(`No workload has ${only} in its name.`);
  return found;
}

/** The sender of the latency benchmark knows events only. */
function isEventWorkload({ inputs, input }: Workload): boolean {
  return inputs.length === 1 && input === 'events-uniform';
}

/** Names of subjects have commas, and so has the list of what is wanted: `wire 1` finds `Millrace wire, 1 shard`. */
export function matches(name: string, wanted: string | undefined): boolean {
  const plain = name.toLowerCase().replaceAll(',', '');
  return wanted === undefined || wanted.split(',').some((part) => plain.includes(part.trim().toLowerCase()));
}
