import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Harness, TRANSPORTS } from './harness.ts';

const TOPOLOGY = new URL('count-topology.ts', import.meta.url).href;
const WORDS = 50;
const decodeLong = (value: Uint8Array) => Number(Buffer.from(value).readBigInt64BE());

const records = (from: number, to: number): [string, string][] =>
  Array.from({ length: to - from }, (_, index) => [`k${(from + index) % 97}`, `word${(from + index) % WORDS}`]);

/** Every word was written equally often. */
function expected(total: number): Map<string, number> {
  return new Map(Array.from({ length: WORDS }, (_, word) => [`word${word}`, total / WORDS]));
}

describe.each(TRANSPORTS)('exactly once over %s, whatever dies', (transport) => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.start(['input', 'copies', 'counts'], 4, undefined, transport);
  });
  afterEach(() => harness.close());

  const config = { processingGuarantee: 'exactly_once_v2', numStreamThreads: 2 } as const;

  it('a process killed again and again, and restarted, ends with exactly the right counts', async () => {
    const total = 60_000;
    let written = 0;
    for (let round = 0; round < 3; round++) {
      await harness.produce('input', records(written, written + total / 4));
      written += total / 4;
      const app = harness.launch(TOPOLOGY, config);
      await app.running();
      await sleep(150 * round);
      await app.kill();
    }
    await harness.produce('input', records(written, total));
    const last = harness.launch(TOPOLOGY, config);
    await last.caughtUp();
    expect(await last.stop()).toBe(0);
    expect(await harness.table('counts', decodeLong)).toEqual(expected(total));
    expect(await harness.count('copies')).toBe(total);
  });

  it('a worker thread that dies is replaced without restarting the process', async () => {
    const total = 20_000;
    await harness.produce('input', [...records(0, total / 2), ['kill-thread', 'word0'], ...records(total / 2, total)]);
    const app = harness.launch(TOPOLOGY, config);
    await app.caughtUp();
    expect(app.errors).toMatch(/worker thread of shard \d ended unexpectedly/);
    expect(await app.stop()).toBe(0);
    const counts = expected(total);
    counts.set('word0', total / WORDS + 1);
    expect(await harness.table('counts', decodeLong)).toEqual(counts);
    expect(await harness.count('copies')).toBe(total + 1);
  });

  it('processes that join, leave and die in the middle change no count', async () => {
    const total = 60_000;
    const second = { ...config, stateDir: `${harness.stateDir}-2` };
    await harness.produce('input', records(0, total / 4));
    const a = harness.launch(TOPOLOGY, config);
    await a.running();
    const b = harness.launch(TOPOLOGY, second);
    await b.running();
    await harness.produce('input', records(total / 4, total / 2));
    await sleep(200);
    await a.kill();
    await harness.produce('input', records(total / 2, (3 * total) / 4));
    const c = harness.launch(TOPOLOGY, config);
    await c.running();
    await harness.produce('input', records((3 * total) / 4, total));
    expect(await b.stop()).toBe(0);
    await harness.members(1);
    await c.caughtUp();
    expect(await c.stop()).toBe(0);
    expect(await harness.table('counts', decodeLong)).toEqual(expected(total));
    expect(await harness.count('copies')).toBe(total);
  });
});
