import { describe, expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import {
  batchCompression,
  batchDeleteHorizon,
  batchLength,
  batchRecordCount,
  RecordBatchBuilder,
  validateBatchCrc,
} from '../../../../src/protocol/index.ts';
import { CrashFileSystem } from './support/crash-file-system.ts';
import {
  batchOf,
  client,
  endOf,
  fetch,
  ManualClock,
  openLog,
  producerBatch,
  random,
  readAll,
  recordsIn,
  type SeenRecord,
  START_MS,
  type TestRecord,
} from './support/harness.ts';

const DIR = '/data/t-0';
const config = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1200',
  'index.interval.bytes': '150',
  'min.cleanable.dirty.ratio': '0',
  'delete.retention.ms': '1000',
};

const open = (fs: CrashFileSystem, clock = new ManualClock(), options: Parameters<typeof openLog>[2] = {}): Promise<PartitionLog> =>
  openLog(DIR, clock, { fs, config, tailCacheBytes: 0, ...options });

/** The last value of every key, as a table built from the records has it. */
function table(records: readonly SeenRecord[]): Map<string, string> {
  const rows = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) rows.delete(key!);
    else rows.set(key!, value);
  }
  return rows;
}

function fill(log: PartitionLog, batches: number, below: (limit: number) => number, compression: 'none' | 'gzip' = 'none'): void {
  for (let index = 0; index < batches; index++) {
    const records: TestRecord[] = Array.from({ length: 1 + below(4) }, () => ({
      key: `k${below(12)}`,
      value: below(5) === 0 ? null : `v${log.logEndOffset}-${below(1000)}`,
      timestamp: START_MS + below(1000),
    }));
    expect(log.append(batchOf(records, { compression }), client).errorCode).toBe(0);
  }
}

/** Fills the segment that is written, so that all before can be cleaned. */
const pad = (log: PartitionLog): void => {
  const end = log.segments.active.baseOffset;
  while (log.segments.active.baseOffset === end) log.append(batchOf([{ key: 'pad', value: 'x'.repeat(300) }]), client);
};

