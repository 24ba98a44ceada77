import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import { batchLeaderEpoch, RecordBatchBuilder, validateBatchCrc } from '../../../../src/protocol/index.ts';
import {
  batchesIn,
  batchOf,
  client,
  fetch,
  ManualClock,
  openLog,
  producerBatch,
  readAll,
  recordsIn,
  START_MS,
  temporaryDirectory,
} from './support/harness.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let clock: ManualClock;
let log: PartitionLog;

beforeEach(() => {
  directory = temporaryDirectory();
  clock = new ManualClock();
});
afterEach(async () => {
  await log.close();
  directory.remove();
});

describe.each([
  ['from memory', { tailCacheBytes: 1024 * 1024 }],
  ['from files', { tailCacheBytes: 0 }],
  ['from both', { tailCacheBytes: 3000 }],
])('reading %s', (_name, resources) => {
  it('returns what was appended, in whole batches, from any offset', async () => {
    log = await openLog(`${directory.path}/t-0`, clock, {
      ...resources,
      config: { 'segment.bytes': '4000', 'index.interval.bytes': '200' },
    });
    for (let index = 0; index < 100; index++) {
      const result = log.append(batchOf([`a${index}`, `b${index}`, `c${index}`]), client);
      expect(result).toEqual({ errorCode: 0, baseOffset: index * 3, lastOffset: index * 3 + 2, logAppendTimeMs: -1 });
    }
    expect(log.segments.count).toBeGreaterThan(2);
    for (let offset = 0; offset < 300; offset++) {
      const result = await fetch(log, offset, { maxBytes: 600 });
      expect(batchesIn(result.records)[0]).toBe(offset - (offset % 3));
      expect(result.records.length).toBeLessThanOrEqual(600);
    }
    const all = await readAll(log, 0, 700);
    expect(all.map((record) => record.offset)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(all[100]).toEqual({ offset: 100, key: 'b33', value: 'b33', timestamp: START_MS });
  });

  it('returns one batch that is larger than the limit only when asked to', async () => {
    log = await openLog(`${directory.path}/t-0`, clock, resources);
    log.append(batchOf([{ key: 'k', value: 'x'.repeat(20_000) }]), client);
    log.append(batchOf(['small']), client);
    expect(recordsIn((await fetch(log, 0, { maxBytes: 1000 })).records)).toHaveLength(1);
    const request = {
      fetchOffset: 0,
      maxBytes: 1000,
      minOneMessage: false,
      readCommitted: false,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    };
    expect((await log.read(request)).records).toHaveLength(0);
  });

  it('gives read_committed only what is below the first open transaction', async () => {
    log = await openLog(`${directory.path}/t-0`, clock, resources);
    log.append(batchOf(['before']), client);
    log.append(producerBatch(7, 0, 2, { transactional: true }), client);
    log.append(batchOf(['after']), client);
    expect(batchesIn((await fetch(log, 0, { committed: true })).records)).toEqual([0]);
    expect(batchesIn((await fetch(log, 0)).records)).toEqual([0, 1, 3]);
    log.appendMarker({ producerId: 7, producerEpoch: 0, commit: true, coordinatorEpoch: 0 });
    expect(batchesIn((await fetch(log, 0, { committed: true })).records)).toEqual([0, 1, 3, 4]);
  });
});

it('answers offsets outside the log with OFFSET_OUT_OF_RANGE and its end with nothing', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  log.append(batchOf(['a', 'b', 'c']), client);
  expect(await fetch(log, 3)).toMatchObject({ errorCode: 0, highWatermark: 3, logStartOffset: 0, abortedTransactions: null });
  expect((await fetch(log, 4)).errorCode).toBe(1);
  expect(log.deleteRecordsBefore(2)).toBe(2);
  expect((await fetch(log, 1)).errorCode).toBe(1);
  expect(batchesIn((await fetch(log, 2)).records)).toEqual([0]);
});

it('hands out slices of its memory without copying', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  for (let index = 0; index < 10; index++) log.append(batchOf([`a${index}`]), client);
  const first = (await fetch(log, 0)).records;
  const second = (await fetch(log, 3)).records;
  expect(first.buffer).toBe(second.buffer);
});

it('stamps offset and leader epoch without touching the CRC', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  log.bumpLeaderEpoch();
  log.append(batchOf(['a']), client);
  log.append(batchOf(['b']), client);
  const { records } = await fetch(log, 1);
  expect(batchLeaderEpoch(records, 0)).toBe(1);
  expect(validateBatchCrc(records, 0)).toBe(true);
});

it('stamps the time of the append when the topic says so', async () => {
  log = await openLog(`${directory.path}/t-0`, clock, { config: { 'message.timestamp.type': 'LogAppendTime' } });
  const result = log.append(
    batchOf([
      { value: 'a', timestamp: 5 },
      { value: 'b', timestamp: 6 },
    ]),
    client,
  );
  expect(result.logAppendTimeMs).toBe(START_MS);
  const { records } = await fetch(log, 0);
  expect(recordsIn(records).map((record) => record.timestamp)).toEqual([START_MS, START_MS]);
  expect(validateBatchCrc(records, 0)).toBe(true);
});

