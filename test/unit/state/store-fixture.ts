import type { Serde } from '../../../src/serde/index.ts';
import {
  type ChangeOrigin,
  RecordCache,
  type StoreContext,
  type StoreKind,
  type StoreSpec,
  type WriteBackStore,
} from '../../../src/state/index.ts';

/** A change origin that a test can move. */
export class TestOrigin implements ChangeOrigin {
  topic = 'input';
  partition = 0;
  offset = 0;
  timestamp = 0;
  headerList: [string, Uint8Array | null][] = [];
  headers(): [string, Uint8Array | null][] {
    return this.headerList;
  }
}

export function testSpec<K, V>(
  kind: StoreKind,
  keySerde: Serde<K>,
  valueSerde: Serde<V>,
  more: Partial<StoreSpec<K, V>> = {},
): StoreSpec<K, V> {
  return { name: 'store', kind, keySerde, valueSerde, logging: { enabled: true, config: {} }, caching: false, ...more };
}

export function testContext(cacheBytes?: number): StoreContext & { readonly origin: TestOrigin } {
  return {
    topic: 'app-store-changelog',
    origin: new TestOrigin(),
    cache: cacheBytes === undefined ? undefined : new RecordCache(cacheBytes),
  };
}

export type ChangelogRow = [keyHex: string, valueHex: string | null, timestampMs: number];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Flushes cache and changelog, as a commit does. */
export function commit<K, V>(table: WriteBackStore<K, V>): ChangelogRow[] {
  const rows: ChangelogRow[] = [];
  table.flushCache();
  table.flushChangelog((key, value, timestampMs) => rows.push([hex(key), value === null ? null : hex(value), timestampMs]));
  return rows;
}

/** Feeds changelog rows to a store the way restore does: from one buffer that is overwritten afterwards. */
export function restoreRows<K, V>(table: WriteBackStore<K, V>, rows: readonly ChangelogRow[]): void {
  for (const [key, value, timestampMs] of rows) {
    const keyBytes = Buffer.from(key, 'hex');
    const valueBytes = value === null ? null : Buffer.from(value, 'hex');
    table.restore(keyBytes, valueBytes, timestampMs);
    keyBytes.fill(0);
    valueBytes?.fill(0);
  }
}

/** Small deterministic random numbers (mulberry32). */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export const asciiHex = (text: string): string => hex(Buffer.from(text));