describe('compaction', () => {
  it.each([...Array.from({ length: 10 }, (_, index) => [2000 + index, 'none'] as const), [3000, 'gzip'] as const])(
    'keeps the last record of every key, its offset and its timestamp (seed %i, %s)',
    async (seed, compression) => {
      const below = random(seed);
      const clock = new ManualClock();
      const fs = new CrashFileSystem();
      const log = await open(fs, clock);
      let written: SeenRecord[] = [];
      for (let round = 0; round < 4; round++) {
        const from = log.logEndOffset;
        fill(log, 60, below, compression);
        written = [...written, ...(await readAll(log, from))];
        const size = log.sizeInBytes;
        await log.clean();
        clock.advance(below(2000));
        const left = await readAll(log);
        expect(log.sizeInBytes).toBeLessThan(size);
        expect(table(left)).toEqual(table(written));
        const byOffset = new Map(written.map((record) => [record.offset, record]));
        for (const record of left) expect(record).toEqual(byOffset.get(record.offset));
        const cleaned = left.filter((record) => record.offset < log.cleanedUpTo);
        expect(new Set(cleaned.map((record) => record.key)).size).toBe(cleaned.length);
        expect([log.logStartOffset, log.logEndOffset]).toEqual([0, written.length]);
      }
      const again = await open(fs.afterKill(), clock);
      expect(await readAll(again)).toEqual(await readAll(log));
      expect(again.logEndOffset).toBe(log.logEndOffset);
    },
  );

  it('stores what it writes as valid batches, of the same codec', async () => {
    const log = await open(new CrashFileSystem());
    fill(log, 80, random(5), 'gzip');
    await log.clean();
    const { records } = await fetch(log, 0, { maxBytes: 1 << 20 });
    let rewritten = 0;
    for (let at = 0; at < records.length; at += batchLength(records, at)) {
      expect(validateBatchCrc(records, at)).toBe(true);
      if (batchRecordCount(records, at) > 0) expect(batchCompression(records, at)).toBe(1);
      if (batchRecordCount(records, at) !== records.readInt32BE(at + 23) + 1) rewritten++;
    }
    expect(rewritten).toBeGreaterThan(0);
  });

  it('keeps headers of the records it copies', async () => {
    const log = await open(new CrashFileSystem());
    const builder = new RecordBatchBuilder();
    builder.append(START_MS, Buffer.from('a'), Buffer.from('old'), [['h', Buffer.from('1')]]);
    builder.append(START_MS, Buffer.from('b'), Buffer.from('kept'), [
      ['h', Buffer.from('2')],
      ['n', null],
    ]);
    builder.append(START_MS, Buffer.from('a'), Buffer.from('new'));
    log.append(builder.build(), client);
    pad(log);
    await log.clean();
    const { records } = await fetch(log, 0, { maxBytes: 1 });
    const cursor = new (await import('../../../../src/protocol/index.ts')).RecordCursor(records);
    expect(cursor.next()).toBe(true);
    expect(cursor.offset).toBe(1);
    expect(cursor.headers()).toEqual([
      ['h', Buffer.from('2')],
      ['n', null],
    ]);
  });

  it('drops a tombstone only delete.retention.ms after the round that first saw it', async () => {
    const clock = new ManualClock();
    const log = await open(new CrashFileSystem(), clock);
    log.append(batchOf([{ key: 'a', value: 'v' }]), client);
    log.append(batchOf([{ key: 'a', value: null }]), client);
    pad(log);
    await log.clean();
    const tombstones = async (): Promise<number> =>
      (await readAll(log)).filter((record) => record.key === 'a' && record.value === null).length;
    expect(await tombstones()).toBe(1);
    const { records } = await fetch(log, 1, { maxBytes: 1 });
    expect(batchDeleteHorizon(records, 0)).toBe(START_MS + 1000);
    expect(recordsIn(records)[0]?.timestamp).toBe(START_MS);
    clock.advance(999);
    pad(log);
    await log.clean();
    expect(await tombstones()).toBe(1);
    clock.advance(1);
    pad(log);
    await log.clean();
    expect(await tombstones()).toBe(0);
  });

  it('leaves what is younger than min.compaction.lag.ms, and waits for the dirty ratio', async () => {
    const clock = new ManualClock();
    const log = await open(new CrashFileSystem(), clock, {
      config: { ...config, 'min.compaction.lag.ms': '5000', 'min.cleanable.dirty.ratio': '0.5' },
    });
    fill(log, 60, random(3));
    const size = log.sizeInBytes;
    await log.clean();
    expect(log.sizeInBytes).toBe(size);
    clock.advance(10_000);
    await log.clean();
    expect(log.sizeInBytes).toBeLessThan(size);
    const cleaned = log.cleanedUpTo;
    pad(log);
    log.updateConfig({ ...config, 'min.cleanable.dirty.ratio': '0.999' });
    await log.clean();
    expect(log.cleanedUpTo).toBe(cleaned);
    log.updateConfig({ ...config, 'min.cleanable.dirty.ratio': '0.999', 'max.compaction.lag.ms': '100' });
    await log.clean();
    expect(log.cleanedUpTo).toBeGreaterThan(cleaned);
  });

  it('needs several rounds when the keys do not fit its memory, and is right after each', async () => {
    const log = await open(new CrashFileSystem(), new ManualClock(), { compactionMemoryBytes: 600 });
    fill(log, 200, random(9));
    const written = await readAll(log);
    const limits = new Set<number>();
    for (let round = 0; round < 60; round++) {
      await log.clean();
      limits.add(log.cleanedUpTo);
      expect(table(await readAll(log))).toEqual(table(written));
    }
    expect(limits.size).toBeGreaterThan(2);
    expect(log.cleanedUpTo).toBe(log.segments.active.baseOffset);
  });

  it('leaves nothing that a search by time could stumble over', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    fill(log, 100, random(12));
    await log.clean();
    const expected = await readAll(log);
    for (const opened of [log, await open(fs.afterKill())]) {
      const largest = Math.max(...expected.map((record) => record.timestamp));
      expect(await opened.offsetOfMaxTimestamp()).toMatchObject({ timestampMs: largest });
      for (let at = START_MS; at < START_MS + 1000; at += 50) {
        const first = expected.find((record) => record.timestamp >= at);
        expect(await opened.offsetForTimestamp(at)).toEqual(
          first && { offset: first.offset, timestampMs: first.timestamp, leaderEpoch: 0 },
        );
      }
    }
  });

  it('keeps every offset readable: a fetch in a gap goes on behind it', async () => {
    const log = await open(new CrashFileSystem());
    fill(log, 100, random(4));
    await log.clean();
    for (let offset = 0; offset < log.logEndOffset; offset++) {
      const { records } = await fetch(log, offset, { maxBytes: 1 });
      expect(endOf(records)).toBeGreaterThan(offset);
    }
  });

  it('serves reads that began before the files were replaced', async () => {
    const log = await open(new CrashFileSystem());
    fill(log, 100, random(6));
    const expected = table(await readAll(log));
    const cleaning = log.clean();
    for (let round = 0; round < 20; round++) expect(table(await readAll(log, 0, 300))).toEqual(expected);
    await cleaning;
  });
});

