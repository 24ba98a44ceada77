import type { Entry } from './entry.ts';

/** All rows of one window start. Expiry drops it as a whole. */
export class WindowGroup<K, V> {
  readonly startMs: number;
  /** By `mapKey`; with duplicates by `mapKey` and sequence number. */
  readonly entries: Map<string | number, Entry<K, V>> = new Map();
  /** Rows that have a value. */
  liveCount = 0;

  constructor(startMs: number) {
    this.startMs = startMs;
  }
}
