import { availableParallelism } from 'node:os';
import type { BenchProgress } from '../progress.ts';
import type { Conditions } from '../results.ts';
import { type BenchSession, withSession } from '../session/session.ts';
import { type RunConditions, ThroughputBench } from '../throughput.ts';
import type { Workload } from '../workloads.ts';
import { type Axis, pointsOf, type ScalePoint } from './axes.ts';
import { scaledWorkload } from './input.ts';
import type { ScaleRun } from './results.ts';
import { type ScaleSubject, scaleSubjects } from './subjects.ts';

export interface ScaleOptions extends RunConditions {
  readonly axes: readonly Axis[];
  /** Only these points; all when undefined. */
  readonly values: readonly number[] | undefined;
  readonly workload: string;
  readonly records: number;
  readonly runs: number;
  /** Subjects whose names contain it; all when undefined. */
  readonly subjects: ((name: string) => boolean) | undefined;
  readonly broker: string | undefined;
  readonly progress: BenchProgress;
}

export interface ScaleResults {
  readonly conditions: Conditions;
  readonly runs: readonly ScaleRun[];
  readonly failures: readonly string[];
}

/** How cost grows with shards, processes, keys, sizes and partitions: one of them at a time. */
export function benchScale(options: ScaleOptions): Promise<ScaleResults> {
  return withSession(options, async (session) => {
    const subjects = scaleSubjects(session.log).filter(({ series }) => options.subjects?.(series) ?? true);
    if (subjects.length === 0) throw new Error('No subject has such a name.');
    const { axes, values, records } = options;
    const all = axes.flatMap((axis) => pointsOf(axis, records, availableParallelism()));
    const points = all.filter(({ value }) => values?.includes(value) ?? true);
    if (points.length === 0)
      throw new Error(`There is no such point: there are ${all.map(({ axis, value }) => `${axis} ${value}`).join(', ')}.`);
    const bench = new ScaleBench(session, options, subjects);
    await bench.run(points);
    const { guarantee, commitIntervalMs } = options;
    const conditions = { broker: session.brokerName, guarantee, commitIntervalMs, records, settings: [] };
    if (bench.failures.length > 0) process.exitCode = 1;
    return { conditions, runs: bench.runs, failures: bench.failures };
  });
}

class ScaleBench {
  readonly runs: ScaleRun[] = [];
  readonly #failures: string[] = [];
  readonly #session: BenchSession;
  readonly #options: ScaleOptions;
  readonly #subjects: readonly ScaleSubject[];
  readonly #bench: ThroughputBench;
  /** The input that is there, so that points which share one do not load it again. */
  #loaded: { readonly workload: Workload; readonly form: string } | undefined;

  constructor(session: BenchSession, options: ScaleOptions, subjects: readonly ScaleSubject[]) {
    this.#session = session;
    this.#options = options;
    this.#subjects = subjects;
    this.#bench = new ThroughputBench(session);
  }

  get failures(): readonly string[] {
    return [...this.#failures, ...this.#bench.failures];
  }

  async run(points: readonly ScalePoint[]): Promise<void> {
    const { workload: name, runs } = this.#options;
    for (const point of points) this.#bench.announce([scaledWorkload(name, point)], this.#at(point), runs);
    for (const point of points) {
      if (this.#session.leftovers.interrupted) return;
      try {
        await this.#measure(point, await this.#load(point));
      } catch (error) {
        // What was measured until now is worth keeping, and the next point may be another matter.
        this.#failures.push(`${point.axis} ${point.value}: ${error instanceof Error ? error.message : String(error)}`);
        this.#session.log(`FAILED ${this.#failures.at(-1)}`);
        await this.#unload();
      }
    }
  }

  #at(point: ScalePoint) {
    return this.#subjects.map((subject) => subject.at(point));
  }

  async #load(point: ScalePoint): Promise<Workload> {
    const { keys, valueBytes, partitions, records } = point;
    const form = JSON.stringify({ keys, valueBytes, partitions, records });
    if (this.#loaded?.form === form) return this.#loaded.workload;
    await this.#unload();
    const workload = scaledWorkload(this.#options.workload, point);
    this.#loaded = { workload, form };
    await this.#bench.load([workload]);
    return workload;
  }

  async #unload(): Promise<void> {
    if (this.#loaded !== undefined) await this.#bench.unload([this.#loaded.workload]);
    this.#loaded = undefined;
  }

  async #measure(point: ScalePoint, workload: Workload): Promise<void> {
    const { runs } = this.#options;
    const conditions = point.toEnd ? { ...this.#options, warmUpMs: Number.POSITIVE_INFINITY } : this.#options;
    this.#session.log(`${point.axis} ${point.value.toLocaleString('en-US')}`);
    const before = this.#bench.runs.length;
    await this.#bench.measure(workload, this.#at(point), conditions, runs);
    const series = new Map(this.#subjects.map((subject) => [subject.at(point).name, subject.series]));
    for (const run of this.#bench.runs.slice(before)) this.runs.push({ point, series: series.get(run.subject) ?? run.subject, run });
  }
}
