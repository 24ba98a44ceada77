import { createLogUpdate } from 'log-update';
import { duration } from '../../src/cli/display.ts';
import { StepTimes } from './step-times.ts';

/** One run of one subject, or whatever else takes its time. */
export interface Step {
  /** `count-uniform`, `count-uniform, check`. */
  readonly workload: string;
  readonly subject: string;
  readonly run: number;
  readonly runs: number;
  /** Records of the input; undefined where they are not counted. */
  readonly records?: number;
  /** False: it only prepares others, and is none of those that are announced. Default true. */
  readonly counted?: boolean;
}

interface Seen {
  readonly atMs: number;
  readonly records: number;
}

const LIVE_MS = 500;
const PLAIN_MS = 10_000;
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * What is under way, on stderr: one live line on a terminal, else a plain line every ten seconds. It is fed by what the
 * benchmark sees of a subject from outside anyway, so it costs the subject nothing, and this process a line twice a second.
 */
export class BenchProgress {
  readonly #stream: NodeJS.WriteStream;
  readonly #log: (line: string) => void;
  readonly #live: ReturnType<typeof createLogUpdate> | undefined;
  readonly #times = new StepTimes();
  readonly #now: () => number;
  #step: Step | undefined;
  #startedMs = 0;
  #shownMs = 0;
  #committed = 0;
  /** The first commit that was seen: how long it took to start is no matter of the rate. */
  #first: Seen | undefined;

  /** `log` takes the lines that stay, e.g. `console.log`. */
  constructor(log: (line: string) => void, stream: NodeJS.WriteStream = process.stderr, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#stream = stream;
    this.#now = now;
    this.#live = stream.isTTY ? createLogUpdate(stream, { showCursor: true }) : undefined;
  }

  /** Announces steps that are to come, so that their time can be estimated. */
  plan(steps: readonly Step[]): void {
    this.#times.plan(steps);
  }

  /** A line that stays. */
  readonly line = (text: string): void => {
    this.#live?.clear();
    this.#log(text);
  };

  begin(step: Step): void {
    this.#step = step;
    this.#startedMs = this.#now();
    this.#shownMs = this.#startedMs;
    this.#committed = 0;
    this.#first = undefined;
    if (this.#live !== undefined) this.#show();
  }

  /** Called as often as one likes. */
  committed(records: number): void {
    this.#committed = records;
    if (this.#first === undefined && records > 0) this.#first = { atMs: this.#now(), records };
    if (this.#step === undefined || this.#now() - this.#shownMs < (this.#live === undefined ? PLAIN_MS : LIVE_MS)) return;
    this.#show();
  }

  /** The step is over, whatever came of it. */
  end(): void {
    if (this.#step !== undefined && this.#step.counted !== false) this.#times.finished(this.#step, this.#now() - this.#startedMs);
    this.#step = undefined;
    this.#live?.clear();
  }

  #show(): void {
    const step = this.#step;
    if (step === undefined) return;
    this.#shownMs = this.#now();
    const elapsedMs = this.#shownMs - this.#startedMs;
    const rate = rateBetween(this.#first, { atMs: this.#shownMs, records: this.#committed });
    const line = describe(step, this.#times, this.#committed, rate, elapsedMs);
    if (this.#live !== undefined) this.#live(line);
    else this.#stream.write(`${line}\n`);
  }
}

/** `12 of 63: count-uniform, Millrace wire, 1 shard, run 2 of 3: 1,200,000 of 8,000,000 records, 310,000/s, 4:20 left`. */
function describe(step: Step, times: StepTimes, committed: number, rate: number | undefined, elapsedMs: number): string {
  const { workload, subject, run, runs, records } = step;
  const number = step.counted === false ? '' : `${times.done + 1} of ${times.total}: `;
  const which = `${number}${workload}, ${subject}${runs > 1 ? `, run ${run} of ${runs}` : ''}`;
  const seen = records === undefined ? '' : `: ${whole.format(committed)} of ${whole.format(records)} records`;
  const speed = rate === undefined ? '' : `, ${whole.format(rate)}/s`;
  const leftMs = times.leftMs(step, elapsedMs);
  return `${which}${seen}${speed}${leftMs === undefined ? '' : `, about ${duration(leftMs / 1000)} left`}`;
}

/** Records per second; undefined until some time is between. */
function rateBetween(first: Seen | undefined, now: Seen): number | undefined {
  if (first === undefined || now.atMs - first.atMs < LIVE_MS) return undefined;
  return ((now.records - first.records) / (now.atMs - first.atMs)) * 1000;
}
