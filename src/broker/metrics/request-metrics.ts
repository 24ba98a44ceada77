/** How often each API was called, with how many bytes and for how long; since the broker was started. */

import { apiByKey } from '../../protocol/index.ts';

/** Buckets hold a factor of two each, the first up to a sixteenth of a millisecond. */
const BUCKETS = 32;
const STEPS_PER_MS = 16;
const MAX_KEY = 128;

/** One API's numbers. Bytes are with the length fields of frames; times from the whole request to the whole response. */
export interface ApiMetrics {
  readonly api: string;
  readonly key: number;
  readonly requests: number;
  /** Of these, requests that ended their connection instead of being answered. */
  readonly failed: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** A fetch that waits for records counts its wait. */
  readonly latencyMs: {
    readonly mean: number;
    readonly max: number;
    /** At most this for half of the requests; correct to a factor of two, as the next. */
    readonly p50: number;
    readonly p99: number;
  };
}

class Counters {
  requests = 0;
  failed = 0;
  bytesIn = 0;
  bytesOut = 0;
  totalMs = 0;
  maxMs = 0;
  readonly buckets = new Uint32Array(BUCKETS);
}

export class RequestMetrics {
  readonly #startedMs = performance.now();
  readonly #byKey: (Counters | undefined)[] = new Array<Counters | undefined>(MAX_KEY).fill(undefined);

  get uptimeMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** A request of `bytesIn` bytes was answered with `parts`, or is not answered at all. */
  answered(key: number, bytesIn: number, parts: readonly Buffer[] | undefined, elapsedMs: number): void {
    const counters = this.#countersOf(key);
    if (counters === undefined) return;
    let bytesOut = 0;
    if (parts !== undefined) for (const part of parts) bytesOut += part.length;
    counters.bytesOut += bytesOut;
    note(counters, bytesIn, elapsedMs);
  }

  /** A request ended its connection. */
  failed(key: number, bytesIn: number, elapsedMs: number): void {
    const counters = this.#countersOf(key);
    if (counters === undefined) return;
    counters.failed++;
    note(counters, bytesIn, elapsedMs);
  }

  /** APIs that were called, by rising key. */
  describe(): ApiMetrics[] {
    return this.#byKey.flatMap((counters, key) => (counters === undefined ? [] : [describe(key, counters)]));
  }

  /** Undefined for keys that are no API's: what clients make up must not take memory. */
  #countersOf(key: number): Counters | undefined {
    const known = this.#byKey[key];
    if (known !== undefined) return known;
    if (key < 0 || key >= MAX_KEY || apiByKey(key) === undefined) return undefined;
    const counters = new Counters();
    this.#byKey[key] = counters;
    return counters;
  }
}

function note(counters: Counters, bytesIn: number, elapsedMs: number): void {
  counters.requests++;
  counters.bytesIn += bytesIn;
  counters.totalMs += elapsedMs;
  if (elapsedMs > counters.maxMs) counters.maxMs = elapsedMs;
  const bucket = Math.min(32 - Math.clz32(elapsedMs * STEPS_PER_MS), BUCKETS - 1);
  counters.buckets[bucket]!++;
}

function describe(key: number, counters: Counters): ApiMetrics {
  const { requests, failed, bytesIn, bytesOut, totalMs, maxMs } = counters;
  const latencyMs = { mean: totalMs / requests, max: maxMs, p50: quantile(counters, 0.5), p99: quantile(counters, 0.99) };
  return { api: apiByKey(key)?.name ?? String(key), key, requests, failed, bytesIn, bytesOut, latencyMs };
}

/** Upper end of the bucket that holds the request at this share of all. */
function quantile({ buckets, requests, maxMs }: Counters, share: number): number {
  let seen = 0;
  for (const [bucket, count] of buckets.entries()) {
    seen += count;
    if (seen >= requests * share) return Math.min(2 ** bucket / STEPS_PER_MS, maxMs);
  }
  return maxMs;
}
