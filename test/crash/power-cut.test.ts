/**
 * The power is cut at random moments: of what was written but not synced the disk keeps nothing, a part or all, torn at
 * sectors, names of files included. With the flush policy `batch` everything acknowledged is there afterwards: records,
 * transactions, committed offsets, groups, producer ids, topics and their configs.
 *
 * A run prints its seed; CRASH_SEED repeats its draws, POWER_CUTS sets their number.
 */

import { expect, it } from 'vitest';
import { CrashRun } from './support/crash-run.ts';
import { PowerCutLife } from './support/power-cut-life.ts';
import { derivedSeed, randomFrom, seedOfRun } from './support/random.ts';
import { WeakRun } from './support/weak-run.ts';

const cuts = Number(process.env.POWER_CUTS ?? 15);
const seed = seedOfRun();

it(`with the flush policy batch, loses nothing acknowledged in ${cuts} power cuts (CRASH_SEED=${seed})`, {
  timeout: cuts * 60_000,
}, async () => {
  const broker = new PowerCutLife(randomFrom(derivedSeed(seed, 'disk')));
  const options = { seed, broker, dataDir: '/data', flushPolicies: ['batch'] as const, maxWorkMs: 80, maxStartMs: 20, withRdkafka: false };
  const run = new CrashRun(options);
  let cut = 0;
  try {
    await run.start();
    for (cut = 1; cut <= cuts; cut++) {
      await run.crash();
      await run.check();
    }
    await run.finish();
  } catch (cause) {
    throw failed(cut, broker, cause);
  } finally {
    await run.close();
  }
  console.log(`${run.kills} cuts, ${JSON.stringify(run.work)}`);
  expect(Math.min(run.work.acknowledged, run.work.committed, run.work.aborted, run.work.seen)).toBeGreaterThan(0);
});

it.each(['none', 'interval'] as const)(
  `with the flush policy %s, starts after each of ${cuts} power cuts and has lost only the ends of logs (CRASH_SEED=${seed})`,
  { timeout: cuts * 60_000 },
  async (flushPolicy) => {
    const broker = new PowerCutLife(randomFrom(derivedSeed(seed, flushPolicy)), { orderedNames: true });
    const run = new WeakRun(broker, randomFrom(derivedSeed(seed, `work ${flushPolicy}`)), flushPolicy);
    let cut = 0;
    try {
      await run.start();
      for (cut = 1; cut <= cuts; cut++) await run.round();
    } catch (cause) {
      throw failed(cut, broker, cause);
    } finally {
      await run.close();
    }
    expect(run.lost).toBeGreaterThan(0);
    expect(run.kept).toBeGreaterThan(0);
  },
);

function failed(cut: number, broker: PowerCutLife, cause: unknown): Error {
  const problem = cause instanceof Error ? cause.message : String(cause);
  const words = broker.output.slice(-30).join('\n');
  return new Error(`CRASH_SEED=${seed}, cut ${cut} of ${cuts}: ${problem}\nThe broker's last words:\n${words}`, { cause });
}
