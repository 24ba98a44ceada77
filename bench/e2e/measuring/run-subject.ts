import { type ChildProcess, spawn } from 'node:child_process';
import { ProcessStats } from '../../broker/process-stats.ts';
import type { Input } from '../inputs.ts';
import type { BenchSession } from '../session/session.ts';
import { type SubjectSettings, toEnvironment } from '../subjects/settings.ts';
import type { Subject } from '../subjects.ts';
import { watchCommits } from './committed.ts';
import { type MeasuredPart, type MeasuringPlan, MeasuringWindow } from './window.ts';

/** One run of a subject, measured from when it had warmed up. */
export interface SubjectRun extends MeasuredPart {
  readonly peakRssBytes: number;
  /** All input was processed; false: the time limit came first. */
  readonly toEnd: boolean;
}

const STUCK_MS = 90_000;
const STOP_MS = 40_000;
const MAX_OUTPUT = 64 * 1024;

/** A subject that runs, in one process or several of the same group. */
export class RunningSubject {
  readonly #name: string;
  readonly #children: ChildProcess[];
  readonly #stats: ProcessStats[];
  readonly #exited: Promise<void>[];
  #output = '';

  private constructor(name: string, children: ChildProcess[]) {
    this.#name = name;
    this.#children = children;
    this.#stats = children.map(({ pid }) => new ProcessStats(pid ?? 0));
    this.#exited = children.map((child) => new Promise<void>((resolve) => child.once('close', () => resolve())));
    for (const child of children) {
      child.stdout?.on('data', (data: Buffer) => this.#take(data));
      child.stderr?.on('data', (data: Buffer) => this.#take(data));
    }
  }

  static start(session: BenchSession, subject: Subject, settings: SubjectSettings): RunningSubject {
    const children = Array.from({ length: subject.processes ?? 1 }, (_, index) =>
      session.leftovers.child(
        spawn(subject.command, subject.parameters, {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: { ...process.env, UV_THREADPOOL_SIZE: '16', ...toEnvironment({ ...settings, stateDir: `${settings.stateDir}/${index}` }) },
        }),
      ),
    );
    return new RunningSubject(subject.name, children);
  }

  /** Throws when it has ended by itself. */
  check(): void {
    const ended = this.#children.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (ended !== undefined) throw new Error(`${this.#name} ended with ${ended.exitCode ?? ended.signalCode}.`);
  }

  /** User and system time so far, of all its processes. */
  cpu(): { readonly userSeconds: number; readonly systemSeconds: number } {
    const each = this.#stats.map((stats) => stats.cpu());
    return {
      userSeconds: sum(each.map(({ userSeconds }) => userSeconds)),
      systemSeconds: sum(each.map(({ systemSeconds }) => systemSeconds)),
    };
  }

  peakRssBytes(): number {
    return sum(this.#stats.map((stats) => stats.peakRssBytes()));
  }

  /** The end of what it has said, for messages of failures. */
  get lastWords(): string {
    return this.#output.slice(-4_000);
  }

  /** Ends it in order; by force when it takes too long. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGTERM');
    const timer = setTimeout(() => {
      for (const child of this.#children) child.kill('SIGKILL');
    }, STOP_MS);
    await Promise.all(this.#exited);
    clearTimeout(timer);
  }

  #take(data: Buffer): void {
    this.#output = (this.#output + data.toString()).slice(-MAX_OUTPUT);
  }
}

/** Starts a subject, hands it to `work`, and ends it; what it said last is added to what went wrong. */
export async function withSubject<T>(
  session: BenchSession,
  subject: Subject,
  settings: SubjectSettings,
  work: (running: RunningSubject) => Promise<T>,
): Promise<T> {
  const running = RunningSubject.start(session, subject, settings);
  try {
    return await work(running);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${subject.name}: ${reason}\n${running.lastWords}`, { cause: error });
  } finally {
    await running.stop();
  }
}

/** Runs a subject by a plan, and watches it from outside. */
export function runSubject(
  session: BenchSession,
  subject: Subject,
  settings: SubjectSettings,
  input: Input,
  plan: MeasuringPlan,
): Promise<SubjectRun> {
  return withSubject(session, subject, settings, async (running) => {
    const window = new MeasuringWindow(plan);
    let toEnd = false;
    await watchCommits(
      session.client,
      settings.applicationId,
      input,
      ({ committed, done }) => {
        toEnd = done;
        session.progress.committed(committed);
        const brokerCpuSeconds = session.broker.stats.cpuSeconds();
        return window.add({ atMs: performance.now(), committed, ...running.cpu(), brokerCpuSeconds }, done);
      },
      () => running.check(),
      STUCK_MS,
    );
    return { ...window.part, peakRssBytes: running.peakRssBytes(), toEnd };
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
