import { describe, expect, it } from 'vitest';
import { offsetAfter, recordsOf } from '../../../../src/cli/records/read-records.ts';
import { buildEndTransactionMarker, RecordBatchBuilder } from '../../../../src/protocol/index.ts';

function batch(offset: number, values: readonly string[], producer?: number): Buffer {
  const builder = new RecordBatchBuilder();
  for (const [index, value] of values.entries()) builder.appendAt(offset + index, 1, null, Buffer.from(value));
  return builder.build(producer === undefined ? {} : { producerId: producer, producerEpoch: 0, baseSequence: 0, transactional: true });
}

const marker = (offset: number, producerId: number, commit: boolean): Buffer =>
  buildEndTransactionMarker({ offset, timestamp: 1, producerId, producerEpoch: 0, commit, coordinatorEpoch: 0 });

function values(records: Buffer, abortedTransactions: { producerId: number; firstOffset: number }[] | null, fetchOffset = 0): string[] {
  const fetched = { topic: 't', partition: 0, fetchOffset, nextOffset: offsetAfter(records, fetchOffset), records, abortedTransactions };
  return [...recordsOf(fetched)].map(({ value }) => value?.toString() ?? '');
}

describe('records of fetched batches', () => {
  it('begin at the fetch offset, and end with the last whole batch', () => {
    const records = Buffer.concat([batch(5, ['a', 'b', 'c']), batch(8, ['d'])]);
    expect(values(records, null, 6)).toEqual(['b', 'c', 'd']);
    const cut = records.subarray(0, records.length - 1);
    expect(values(cut, null, 6)).toEqual(['b', 'c']);
    expect(offsetAfter(cut, 6)).toBe(8);
    expect(offsetAfter(records.subarray(0, 20), 6)).toBe(6);
  });

  it('leave out aborted transactions until their markers, and the markers themselves', () => {
    const records = Buffer.concat([
      batch(0, ['aborted'], 1),
      batch(1, ['committed'], 2),
      batch(2, ['plain']),
      marker(3, 1, false),
      batch(4, ['later'], 1),
      marker(5, 2, true),
      batch(6, ['aborted again'], 1),
    ]);
    const aborted = [
      { producerId: 1, firstOffset: 6 },
      { producerId: 1, firstOffset: 0 },
    ];
    expect(values(records, aborted)).toEqual(['committed', 'plain', 'later']);
    expect(values(records, null)).toEqual(['aborted', 'committed', 'plain', 'later', 'aborted again']);
    expect(offsetAfter(records, 0)).toBe(7);
  });

  it('are not shown from a batch that is damaged', () => {
    const records = batch(3, ['a']);
    records[records.length - 1]! ^= 1;
    expect(() => values(records, null)).toThrow(/offset 3 of t-0 is damaged/);
  });
});
