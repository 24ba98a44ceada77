import type { BrokerOptions } from '../../../src/broker/index.ts';

/** A broker that is ended the hard way and started again on the same port and directory. */
export interface BrokerLife {
  readonly port: number;
  /** What the broker has logged, all lives together. */
  readonly output: readonly string[];
  /** Resolves with true once it serves; with false when it was ended before. Rejects when it does not start. */
  start(options: BrokerOptions): Promise<boolean>;
  /** Ends it at once, as the test is about. */
  kill(): Promise<void>;
  /** An orderly stop. */
  stop(): Promise<void>;
}