it('finds offsets by timestamp and the record with the largest one', async () => {
  log = await openLog(`${directory.path}/t-0`, clock, { config: { 'segment.bytes': '3000', 'index.interval.bytes': '150' } });
  for (let index = 0; index < 60; index++) {
    const at = START_MS + index * 1000;
    log.append(
      batchOf([
        { key: 'a', value: 'v', timestamp: at },
        { key: 'b', value: 'v', timestamp: at - 500 },
      ]),
      client,
    );
  }
  for (let index = 0; index < 60; index++) {
    expect(await log.offsetForTimestamp(START_MS + index * 1000)).toEqual({
      offset: index * 2,
      timestampMs: START_MS + index * 1000,
      leaderEpoch: 0,
    });
  }
  expect(await log.offsetForTimestamp(START_MS - 1000)).toMatchObject({ offset: 0 });
  expect(await log.offsetForTimestamp(START_MS + 59_001)).toBeUndefined();
  expect(await log.offsetOfMaxTimestamp()).toEqual({ offset: 118, timestampMs: START_MS + 59_000, leaderEpoch: 0 });
  log.deleteRecordsBefore(31);
  expect(await log.offsetForTimestamp(0)).toMatchObject({ offset: 31 });
});

it('checks leader epochs and tells where logs diverge', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  log.append(batchOf(['a', 'b']), client);
  log.bumpLeaderEpoch();
  log.bumpLeaderEpoch();
  log.append(batchOf(['c', 'd']), client);
  const request = {
    fetchOffset: 2,
    maxBytes: 1000,
    minOneMessage: true,
    readCommitted: false,
    currentLeaderEpoch: 2,
    lastFetchedEpoch: -1,
  };
  expect((await log.read(request)).errorCode).toBe(0);
  expect((await log.read({ ...request, currentLeaderEpoch: 1 })).errorCode).toBe(74);
  expect((await log.read({ ...request, currentLeaderEpoch: 3 })).errorCode).toBe(75);
  expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 2 });
  expect(log.endOffsetForEpoch(1)).toEqual({ epoch: 0, endOffset: 2 });
  expect(log.endOffsetForEpoch(2)).toEqual({ epoch: 2, endOffset: 4 });
  expect(log.endOffsetForEpoch(3)).toEqual({ epoch: -1, endOffset: -1 });
  expect(await log.read({ ...request, fetchOffset: 3, lastFetchedEpoch: 0 })).toMatchObject({
    errorCode: 0,
    divergingEpoch: { epoch: 0, endOffset: 2 },
  });
  expect((await log.read({ ...request, lastFetchedEpoch: 0 })).divergingEpoch).toBeUndefined();
});

it('wakes readers when there is something for them, once', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  const woken: string[] = [];
  log.onReadable(0, false, () => woken.push('raw'));
  log.onReadable(0, true, () => woken.push('committed'));
  log.onReadable(0, false, () => woken.push('cancelled'))();
  log.append(producerBatch(7, 0, 1, { transactional: true }), client);
  expect(woken).toEqual([]);
  await Promise.resolve();
  expect(woken).toEqual(['raw']);
  log.append(batchOf(['x']), client);
  await Promise.resolve();
  expect(woken).toEqual(['raw']);
  log.appendMarker({ producerId: 7, producerEpoch: 0, commit: false, coordinatorEpoch: 0 });
  await Promise.resolve();
  expect(woken).toEqual(['raw', 'committed']);
  log.onReadable(1, true, () => woken.push('at once'));
  await Promise.resolve();
  expect(woken).toEqual(['raw', 'committed', 'at once']);
});

it('keeps many fetches of old data going at once with few open files', async () => {
  log = await openLog(`${directory.path}/t-0`, clock, { tailCacheBytes: 0, maxOpenFiles: 3, config: { 'segment.bytes': '500' } });
  for (let index = 0; index < 100; index++) log.append(batchOf([`v${index}`]), client);
  const fetches = Array.from({ length: 100 }, (_, offset) => fetch(log, offset, { maxBytes: 1 }));
  const results = await Promise.all(fetches);
  for (const [offset, result] of results.entries()) expect(recordsIn(result.records)[0]?.value).toBe(`v${offset}`);
  expect(log.resources.files.openCount).toBeLessThan(100);
});

it('never shows an append that the file system refused', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  log.append(batchOf(['a']), client);
  const write = log.segments.active.file.write;
  log.segments.active.file.write = () => {
    throw new Error('ENOSPC: no space left on device');
  };
  expect(log.append(producerBatch(3, 0), client)).toMatchObject({ errorCode: 56, baseOffset: -1 });
  log.segments.active.file.write = write;
  expect(log.append(producerBatch(3, 0), client)).toMatchObject({ errorCode: 0, baseOffset: 1 });
  expect((await readAll(log)).map((record) => record.value)).toEqual(['a', 'p3-0']);
});

it('takes compressed batches as they are', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < 50; index++) builder.append(START_MS + index, Buffer.from('k'), Buffer.from(`v${index}`));
  const batch = builder.build({ compression: 'gzip' });
  log.append(Buffer.from(batch), client);
  expect((await fetch(log, 0)).records.subarray(61).equals(batch.subarray(61))).toBe(true);
  expect(await log.offsetForTimestamp(START_MS + 20)).toMatchObject({ offset: 20 });
});

it('stops copying into memory what nobody reads, and begins again when somebody does', async () => {
  log = await openLog(`${directory.path}/t-0`, clock);
  const value = 'x'.repeat(500_000);
  for (let index = 0; index < 40; index++) expect(log.append(batchOf([{ value }]), client).errorCode).toBe(0);
  expect(log.resources.tail.sizeInBytes).toBe(0);
  expect((await fetch(log, 0, { maxBytes: 1 })).records.length).toBeGreaterThan(500_000);
  log.append(batchOf([{ value }]), client);
  expect(log.resources.tail.sizeInBytes).toBe(0);
  await fetch(log, 41);
  log.append(batchOf([{ value }]), client);
  expect(log.tail.baseOffset).toBe(41);
  expect((await readAll(log, 30)).map((record) => record.offset)).toEqual(Array.from({ length: 12 }, (_, index) => index + 30));
});
