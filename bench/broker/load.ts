import type { BenchRow } from './rows.ts';

/** What a client program says of one run: only the time in which records moved counts. */
export interface LoadResult {
  readonly recordsPerSecond: number;
  /** Of record values: Kafka's tools count the same. */
  readonly mebibytesPerSecond: number;
}

/** A client program that produces and consumes as fast as it can, in processes of its own. */
export interface LoadClient {
  readonly name: string;
  produce(servers: string, topic: string, row: BenchRow, payloadFile: string): Promise<LoadResult>;
  consume(servers: string, topic: string, row: BenchRow): Promise<LoadResult>;
}
