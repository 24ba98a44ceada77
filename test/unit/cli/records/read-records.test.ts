import { expect, it } from 'vitest';
import { recordsOf } from '../../../../src/cli/records/read-records.ts';
import { buildEndTransactionMarker, RecordBatchBuilder } from '../../../../src/protocol/index.ts';

function batch(offset: number, values: readonly (string | null)[], logAppendTime = false): Buffer {
  const builder = new RecordBatchBuilder();
  for (const [index, value] of values.entries()) {
    builder.appendAt(offset + index, 1000 + index, Buffer.from('k'), value === null ? null : Buffer.from(value), [['h', null]]);
  }
  return builder.build({ logAppendTime, compression: 'gzip' });
}

it('records begin where reading began, and have no markers among them', () => {
  const marker = { offset: 8, timestamp: 1, producerId: 1, producerEpoch: 0, commit: true, coordinatorEpoch: 0 };
  const bytes = Buffer.concat([batch(5, ['a', 'b', null]), buildEndTransactionMarker(marker), batch(9, ['d'], true)]);
  const fetched = { topic: 't', partition: 3, firstOffset: 6, nextOffset: 10, recordCount: 4, startsBelow: true, bytes, ownsBuffer: false };
  const read = [...recordsOf(fetched)].map(({ offset, value, timestampMs, timestampType }) => [
    offset,
    value?.toString(),
    timestampMs,
    timestampType,
  ]);
  expect(read).toEqual([
    [6, 'b', 1001, 'CreateTime'],
    [7, undefined, 1002, 'CreateTime'],
    [9, 'd', 1000, 'LogAppendTime'],
  ]);
  expect([...recordsOf(fetched)][0]).toMatchObject({ topic: 't', partition: 3, key: Buffer.from('k'), headers: [['h', null]] });
});
