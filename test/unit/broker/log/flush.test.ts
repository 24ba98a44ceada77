import { describe, expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import type { FlushPolicy } from '../../../../src/broker/seams.ts';
import { CrashFileSystem } from './support/crash-file-system.ts';
import { batchOf, client, fetch, ManualClock, openLog, producerBatch, random, readAll } from './support/harness.ts';

const DIR = '/data/t-0';
const config = { 'segment.bytes': '1500', 'index.interval.bytes': '150' };

const open = (fs: CrashFileSystem, flushPolicy: FlushPolicy, clock = new ManualClock()): Promise<PartitionLog> =>
  openLog(DIR, clock, { fs, config, flushPolicy, flushIntervalMs: 100 });

describe('flush policy batch', () => {
  it.each(Array.from({ length: 20 }, (_, index) => 5000 + index))('loses nothing acknowledged in a power cut (seed %i)', async (seed) => {
    const below = random(seed);
    const fs = new CrashFileSystem();
    const log = await open(fs, 'batch');
    let acknowledged = 0;
    const pending: Promise<void>[] = [];
    for (let index = 0; index < 30 + below(60); index++) {
      const end = log.append(producerBatch(1, index), client).lastOffset + 1;
      pending.push(
        log.flushed().then(() => {
          acknowledged = Math.max(acknowledged, end);
        }),
      );
      if (below(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const after = fs.afterPowerCut(below);
    const promised = acknowledged;
    const again = await open(after, 'batch');
    expect(again.logEndOffset).toBeGreaterThanOrEqual(promised);
    const values = (await readAll(again)).map((record) => record.value);
    expect(values).toEqual(values.map((_, index) => `p1-${index}`));
    expect(again.append(producerBatch(1, again.logEndOffset), client)).toMatchObject({ errorCode: 0, baseOffset: values.length });
    await Promise.all(pending);
  });

  it('shares one sync among all that wait', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs, 'batch');
    const before = fs.syncs;
    const waiting: Promise<void>[] = [];
    for (let index = 0; index < 10; index++) {
      log.append(batchOf([`v${index}`]), client);
      waiting.push(log.flushed());
    }
    await Promise.all(waiting);
    expect(fs.syncs - before).toBe(1);
  });

  it('shows consumers only what is safe, and wakes them then', async () => {
    const log = await open(new CrashFileSystem(), 'batch');
    let woken = 0;
    log.onReadable(0, false, () => woken++);
    log.append(batchOf(['a']), client);
    await Promise.resolve();
    expect(woken).toBe(0);
    expect(log.highWatermark).toBe(0);
    expect((await fetch(log, 0)).records).toHaveLength(0);
    await log.flushed();
    await Promise.resolve();
    expect(woken).toBe(1);
    expect((await fetch(log, 0)).records.length).toBeGreaterThan(0);
  });

  it('takes no more writes once a sync has failed', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs, 'batch');
    log.append(batchOf(['a']), client);
    const waiting = log.flushed();
    fs.sync = () => Promise.reject(new Error('EIO: i/o error'));
    await expect(waiting).rejects.toThrow('EIO');
    expect(log.append(batchOf(['b']), client).errorCode).toBe(56);
    await expect(log.flushed()).rejects.toThrow('EIO');
  });
});

describe('flush policy interval', () => {
  it('syncs after the interval, not before', async () => {
    const clock = new ManualClock();
    const fs = new CrashFileSystem();
    const log = await open(fs, 'interval', clock);
    const before = fs.syncs;
    log.append(batchOf(['a']), client);
    await log.flushed();
    expect(fs.syncs).toBe(before);
    clock.advance(100);
    while (log.recoveryPoint < 1) await new Promise((resolve) => setImmediate(resolve));
    expect(fs.syncs).toBeGreaterThan(before);
    const again = await open(
      fs.afterPowerCut(() => 0),
      'interval',
    );
    expect(again.logEndOffset).toBe(1);
  });
});

describe('flush policy none', () => {
  it('syncs closed segments only, and moves the recovery point with them', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs, 'none');
    for (let index = 0; index < 60; index++) log.append(batchOf([`v${index}`]), client);
    const active = log.segments.active.baseOffset;
    expect(active).toBeGreaterThan(0);
    await log.flushed();
    while (log.recoveryPoint < active) await new Promise((resolve) => setImmediate(resolve));
    expect(log.recoveryPoint).toBe(active);
    const again = await open(
      fs.afterPowerCut(() => 0),
      'none',
    );
    expect(again.logEndOffset).toBeGreaterThanOrEqual(active);
  });
});

describe('flush.messages and flush.ms of the topic', () => {
  const openWith = (fs: CrashFileSystem, clock: ManualClock, topicConfig: Record<string, string>): Promise<PartitionLog> =>
    openLog(DIR, clock, { fs, config: { ...config, ...topicConfig }, flushPolicy: 'none' });

  it('sync before the acknowledgement once so many records are not', async () => {
    const fs = new CrashFileSystem();
    const log = await openWith(fs, new ManualClock(), { 'flush.messages': '3' });
    const before = fs.syncs;
    for (const value of ['a', 'b']) {
      log.append(batchOf([value]), client);
      await log.flushed();
    }
    expect(fs.syncs).toBe(before);
    log.append(batchOf(['c']), client);
    await log.flushed();
    expect(fs.syncs).toBeGreaterThan(before);
    const left = fs.afterPowerCut(() => 0);
    expect((await openWith(left, new ManualClock(), {})).logEndOffset).toBe(3);
  });

  it('sync after so much time', async () => {
    const [fs, clock] = [new CrashFileSystem(), new ManualClock()];
    const log = await openWith(fs, clock, { 'flush.ms': '50' });
    const before = fs.syncs;
    log.append(batchOf(['a']), client);
    clock.advance(49);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fs.syncs).toBe(before);
    clock.advance(1);
    while (fs.syncs === before) await new Promise((resolve) => setImmediate(resolve));
    expect(log.logEndOffset).toBe(1);
  });
});
