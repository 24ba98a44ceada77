import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { CoordinatorMetrics } from '../coordinator/snapshot.ts';

const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const INTERVAL_TTY_MS = 250;
const INTERVAL_PIPE_MS = 2_000;
const RATE_WINDOW_MS = 1_000;

/** One reading of a running job. */
export interface Reading {
  readonly metrics: CoordinatorMetrics;
  /** Records that the input topics hold, repartition topics not counted; undefined when there is no end. */
  readonly inputRecords: number | undefined;
}

/** Seconds as `1:05` or `1:01:05`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/**
 * Progress on stderr: a live block on a terminal, a plain line every two seconds in a pipe. Results go to stdout and are
 * not this class's business.
 */
export class Display {
  readonly #stream: NodeJS.WriteStream;
  readonly #live: ReturnType<typeof createLogUpdate> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastPlainMs = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#live = stream.isTTY ? createLogUpdate(stream, { showCursor: true }) : undefined;
  }

  /** A line that stays. */
  line(text: string): void {
    this.#live?.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Shows a step that counts up to a total. */
  step(done: number, total: number, what: string, startedMs: number): void {
    const elapsedS = (performance.now() - startedMs) / 1000;
    const rate = done / elapsedS;
    const speed =
      elapsedS < RATE_WINDOW_MS / 1000 ? '' : `, ${count.format(rate)}/s${done < total ? `, ETA ${duration((total - done) / rate)}` : ''}`;
    this.#show(`${what}: ${count.format(done)} of ${count.format(total)} (${percent(done, total)})${speed}`);
  }

  /** Shows readings of a running job until {@link Display.stop}. */
  follow(read: () => Reading | undefined): void {
    const startedMs = performance.now();
    const rates = new Rates();
    const show = () => {
      const reading = read();
      if (reading === undefined) return;
      this.#show(this.#live === undefined ? plainLine(reading, rates, startedMs) : liveBlock(reading, rates, startedMs));
    };
    this.#timer = setInterval(show, this.#live === undefined ? INTERVAL_PIPE_MS : INTERVAL_TTY_MS);
  }

  /** Leaves the last state on the screen. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#live?.done();
    this.#lastPlainMs = 0;
  }

  #show(text: string): void {
    if (this.#live !== undefined) {
      this.#live(text);
      return;
    }
    const nowMs = performance.now();
    if (this.#lastPlainMs !== 0 && nowMs - this.#lastPlainMs < INTERVAL_PIPE_MS * 0.9) return;
    this.#lastPlainMs = nowMs;
    this.#stream.write(`${text}\n`);
  }
}

/** Rates between two readings. */
class Rates {
  #lastMs = performance.now();
  #lastIn = 0;
  #lastBusyMs: number[] = [];
  recordsPerSecond = 0;
  busyShares: number[] = [];

  update({ metrics }: Reading): void {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#lastMs;
    // Shards report their figures with every commit; a shorter window would show gaps between two of them.
    if (elapsedMs < RATE_WINDOW_MS) return;
    this.recordsPerSecond = ((metrics.recordsIn - this.#lastIn) / elapsedMs) * 1000;
    this.busyShares = metrics.shards.map(({ busyMs }, index) =>
      Math.min(1, Math.max(0, busyMs - (this.#lastBusyMs[index] ?? 0)) / elapsedMs),
    );
    this.#lastMs = nowMs;
    this.#lastIn = metrics.recordsIn;
    this.#lastBusyMs = metrics.shards.map(({ busyMs }) => busyMs);
  }
}

function percent(done: number, total: number): string {
  return total === 0 ? '100%' : `${((100 * done) / total).toFixed(1)}%`;
}

/** Input records committed, lag, and the estimate from the mean rate so far. */
function progressOf({ metrics, inputRecords }: Reading, startedMs: number) {
  const external = metrics.partitions.filter((partition) => !partition.internal);
  const done = external.reduce((sum, partition) => sum + partition.committedOffset, 0);
  const lag = metrics.partitions.reduce((sum, partition) => sum + (partition.lag ?? 0), 0);
  const elapsedS = (performance.now() - startedMs) / 1000;
  const etaS = inputRecords === undefined || done === 0 ? undefined : (elapsedS * (inputRecords - done)) / done;
  return { done, lag, elapsedS, etaS };
}

function plainLine(reading: Reading, rates: Rates, startedMs: number): string {
  rates.update(reading);
  const { metrics, inputRecords } = reading;
  const { done, lag, elapsedS, etaS } = progressOf(reading, startedMs);
  const share = inputRecords === undefined ? '' : ` (${percent(done, inputRecords)})`;
  return [
    `${duration(elapsedS)} input ${count.format(done)}${share}`,
    `${count.format(rates.recordsPerSecond)} records/s`,
    `lag ${count.format(lag)}`,
    `shards busy ${rates.busyShares.map((busy) => `${Math.round(busy * 100)}%`).join(' ')}`,
    `transactions ${count.format(metrics.transactions)}`,
    ...(etaS === undefined ? [] : [`ETA ${duration(etaS)}`]),
  ].join(', ');
}

const BAR_WIDTH = 30;

function bar(share: number, width = BAR_WIDTH): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${pc.cyan('█'.repeat(filled))}${pc.dim('░'.repeat(width - filled))}`;
}

function liveBlock(reading: Reading, rates: Rates, startedMs: number): string {
  rates.update(reading);
  const { metrics, inputRecords } = reading;
  const { done, lag, elapsedS, etaS } = progressOf(reading, startedMs);
  const head =
    inputRecords === undefined
      ? `${count.format(done)} input records`
      : `${bar(done / Math.max(1, inputRecords))} ${percent(done, inputRecords)}  ${count.format(done)} of ${count.format(inputRecords)}  ${duration(elapsedS)}${etaS === undefined ? '' : `  ETA ${duration(etaS)}`}`;
  const shards = rates.busyShares.map(
    (busy, shard) =>
      `  shard ${shard}  ${bar(busy, 15)} ${String(Math.round(busy * 100)).padStart(3)}% busy  ${metrics.shards[shard]?.tasks ?? 0} tasks`,
  );
  const commits =
    metrics.transactions === 0
      ? ''
      : `   ${count.format(metrics.transactions)} transactions (${metrics.commitLatencyMs.toFixed(0)} ms each)`;
  return [
    head,
    `  ${pc.bold(count.format(rates.recordsPerSecond))} records/s in   ${count.format(metrics.recordsIn)} in   ${count.format(metrics.recordsOut)} out   lag ${count.format(lag)}${commits}`,
    ...shards,
  ].join('\n');
}
