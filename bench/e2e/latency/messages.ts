/** What the processes of the latency benchmark are told and say. Times are those of the system's clock, in ms. */

export interface SenderOrders {
  readonly bootstrapServers: string;
  readonly topic: string;
  readonly recordsPerSecond: number;
  /** It ends by itself so long after its start, if nobody ends it before. */
  readonly limitMs: number;
}

export interface SenderReport {
  readonly sent: number;
  /** How long after it should have been sent the record was sent that was latest. */
  readonly worstBehindMs: number;
}

export interface ReaderOrders {
  readonly bootstrapServers: string;
  readonly topic: string;
}

/** What the reader is told, in a line, after it has said that it reads. */
export interface ReaderWindow {
  /** Results of records that should have been sent from … */
  readonly fromMs: number;
  /** … and before then are measured. */
  readonly toMs: number;
  /** Results that have not come by then are not waited for. */
  readonly limitMs: number;
}

export interface ReaderReport {
  readonly records: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Medians of the first and the second half of the time. */
  readonly firstHalf: number;
  readonly secondHalf: number;
  /** Results of later records have come from every partition, so none is missing. */
  readonly complete: boolean;
}

/** The reader's first line: it reads. How long its process takes to start is no latency of anybody. */
export const READY = 'ready';

/** Orders are the only argument. */
export function takeOrders<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T;
}

export function publish(report: SenderReport | ReaderReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
