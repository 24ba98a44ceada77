import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FetchedPartition, FetchPartition, fetchedPartition } from '../../../../src/broker/fetch/fetch-partition.ts';
import { isComplete, readPartitions, releaseRecords, sizeOf } from '../../../../src/broker/fetch/read-partitions.ts';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import { batchOf, client, ManualClock, openLog, temporaryDirectory } from '../log/support/harness.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let logs: PartitionLog[];
const clock = new ManualClock();
const NO_ID = Buffer.alloc(16);

beforeEach(async () => {
  directory = temporaryDirectory();
  logs = [];
  for (const partition of [0, 1]) logs.push(await openLog(`${directory.path}/t-${partition}`, clock, { partition }));
});
afterEach(async () => {
  for (const log of logs) await log.close();
  directory.remove();
});

/** Partition by partition, from these offsets on. */
function partitions(offsets: readonly number[], maxBytes = 1_000_000): FetchedPartition[] {
  return offsets.map((fetchOffset, partition) => {
    const asked = { partition, fetchOffset, currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: maxBytes };
    return fetchedPartition(new FetchPartition('t', NO_ID, { ...asked, logStartOffset: -1, replicaDirectoryId: NO_ID, highWatermark: 0 }));
  });
}

async function read(wanted: FetchedPartition[], maxBytes: number): Promise<number[]> {
  const find = (partition: FetchedPartition): void => {
    partition.log = logs[partition.asked.partition];
  };
  await readPartitions(wanted, wanted, { readCommitted: false, maxBytes, find });
  return wanted.map(({ result }) => result?.records.length ?? -1);
}

it('reads in the order asked, within the limit of all together', async () => {
  for (const log of logs) for (const value of ['a', 'b', 'c']) log.append(batchOf([value]), client);
  const bytes = batchOf(['a']).length;
  expect(await read(partitions([0, 0]), 4 * bytes)).toEqual([3 * bytes, bytes]);
  expect(await read(partitions([3, 0]), 4 * bytes)).toEqual([0, 3 * bytes]);
  expect(await read(partitions([0, 0], 2 * bytes), 10 * bytes)).toEqual([2 * bytes, 2 * bytes]);
  // The first batch, and no other, may be larger than all limits.
  expect(await read(partitions([0, 0], 10), 10)).toEqual([bytes, 0]);
});

it('gives one batch that is larger than its limit also when partitions are read at the same time', async () => {
  logs[1]!.append(batchOf(['x'.repeat(500)]), client);
  logs[1]!.append(batchOf(['y'.repeat(500)]), client);
  const [first] = await read(partitions([0, 1], 100), 10_000);
  expect(first).toBe(0);
  const both = partitions([0, 0], 100);
  for (const value of ['a', 'b']) logs[0]!.append(batchOf([value.repeat(500)]), client);
  const sizes = await read(both, 10_000);
  expect(sizes).toEqual([batchOf(['a'.repeat(500)]).length, 0]);
});

it('is complete with enough bytes, with an error, and where waiting brings no more', async () => {
  for (const value of ['a', 'b']) logs[0]!.append(batchOf([value]), client);
  const bytes = batchOf(['a']).length;
  const all = partitions([0, 0]);
  await read(all, 1_000_000);
  expect([2 * bytes, 2 * bytes + 1].map((minBytes) => isComplete(all, minBytes, false))).toEqual([true, false]);
  expect(isComplete([], 1, false)).toBe(true);
  // The limit has left something behind, in this partition or another one.
  const part = partitions([0], bytes);
  await read(part, 1_000_000);
  expect(isComplete(part, 10 * bytes, false)).toBe(true);
  logs[1]!.append(batchOf(['c']), client);
  const crowded = partitions([0, 0]);
  expect(await read(crowded, 2 * bytes)).toEqual([2 * bytes, 0]);
  expect(isComplete(crowded, 10 * bytes, false)).toBe(true);
  all[1]!.errorCode = 3;
  expect(isComplete(all, 10 * bytes, false)).toBe(true);
});

it('gives back the memory of what is read again, and of what was taken', async () => {
  const log = logs[0]!;
  const buffers = log.resources.readBuffers;
  for (let index = 0; index < 100; index++) log.append(batchOf(['x'.repeat(5000)]), client);
  log.tail.clear();
  const wanted = partitions([0]);
  await read(wanted, 200_000);
  expect([sizeOf(wanted) > 100_000, buffers.idleBytes]).toEqual([true, 0]);
  await read(wanted, 200_000);
  expect(buffers.idleBytes).toBe(0);
  for (const partition of wanted) releaseRecords(partition);
  expect(buffers.idleBytes).toBeGreaterThan(100_000);
});

it('a reader that goes on where it stopped finds the same as one that begins there', async () => {
  const log = logs[0]!;
  for (let index = 0; index < 300; index++) log.append(batchOf([`${index}`.repeat(1 + ((index * 37) % 400))]), client);
  log.tail.clear();
  const contents: Buffer[] = [];
  for (let offset = 0; offset < log.highWatermark; ) {
    const result = await log.read({
      fetchOffset: offset,
      maxBytes: 7000,
      minOneMessage: true,
      readCommitted: false,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    });
    expect([result.errorCode, result.nextOffset > offset]).toEqual([0, true]);
    contents.push(Buffer.from(result.records));
    offset = result.nextOffset;
    result.release?.();
  }
  const whole = await log.read({
    fetchOffset: 0,
    maxBytes: 10_000_000,
    minOneMessage: true,
    readCommitted: false,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  });
  expect(contents.length).toBeGreaterThan(10);
  expect(Buffer.concat(contents).equals(whole.records)).toBe(true);
});
