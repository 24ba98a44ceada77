import { inputTopics, loadInputs } from './inputs.ts';
import { runSubject } from './measuring/run-subject.ts';
import type { MeasuringPlan } from './measuring/window.ts';
import { type Outcome, readOutcome } from './outcome.ts';
import type { Step } from './progress.ts';
import type { E2eMeasurement } from './results.ts';
import type { BenchSession } from './session/session.ts';
import { topicsWithPrefix } from './session/topics.ts';
import type { SubjectSettings } from './subjects/settings.ts';
import type { Subject } from './subjects.ts';
import type { Workload } from './workloads.ts';

/** What all runs of a comparison have in common. */
export interface RunConditions {
  readonly guarantee: SubjectSettings['guarantee'];
  readonly commitIntervalMs: number;
  readonly compression: SubjectSettings['compression'];
  /** See {@link MeasuringPlan}. */
  readonly warmUpMs: number;
  readonly limitMs: number;
}

/** A warm-up ends no sooner. Just-in-time compilers go by calls as well as by time. */
const WARM_UP_RECORDS = 200_000;
/** Subjects that are so fast that they would use the input up have half of it as their warm-up. */
const MOST_WARM_UP = 0.5;
const WORDS_FEWER = 10;

/** Runs subjects on the topics of one session, compares their outputs, and keeps what was measured. */
export class ThroughputBench {
  readonly runs: E2eMeasurement[] = [];
  /** What did not come to its end, and outputs that differ. */
  readonly failures: string[] = [];
  readonly #session: BenchSession;
  /** By workload: the output that all subjects should have, from the one that was first where it is not known before. */
  readonly #expected = new Map<string, Outcome>();
  /** By workload and subject: whether its output of the check input was right. */
  readonly #checked = new Map<string, boolean>();
  #applications = 0;

  constructor(session: BenchSession) {
    this.#session = session;
  }

