/**
 * A broker in a process of its own is killed (`kill -9`) at random moments while clients work, and started again on the
 * same directory. What it acknowledged must be there, in order and once; what it did not promise must be whole or absent.
 *
 * `npm run test:crash` runs 50 rounds. A run prints its seed; CRASH_SEED repeats its draws, CRASH_ROUNDS sets the rounds.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BrokerChild } from './support/broker-child.ts';
import { CrashRun } from './support/crash-run.ts';
import { seedOfRun } from './support/random.ts';

const rounds = Number(process.env.CRASH_ROUNDS ?? 4);
const seed = seedOfRun();
const ROUND_LIMIT_MS = 120_000;

it(`loses nothing acknowledged over ${rounds} rounds of kill -9 (CRASH_SEED=${seed})`, {
  timeout: (rounds + 2) * ROUND_LIMIT_MS,
}, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  const run = new CrashRun({
    seed,
    broker: new BrokerChild(),
    dataDir,
    flushPolicies: ['none', 'interval', 'batch'],
    maxWorkMs: 900,
    maxStartMs: 1000,
    withRdkafka: true,
  });
  let round = 0;
  try {
    await run.start();
    for (round = 1; round <= rounds; round++) {
      await run.crash();
      await run.check();
    }
    await run.finish();
  } catch (cause) {
    const output = run.broker.output.slice(-30).join('\n');
    throw new Error(
      `CRASH_SEED=${seed}, round ${round} of ${rounds}: ${cause instanceof Error ? cause.message : String(cause)}\nThe data directory is kept: ${dataDir}\nThe broker's last words:\n${output}`,
      { cause },
    );
  } finally {
    await run.close();
  }
  rmSync(dataDir, { recursive: true, force: true });
  const { work, kills } = run;
  console.log(`${kills} kills, ${JSON.stringify(work)}`);
  expect(kills).toBeGreaterThanOrEqual(rounds);
  expect(Math.min(work.acknowledged, work.committed, work.aborted, work.seen, work.rdkafka)).toBeGreaterThan(0);
});
