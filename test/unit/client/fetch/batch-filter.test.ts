import { describe, expect, it } from 'vitest';
import { type FilterRequest, filterBatches } from '../../../../src/client/fetch/batch-filter.ts';
import { type BuildOptions, buildEndTransactionMarker, RecordBatchBuilder } from '../../../../src/protocol/index.ts';

function batch(baseOffset: number, count: number, options: BuildOptions = {}): Buffer {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < count; index++) builder.appendAt(baseOffset + index, 1_000, null, Buffer.from(`${baseOffset + index}`));
  if (count === 0) builder.setBaseOffset(baseOffset);
  return builder.build({ leaderEpoch: 3, ...options });
}
const inTransaction = (baseOffset: number, count: number, producerId: number) =>
  batch(baseOffset, count, { transactional: true, producerId, producerEpoch: 0, baseSequence: 0 });
const marker = (offset: number, producerId: number, commit: boolean) =>
  buildEndTransactionMarker({ offset, timestamp: 1_000, producerId, producerEpoch: 0, commit, coordinatorEpoch: 0 });

const filter = (records: Buffer[], rest: Partial<FilterRequest> = {}) =>
  filterBatches({
    topic: 't',
    partition: 7,
    records: Buffer.concat(records),
    offset: 0,
    checkCrcs: true,
    abortedTransactions: null,
    ...rest,
  });
/** First offset, records and next offset of each slice. */
const slicesOf = (filtered: ReturnType<typeof filter>) =>
  filtered.slices.map(({ firstOffset, recordCount, nextOffset }) => [firstOffset, recordCount, nextOffset]);

describe('filtering the batches of a fetch', () => {
  it('joins neighbours into one slice', () => {
    const filtered = filter([batch(0, 2), batch(2, 3), batch(5, 1)]);
    expect(slicesOf(filtered)).toEqual([[0, 6, 6]]);
    expect(filtered).toMatchObject({ nextOffset: 6, leaderEpoch: 3 });
  });

  it('leaves out what lies below the offset, and marks a batch that begins below it', () => {
    const filtered = filter([batch(0, 2), batch(2, 3), batch(5, 1)], { offset: 3 });
    expect(slicesOf(filtered)).toEqual([
      [3, 3, 5],
      [5, 1, 6],
    ]);
    expect(filtered.slices.map(({ startsBelow }) => startsBelow)).toEqual([true, false]);
  });

  it('leaves a batch that is cut off to the next fetch', () => {
    const whole = batch(2, 2);
    const filtered = filter([batch(0, 2), whole.subarray(0, whole.length - 1)]);
    expect(slicesOf(filtered)).toEqual([[0, 2, 2]]);
    expect(filtered.nextOffset).toBe(2);
    expect(filter([batch(0, 2), whole.subarray(0, 20)]).nextOffset).toBe(2);
  });

  it('passes markers and batches that compaction has emptied', () => {
    const emptied = batch(3, 0, { lastOffset: 8 });
    const filtered = filter([batch(0, 1), marker(1, 5, true), marker(2, 6, false), emptied]);
    expect(slicesOf(filtered)).toEqual([[0, 1, 9]]);
    expect(filter([marker(0, 5, true)])).toMatchObject({ slices: [], nextOffset: 1 });
  });

  it('drops aborted transactions, up to their marker and no further', () => {
    const log = [
      inTransaction(0, 2, 5), // aborted
      inTransaction(2, 1, 6),
      batch(3, 1),
      inTransaction(4, 1, 5), // aborted
      marker(5, 5, false),
      inTransaction(6, 2, 5), // the next transaction of the same producer
      marker(8, 5, true),
      marker(9, 6, true),
    ];
    const filtered = filter(log, { abortedTransactions: [{ producerId: 5, firstOffset: 0 }] });
    expect(slicesOf(filtered)).toEqual([
      [2, 2, 6],
      [6, 2, 10],
    ]);
    expect(slicesOf(filter(log))).toEqual([[0, 7, 10]]);
  });

  it('takes aborted transactions in any order, and drops nothing that is not transactional', () => {
    const abortedTransactions = [
      { producerId: 6, firstOffset: 2 },
      { producerId: 5, firstOffset: 0 },
    ];
    const log = [inTransaction(0, 1, 5), batch(1, 1, { producerId: 5, producerEpoch: 0, baseSequence: 9 }), inTransaction(2, 1, 6)];
    expect(slicesOf(filter(log, { abortedTransactions }))).toEqual([[1, 1, 3]]);
  });

  it('names topic, partition and offset of a damaged batch', () => {
    const damaged = batch(2, 2);
    damaged[damaged.length - 1]! ^= 1;
    expect(() => filter([batch(0, 2), damaged])).toThrow(/t-7 is damaged at offset 2: its CRC/);
    expect(filter([batch(0, 2), damaged], { checkCrcs: false }).nextOffset).toBe(4);
    const short = batch(0, 1);
    short.writeInt32BE(10, 8);
    expect(() => filter([short])).toThrow(/claims to be 22 bytes/);
    const negative = batch(0, 1);
    negative.writeInt32BE(-100, 8);
    expect(() => filter([negative])).toThrow(/t-7 is damaged at offset 0/);
    const old = batch(0, 1);
    old[16] = 1;
    expect(() => filter([old])).toThrow(/format 1/);
    expect(() => filter([batch(0, 1).subarray(0, 65)], { offset: 4 })).toThrow(/damaged at offset 4: its first batch is not complete/);
  });
});
