/**
 * Files of a stopped broker are damaged: bits flipped, bytes lost, put in or overwritten, in segments, indexes, snapshots,
 * checkpoints and metadata. The broker starts, and serves every record that lies before the damage.
 *
 * A run prints its seed; CRASH_SEED repeats it, DAMAGE_ROUNDS makes it longer.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../src/broker/index.ts';
import type { BrokerLogger } from '../../src/broker/logger.ts';
import { batchLastOffset, batchLength } from '../../src/protocol/index.ts';
import { BrokerChild } from './support/broker-child.ts';
import { CrashRun } from './support/crash-run.ts';
import { type Damage, damageFile, filesBelow } from './support/damage.ts';
import { PatientClient } from './support/patient-client.ts';
import { randomFrom, seedOfRun } from './support/random.ts';
import { type ReadRecord, readPrefix } from './support/read-partition.ts';

const rounds = Number(process.env.DAMAGE_ROUNDS ?? 12);
const seed = seedOfRun();
const PARTITIONS: readonly (readonly [topic: string, partition: number])[] = [
  ['plain', 0],
  ['plain', 1],
  ['transactional', 0],
  ['compacted', 0],
];
const work = mkdtempSync(join(tmpdir(), 'millrace-damage-'));
const dirOf = (ending: string): string => join(work, ending);
const original = new Map<string, readonly ReadRecord[]>();

/** Data of all kinds, once as a kill leaves it and once as an orderly stop does. */
beforeAll(async () => {
  const broker = new BrokerChild();
  const options = {
    seed,
    broker,
    dataDir: dirOf('stopped'),
    flushPolicies: ['none'] as const,
    maxWorkMs: 900,
    maxStartMs: 100,
    withRdkafka: false,
  };
  const run = new CrashRun(options);
  await run.start();
  for (let round = 0; round < 3; round++) {
    await run.crash();
    await run.check();
  }
  await run.gate.pause();
  await broker.kill();
  cpSync(dirOf('stopped'), dirOf('killed'), { recursive: true });
  await broker.start({ dataDir: dirOf('stopped') });
  run.gate.resume();
  await run.finish();
  await run.close();
}, 180_000);

afterAll(() => rmSync(work, { recursive: true, force: true }));

const lines: string[] = [];
const log: BrokerLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (line) => lines.push(line),
  error: (line) => lines.push(line),
};

async function readAll(dataDir: string): Promise<Map<string, readonly ReadRecord[]>> {
  lines.length = 0;
  // Nothing is cleaned while the test looks.
  const config = { 'log.retention.check.interval.ms': '1000000', 'log.cleaner.backoff.ms': '1000000' };
  const broker = await Broker.start({ thread: false, log, dataDir, flushPolicy: 'none', config });
  const client = new PatientClient(() => broker.port);
  try {
    const found = new Map<string, readonly ReadRecord[]>();
    for (const [topic, partition] of PARTITIONS) found.set(`${topic}-${partition}`, await readPrefix(client, topic, partition));
    return found;
  } finally {
    await client.close();
    await broker.close();
  }
}

/** The offset after the last whole batch of a segment that lies before byte `at`. */
function endBefore(segment: Buffer, base: number, at: number): number {
  let end = base;
  for (let start = 0; start + 12 <= segment.length && start + batchLength(segment, start) <= at; start += batchLength(segment, start)) {
    end = batchLastOffset(segment, start) + 1;
  }
  return end;
}

describe.each(['killed', 'stopped'])('a broker that was %s', (ending) => {
  beforeAll(async () => {
    cpSync(dirOf(ending), dirOf('copy'), { recursive: true });
    for (const [name, records] of await readAll(dirOf('copy'))) original.set(name, records);
    rmSync(dirOf('copy'), { recursive: true });
  }, 60_000);

  it.each(Array.from({ length: rounds }, (_, round) => round))(
    `starts with damaged files, round %i (CRASH_SEED=${seed})`,
    async (round) => {
      const random = randomFrom(seed + round * 7919 + ending.length);
      const copy = dirOf(`${ending}-${round}`);
      cpSync(dirOf(ending), copy, { recursive: true });
      const files = filesBelow(copy);
      const damages: Damage[] = [];
      for (let count = 1 + random(3); count > 0; count--) {
        const file = files.splice(random(files.length), 1)[0]!;
        damages.push(damageFile(copy, file, random));
      }
      const label = damages.map(({ file, at, how }) => `${file} at ${at}: ${how}`).join('; ');
      const found = await readAll(copy);
      for (const [name, records] of original) {
        const expected = Math.min(...damages.map((damage) => (isClean(ending, damage) ? 0 : firstDamaged(ending, name, damage))));
        const now = found.get(name) ?? [];
        const wanted = records.filter(({ offset }) => offset < expected);
        expect(now.slice(0, wanted.length), `${name}, ${label}\n${lines.join('\n')}`).toEqual(wanted);
      }
      rmSync(copy, { recursive: true });
    },
  );
});

/** The topics' file was cut between two records: as if the rest had never been. What lies on the disk then is set aside. */
function isClean(ending: string, { file, at, how }: Damage): boolean {
  return file === 'millrace-metadata.log' && how === 'cut off' && readFileSync(join(dirOf(ending), file))[at - 1] === 10;
}

/** The first offset of a partition that a damage may have cost. */
function firstDamaged(ending: string, partition: string, { file, at }: Damage): number {
  const [directory, name = ''] = file.split('/');
  if (directory !== partition) return Infinity;
  if (!name.endsWith('.log')) return Infinity;
  return endBefore(readFileSync(join(dirOf(ending), file)), Number(name.slice(0, 20)), at);
}