describe('compaction and transactions', () => {
  const transactional = (log: PartitionLog, producerId: number, sequence: number, key: string, value: string): void => {
    const batch = batchOf([{ key, value }], { producerId, producerEpoch: 0, baseSequence: sequence, transactional: true });
    expect(log.append(batch, client).errorCode).toBe(0);
  };
  const end = (log: PartitionLog, producerId: number, commit: boolean): void => {
    expect(log.appendMarker({ producerId, producerEpoch: 0, commit, coordinatorEpoch: 0 }).errorCode).toBe(0);
  };

  it('drops aborted data at once and its marker later, and does not let it outdate committed data', async () => {
    const clock = new ManualClock();
    const fs = new CrashFileSystem();
    const log = await open(fs, clock);
    log.append(batchOf([{ key: 'a', value: 'committed' }]), client);
    transactional(log, 1, 0, 'a', 'aborted');
    end(log, 1, false); // 2
    transactional(log, 1, 1, 'b', 'b');
    end(log, 1, true); // 4
    pad(log);
    await log.clean();
    expect(table(await readAll(log)).get('a')).toBe('committed');
    expect((await readAll(log)).map((record) => record.value)).not.toContain('aborted');
    // Only a round that meets no data of the transaction any more sets the marker's horizon, and a later one drops it.
    for (const left of [[2, 4], [2, 4], [4]]) {
      expect(await markers(log)).toEqual(left);
      clock.advance(1000);
      pad(log);
      await log.clean();
    }
    expect(await markers(log)).toEqual([4]);
    expect((await fetch(log, 0, { committed: true })).abortedTransactions).toEqual([]);
    expect(table(await readAll(await open(fs.afterKill(), clock))).get('b')).toBe('b');
  });

  it('knows of aborts whose marker lies behind what it cleans', async () => {
    const log = await open(new CrashFileSystem());
    log.append(batchOf([{ key: 'a', value: 'committed' }]), client);
    transactional(log, 1, 0, 'a', 'aborted');
    for (let index = 0; log.segments.count < 2; index++) log.append(batchOf([{ key: 'other', value: `v${index}` }]), client);
    end(log, 1, false);
    expect(log.segments.active.transactionIndex.entryCount).toBe(1);
    await log.clean();
    expect(table(await readAll(log)).get('a')).toBe('committed');
  });

  it('stays below the first open transaction', async () => {
    const log = await open(new CrashFileSystem());
    transactional(log, 1, 0, 'a', 'open');
    fill(log, 60, random(2));
    const size = log.sizeInBytes;
    await log.clean();
    expect(log.sizeInBytes).toBe(size);
    end(log, 1, true);
    await log.clean();
    expect(log.sizeInBytes).toBeLessThan(size);
  });

  it('keeps the last sequence of an active producer, also without snapshots', async () => {
    const fs = new CrashFileSystem();
    const log = await open(fs);
    for (let index = 0; index < 3; index++) log.append(producerBatch(5, index), client);
    for (let index = 0; index < 3; index++) log.append(batchOf([`p5-${index}`]), client);
    pad(log);
    await log.clean();
    const killed = fs.afterKill();
    for (const name of killed.list(DIR)) if (name.endsWith('.snapshot')) killed.remove(`${DIR}/${name}`);
    const again = await open(killed);
    expect(again.activeProducers()).toMatchObject([{ producerId: 5, lastSequence: 2 }]);
    expect(again.append(producerBatch(5, 2), client)).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(again.append(producerBatch(5, 3), client).errorCode).toBe(0);
  });
});

describe('a kill in the middle of a cleaning', () => {
  it('at any change leaves either the old or the new segments, with the same table', { timeout: 60_000 }, async () => {
    const prepare = async (): Promise<{ log: PartitionLog; fs: CrashFileSystem }> => {
      const fs = new CrashFileSystem();
      const log = await open(fs);
      fill(log, 50, random(77));
      await new Promise((resolve) => setTimeout(resolve, 0));
      return { log, fs };
    };
    const whole = await prepare();
    const expected = table(await readAll(whole.log));
    const start = whole.fs.changes;
    await whole.log.clean();
    const changes = whole.fs.changes - start;
    expect(changes).toBeGreaterThan(30);
    for (let allowed = 0; allowed < changes; allowed++) {
      const { log, fs } = await prepare();
      fs.changesLeft = allowed;
      await log.clean();
      const again = await open(fs.afterKill());
      expect(table(await readAll(again)), `killed after ${allowed} changes`).toEqual(expected);
      expect(again.logEndOffset).toBe(log.logEndOffset);
      // Also when files below the recovery point are trusted: their indexes must belong to them.
      const trusting = await open(fs.afterKill(), undefined, { recoveryPoint: log.segments.active.baseOffset });
      expect(table(await readAll(trusting)), `killed after ${allowed} changes`).toEqual(expected);
      for (let at = 0; at < log.logEndOffset; at += 10)
        expect((await fetch(trusting, at, { maxBytes: 1 })).records.length).toBeGreaterThan(0);
    }
  });
});

/** Offsets of the control batches that are left. */
async function markers(log: PartitionLog): Promise<number[]> {
  const offsets: number[] = [];
  for (let offset = 0; offset < log.logEndOffset; ) {
    const { records } = await fetch(log, offset);
    for (let at = 0; at < records.length; at += batchLength(records, at)) {
      if ((records.readInt16BE(at + 21) & 0x20) !== 0 && batchRecordCount(records, at) > 0)
        offsets.push(Number(records.readBigInt64BE(at)));
    }
    offset = endOf(records);
  }
  return offsets;
}