  /** Creates and fills the topics that the workloads read. */
  async load(workloads: readonly Workload[]): Promise<void> {
    await loadInputs(this.#session, workloads);
  }

  /** Deletes them, so that other ones of the same names can be loaded. */
  async unload(workloads: readonly Workload[]): Promise<void> {
    await this.#session.deleteTopics(inputTopics(workloads).map(({ name }) => name));
    this.#expected.clear();
  }

  /** Tells the progress what {@link measure} will do with these, or {@link check} when there are no runs. */
  announce(workloads: readonly Workload[], subjects: readonly Subject[], runs: number): void {
    const each = Array.from({ length: Math.max(1, runs) }, (_, index) => Math.min(index + 1, runs));
    const of = (workload: Workload) =>
      able(subjects, workload).flatMap((subject) => each.map((run) => stepOf(workload, subject, run, runs)));
    this.#session.progress.plan(workloads.flatMap(of));
  }

  /**
   * Each subject once, to the end of an input that is small: whether outputs are equal is known then also of subjects
   * that the time limit stops later. Nothing is measured.
   */
  async check(workload: Workload, subjects: readonly Subject[], conditions: RunConditions): Promise<void> {
    for (const subject of able(subjects, workload)) {
      const result = await this.#attempt(workload, subject, { ...conditions, warmUpMs: 0, limitMs: Number.POSITIVE_INFINITY }, 0, 0);
      this.#checked.set(`${workload.name}\n${subject.name}`, result?.equal === true);
      if (result?.equal === true) this.#session.log(`${workload.name}, check: ${subject.name}: output equal`);
    }
  }

  /** All subjects in turns, beginning with another one in each run: what changes on the machine meanwhile hits all of them. */
  async measure(workload: Workload, subjects: readonly Subject[], conditions: RunConditions, runs: number): Promise<void> {
    for (let run = 1; run <= runs; run++) {
      for (const subject of rotated(able(subjects, workload), run - 1)) {
        const result = await this.#attempt(workload, subject, conditions, run, runs);
        if (result === undefined) continue;
        this.runs.push(result);
        this.#session.log(`${workload.name}, run ${run} of ${runs}: ${describeRun(result)}`);
      }
    }
  }

  /** Undefined when it failed, which is noted. */
  async #attempt(
    workload: Workload,
    subject: Subject,
    conditions: RunConditions,
    run: number,
    runs: number,
  ): Promise<E2eMeasurement | undefined> {
    if (this.#session.leftovers.interrupted) return undefined;
    this.#session.progress.begin(stepOf(workload, subject, run, runs));
    try {
      const result = await this.#one(workload, subject, conditions, run);
      if (result.equal === false && result.outcome !== undefined) this.#differs(result);
      return result;
    } catch (error) {
      if (!this.#session.leftovers.interrupted) this.#fail(`${workload.name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    } finally {
      this.#session.progress.end();
    }
  }

  async #one(workload: Workload, subject: Subject, conditions: RunConditions, run: number): Promise<E2eMeasurement> {
    const { guarantee, commitIntervalMs, compression } = conditions;
    const applicationId = `bench-${workload.name}-${++this.#applications}`;
    const output = `output-of-${applicationId}`;
    const outputs = workload.outputs ?? [output];
    for (const topic of [...outputs, ...(workload.alsoCreated ?? [])]) await this.#session.createOutput(topic, partitionsOf(workload));
    const stateDir = this.#session.makeDirectory(applicationId);
    const { threads, variant } = subject;
    const bootstrapServers = this.#session.broker.bootstrapServers;
    const settings = { bootstrapServers, workload: workload.name, output, applicationId, guarantee, commitIntervalMs, compression };
    try {
      const input = { topic: workload.input, count: countOf(workload) };
      const part = await runSubject(
        this.#session,
        subject,
        { ...settings, threads, stateDir, variant },
        input,
        planOf(workload, conditions),
      );
      const result = toMeasurement(workload, subject, { ...part, broker: this.#session.brokerName, run });
      return { ...result, ...(await this.#outcome(workload, subject, outputs, part.toEnd)) };
    } finally {
      this.#session.removeDirectory(stateDir);
      const internal = await topicsWithPrefix(this.#session.client, `${applicationId}-`);
      await this.#session.deleteTopics([...outputs, ...(workload.alsoCreated ?? []), ...internal]);
    }
  }

  async #outcome(workload: Workload, subject: Subject, outputs: readonly string[], toEnd: boolean): Promise<Partial<E2eMeasurement>> {
    if (!toEnd) {
      const equal = this.#checked.get(`${workload.name}\n${subject.name}`);
      return equal === undefined ? {} : { equal };
    }
    const outcome = await readOutcome(this.#session.kafka, outputs, workload);
    const expected = this.#expected.get(workload.name) ?? workload.expected?.() ?? outcome;
    this.#expected.set(workload.name, expected);
    return { outcome, equal: outcome.count === expected.count && outcome.digest === expected.digest };
  }

  #differs({ workload, subject, outcome }: E2eMeasurement): void {
    const expected = this.#expected.get(workload);
    this.#fail(
      `${workload}: ${subject}: THE OUTPUT DIFFERS: ${outcome?.count} records or keys (${outcome?.digest}), expected ${expected?.count} (${expected?.digest})`,
    );
  }

  #fail(reason: string): void {
    this.failures.push(reason);
    this.#session.log(`FAILED ${reason}`);
  }
}

/** Run 0 is the check. */
function stepOf(workload: Workload, { name: subject }: Subject, run: number, runs: number): Step {
  return { workload: run === 0 ? `${workload.name}, check` : workload.name, subject, run, runs, records: countOf(workload) };
}

/** Without the loops, where nobody wrote the workload by hand. */
function able(subjects: readonly Subject[], { byHand = true }: Workload): readonly Subject[] {
  return byHand ? subjects : subjects.filter((subject) => subject.byHand !== true);
}

/** In another order each time, without a random choice. */
export function rotated<T>(values: readonly T[], by: number): T[] {
  const from = values.length === 0 ? 0 : by % values.length;
  return [...values.slice(from), ...values.slice(0, from)];
}

export function countOf({ inputs, input }: Workload): number {
  return inputs.find(({ name }) => name === input)?.count ?? 0;
}

function partitionsOf({ inputs, input }: Workload): number {
  return inputs.find(({ name }) => name === input)?.partitions ?? 1;
}

/** Lines of text hold several records each. */
export function planOf(workload: Workload, { warmUpMs, limitMs }: RunConditions): MeasuringPlan {
  const warmUpRecords = workload.input === 'lines' ? WARM_UP_RECORDS / WORDS_FEWER : WARM_UP_RECORDS;
  return { inputRecords: countOf(workload), warmUpMs, warmUpRecords, mostWarmUp: MOST_WARM_UP, limitMs };
}

type Part = Awaited<ReturnType<typeof runSubject>> & Pick<E2eMeasurement, 'broker' | 'run'>;

export function toMeasurement({ name: workload }: Workload, { name: subject }: Subject, part: Part): E2eMeasurement {
  const { records, elapsedMs, warmUpRecords, warmUpMs, toEnd, peakRssBytes, broker, run } = part;
  const micros = (seconds: number): number => (seconds * 1e6) / records;
  return {
    ...{ workload, subject, broker, run, records, warmUpRecords, toEnd, peakRssBytes },
    seconds: elapsedMs / 1000,
    warmUpSeconds: warmUpMs / 1000,
    recordsPerSecond: (records / elapsedMs) * 1000,
    cpuMicrosPerRecord: micros(part.userSeconds + part.systemSeconds),
    userMicrosPerRecord: micros(part.userSeconds),
    systemMicrosPerRecord: micros(part.systemSeconds),
    brokerCpuMicrosPerRecord: micros(part.brokerCpuSeconds),
  };
}

export function describeRun({ subject, recordsPerSecond, cpuMicrosPerRecord, seconds, toEnd, equal }: E2eMeasurement): string {
  const rate = Math.round(recordsPerSecond).toLocaleString('en-US');
  const length = `${seconds.toFixed(1)} s measured${toEnd ? '' : ', to the time limit'}`;
  const output = equal === true ? '' : equal === false ? ', OUTPUT DIFFERS' : ', output not compared';
  return `${subject}: ${rate} records/s, ${cpuMicrosPerRecord.toFixed(2)} µs CPU each (${length}${output})`;
}
