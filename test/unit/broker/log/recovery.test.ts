import { describe, expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import { CrashFileSystem } from './support/crash-file-system.ts';
import { batchOf, client, fetch, ManualClock, openLog, producerBatch, random, readAll } from './support/harness.ts';

const DIR = '/data/t-0';
const config = { 'segment.bytes': '2000', 'index.interval.bytes': '150' };

const open = (fs: CrashFileSystem, options: Parameters<typeof openLog>[2] = {}): Promise<PartitionLog> =>
  openLog(DIR, new ManualClock(), { fs, config, ...options });

/** Writes batches of one to three records; returns the end offset of each batch. */
function fill(log: PartitionLog, batches: number, below: (limit: number) => number): number[] {
  const ends: number[] = [];
  for (let index = 0; index < batches; index++) {
    const values = Array.from({ length: 1 + below(3) }, () => `v${log.logEndOffset}-${'x'.repeat(below(60))}`);
    const result = log.append(batchOf(values), client);
    if (result.errorCode !== 0) throw new Error(result.errorMessage);
    ends.push(result.lastOffset + 1);
  }
  return ends;
}

const logFiles = (fs: CrashFileSystem): string[] =>
  fs
    .list(DIR)
    .filter((name) => name.endsWith('.log'))
    .sort();

describe('after a kill', () => {
  it('has everything that was appended', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    fill(log, 80, random(1));
    const before = await readAll(log);
    const again = await open(fs.afterKill());
    expect(await readAll(again)).toEqual(before);
    expect(again.truncatedBytes).toBe(0);
    expect(again.logEndOffset).toBe(log.logEndOffset);
  });

  it('finds records by offset and time with the indexes it has rebuilt', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    for (let index = 0; index < 200; index++) log.append(batchOf([{ key: 'k', value: `v${index}`, timestamp: 1000 + index * 10 }]), client);
    const again = await open(fs.afterKill(), { tailCacheBytes: 0 });
    for (let index = 0; index < 200; index += 7) {
      expect(await again.offsetForTimestamp(1000 + index * 10 - 3)).toMatchObject({ offset: index });
      expect((await readAll(again, index))[0]?.value).toBe(`v${index}`);
    }
  });

  it.each(Array.from({ length: 30 }, (_, index) => 1000 + index))('cuts at the first bad byte, and no earlier (seed %i)', async (seed) => {
    const below = random(seed);
    const fs = new CrashFileSystem();
    const log = await open(fs);
    fill(log, 40 + below(40), below);
    const before = await readAll(log);
    const killed = fs.afterKill();
    const files = logFiles(killed);
    const victim = files[below(files.length)]!;
    const path = `${DIR}/${victim}`;
    const size = killed.sizeOf(path);
    const at = below(size);
    killed.damage(path, (data) => {
      if (below(2) === 0) return data.subarray(0, at);
      data[at]! ^= 1 + below(255);
      return data;
    });
    const again = await open(killed, { recoveryPoint: 0 });
    const after = await readAll(again);
    expect(after).toEqual(before.slice(0, after.length));
    expect(after.length).toBeGreaterThanOrEqual(wholeBefore(log, Number(victim.slice(0, 20)), at));
    expect(again.leaderEpoch).toBeGreaterThan(log.leaderEpoch);
    // And it goes on from there, also over another restart.
    expect(again.append(batchOf(['next']), client)).toMatchObject({ errorCode: 0, baseOffset: after.length });
    const third = await open(killed.afterKill());
    expect((await readAll(third)).at(-1)).toMatchObject({ offset: after.length, value: 'next' });
  });

  it('survives lost and garbled indexes, snapshots and epochs', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    for (let index = 0; index < 60; index++) log.append(producerBatch(index % 3, Math.floor(index / 3)), client);
    log.append(producerBatch(9, 0, 2, { transactional: true }), client);
    log.appendMarker({ producerId: 9, producerEpoch: 0, commit: false, coordinatorEpoch: 0 });
    const producers = log.activeProducers();
    const killed = fs.afterKill();
    for (const name of killed.list(DIR)) {
      if (name.endsWith('.log') || name === 'partition.metadata') continue;
      if (name.endsWith('.timeindex')) killed.remove(`${DIR}/${name}`);
      else killed.damage(`${DIR}/${name}`, (data) => data.fill(0x41));
    }
    const again = await open(killed);
    expect(again.activeProducers()).toEqual(producers);
    expect((await fetch(again, 60, { committed: true })).abortedTransactions).toEqual([{ producerId: 9, firstOffset: 60 }]);
    expect(await readAll(again)).toEqual(await readAll(log));
    expect(again.leaderEpoch).toBe(1);
  });

  it('trusts what lies below the recovery point, and rebuilds the producers from the snapshot before it', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    for (let index = 0; index < 60; index++) log.append(producerBatch(1, index), client);
    const active = log.segments.active;
    const killed = fs.afterKill();
    const writesBefore = killed.changes;
    const again = await open(killed, { recoveryPoint: active.baseOffset });
    expect(again.activeProducers()).toEqual(log.activeProducers());
    expect(again.segments.all.map((segment) => segment.size)).toEqual(log.segments.all.map((segment) => segment.size));
    expect(killed.changes - writesBefore).toBeLessThan(20);
  });
});

describe('a clean stop', () => {
  it('is opened without reading the log, and keeps the epoch', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    fill(log, 50, random(7));
    const before = await readAll(log);
    await log.close();
    const again = await open(fs, { cleanShutdown: true });
    expect(again.leaderEpoch).toBe(0);
    expect(await readAll(again)).toEqual(before);
    fill(again, 50, random(8));
    expect((await readAll(again)).slice(0, before.length)).toEqual(before);
  });

  it('does not save a log from being checked whose last batch is no batch', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    fill(log, 20, random(7));
    const path = log.segments.active.file.path;
    await log.close();
    const whole = log.logEndOffset;
    fs.damage(path, (data) => Buffer.concat([data, Buffer.alloc(200, 0x41)]));
    const again = await open(fs, { cleanShutdown: true });
    expect([again.logEndOffset, again.truncatedBytes]).toEqual([whole, 200]);
    expect(again.append(batchOf(['next']), client).errorCode).toBe(0);
    expect((await readAll(again)).at(-1)).toMatchObject({ offset: whole, value: 'next' });
  });

  it('refuses appends and reads, and wakes whoever waits', async () => {
    const log = await open(new CrashFileSystem());
    let woken = false;
    log.onReadable(0, false, () => {
      woken = true;
    });
    await log.close();
    expect(woken).toBe(true);
    expect(log.append(batchOf(['late']), client).errorCode).toBe(56);
    expect((await fetch(log, 0)).errorCode).toBe(56);
    expect(log.resources.files.openCount).toBe(0);
  });
});

/** Records in whole batches before byte `at` of the segment that begins at `base`. */
function wholeBefore(log: PartitionLog, base: number, at: number): number {
  const segment = log.segments.all.find((candidate) => candidate.baseOffset === base)!;
  const bytes = Buffer.alloc(segment.size);
  segment.file.readNow(bytes, 0);
  let whole = base;
  for (let start = 0; start < bytes.length; ) {
    const end = start + bytes.readInt32BE(start + 8) + 12;
    if (end > at) break;
    whole = Number(bytes.readBigInt64BE(start)) + bytes.readInt32BE(start + 23) + 1;
    start = end;
  }
  return whole;
}
