import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import { batchOf, client, fetch, ManualClock, openLog, producerBatch, temporaryDirectory } from './support/harness.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let clock: ManualClock;
let log: PartitionLog;
let reopened = 0;

beforeEach(async () => {
  directory = temporaryDirectory();
  clock = new ManualClock();
  log = await openLog(`${directory.path}/t-0`, clock);
});
afterEach(async () => {
  await log.close();
  directory.remove();
});

const append = (producerId: number, sequence: number, records = 1, options: Parameters<typeof producerBatch>[3] = {}): number => {
  const result = log.append(producerBatch(producerId, sequence, records, options), client);
  return result.errorCode === 0 ? result.baseOffset : -result.errorCode;
};
const marker = (producerId: number, producerEpoch: number, commit: boolean, coordinatorEpoch = 0): number =>
  log.appendMarker({ producerId, producerEpoch, commit, coordinatorEpoch }).errorCode;
const stable = async (from: number): Promise<Awaited<ReturnType<typeof fetch>>> => fetch(log, from, { committed: true });

describe('idempotence', () => {
  it('answers a repetition of one of the last five batches with its first offset', () => {
    for (let index = 0; index < 6; index++) expect(append(1, index * 2, 2)).toBe(index * 2);
    for (let index = 1; index < 6; index++) expect(append(1, index * 2, 2)).toBe(index * 2);
    expect(append(1, 0, 2)).toBe(-45);
    expect(append(1, 10, 1)).toBe(-45);
    expect(log.logEndOffset).toBe(12);
  });

  it('takes only the next sequence, and starts over after 2^31 - 1', () => {
    expect(append(1, 0x7fffffff - 1, 2)).toBe(0);
    expect(append(1, 1)).toBe(-45);
    expect(append(1, 0, 3)).toBe(2);
    expect(append(1, 3)).toBe(5);
    expect(append(2, 0x7fffffff, 3)).toBe(6);
    expect(append(2, 2)).toBe(9);
    expect(append(2, 0x7fffffff, 3)).toBe(6);
  });

  it('takes any first sequence of a producer it does not know, but not under transaction version 2', () => {
    expect(append(1, 17)).toBe(0);
    const strict = { origin: 'client', transactionVersion: 2 } as const;
    expect(log.append(producerBatch(2, 17, 1, { transactional: true }), strict).errorCode).toBe(45);
    expect(log.append(producerBatch(2, 0, 1, { transactional: true }), strict).errorCode).toBe(0);
  });

  it('lets a new epoch begin at 0 only, and fences older ones', () => {
    append(1, 0, 5);
    expect(append(1, 5, 1, { epoch: 1 })).toBe(-45);
    expect(append(1, 0, 1, { epoch: 1 })).toBe(5);
    expect(append(1, 5, 1, { epoch: 0 })).toBe(-47);
    expect(append(1, 1, 1, { epoch: 1 })).toBe(6);
  });

  it('forgets silent producers after their time, whatever their record timestamps', async () => {
    append(1, 0);
    append(2, 0, 1, { transactional: true });
    clock.advance(86_399_999);
    await log.clean();
    expect(log.activeProducers()).toHaveLength(2);
    clock.advance(1);
    await log.clean();
    expect(log.activeProducers().map((producer) => producer.producerId)).toEqual([2]);
  });

  it('does not check sequences of the coordinators', () => {
    const coordinator = { origin: 'coordinator' } as const;
    const batch = (): Buffer => batchOf(['offset'], { producerId: 1, producerEpoch: 0, transactional: true });
    expect(log.append(batch(), coordinator).errorCode).toBe(0);
    expect(log.append(batch(), coordinator)).toMatchObject({ errorCode: 0, baseOffset: 1 });
    expect(log.lastStableOffset).toBe(0);
  });
});

describe('transactions', () => {
  it('keeps the last stable offset at the oldest open one', () => {
    append(1, 0, 2, { transactional: true });
    append(2, 0, 2, { transactional: true });
    expect(log.lastStableOffset).toBe(0);
    expect(marker(1, 0, true)).toBe(0);
    expect(log.lastStableOffset).toBe(2);
    append(1, 2, 1, { transactional: true });
    expect(marker(2, 0, false)).toBe(0);
    expect(log.lastStableOffset).toBe(5);
    expect(marker(1, 0, true)).toBe(0);
    expect(log.lastStableOffset).toBe(log.logEndOffset);
    expect(log.logEndOffset).toBe(8);
  });

  it('lists the aborted ones that overlap what was read', async () => {
    append(1, 0, 2, { transactional: true }); // 0-1
    append(2, 0, 1, { transactional: true }); // 2
    marker(1, 0, false); // 3
    marker(2, 0, true); // 4
    append(3, 0, 1, { transactional: true }); // 5
    marker(3, 0, false); // 6
    append(4, 0, 1); // 7
    expect((await stable(0)).abortedTransactions).toEqual([
      { producerId: 1, firstOffset: 0 },
      { producerId: 3, firstOffset: 5 },
    ]);
    expect((await stable(3)).abortedTransactions).toEqual([
      { producerId: 1, firstOffset: 0 },
      { producerId: 3, firstOffset: 5 },
    ]);
    expect((await stable(4)).abortedTransactions).toEqual([{ producerId: 3, firstOffset: 5 }]);
    expect((await stable(7)).abortedTransactions).toEqual([]);
    expect((await fetch(log, 0)).abortedTransactions).toBeNull();
  });

  it('refuses batches outside of the open transaction and markers of older epochs or coordinators', () => {
    append(1, 0, 1, { transactional: true, epoch: 3 });
    expect(append(1, 1, 1, { epoch: 3 })).toBe(-48);
    expect(marker(1, 2, false)).toBe(47);
    expect(marker(1, 3, false, 5)).toBe(0);
    expect(marker(1, 3, false, 4)).toBe(52);
  });

  it('lets a bumped marker begin a new epoch (transaction version 2)', () => {
    append(1, 0, 1, { transactional: true });
    expect(marker(1, 1, true)).toBe(0);
    expect(append(1, 1, 1, { transactional: true })).toBe(-47);
    expect(append(1, 0, 1, { transactional: true, epoch: 1 })).toBe(2);
  });
});

describe.each([
  ['a clean stop', true],
  ['a crash', false],
])('after %s', (_name, cleanShutdown) => {
  it('knows producers, their five batches and open transactions as before', async () => {
    for (let index = 0; index < 8; index++) append(1, index);
    append(2, 0, 3, { transactional: true });
    append(3, 0, 1, { transactional: true });
    marker(3, 0, false);
    const before = log.activeProducers();
    const other = await reopen(cleanShutdown);
    expect(other.activeProducers()).toEqual(before);
    expect(other.lastStableOffset).toBe(8);
    expect(append(1, 3)).toBe(3);
    expect(append(1, 2)).toBe(-45);
    expect(append(1, 8)).toBe(13);
    expect(marker(2, 0, true)).toBe(0);
    expect((await stable(0)).abortedTransactions).toEqual([{ producerId: 3, firstOffset: 11 }]);
  });
});

/** Opens the same directory again: after closing it, or beside the log that a kill would have left. */
async function reopen(cleanShutdown: boolean): Promise<PartitionLog> {
  reopened++;
  if (cleanShutdown) await log.close();
  const previous = log;
  log = await openLog(`${directory.path}/t-0`, clock, { cleanShutdown });
  if (!cleanShutdown) for (const segment of previous.segments.all) segment.closeFiles();
  expect(reopened).toBeGreaterThan(0);
  return log;
}
