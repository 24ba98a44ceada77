import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../../src/client/produce/outcome.ts';
import { PartitionQueue } from '../../../../src/client/produce/partition-queue.ts';
import { NOBODY, PendingBatch, sequenceAfter, splitBatches } from '../../../../src/client/produce/pending-batch.ts';
import {
  batchBaseSequence,
  batchProducerEpoch,
  batchProducerId,
  ErrorCode,
  isTransactionalBatch,
  RecordBatchBuilder,
  recordsCrcOf,
  validateBatchCrc,
} from '../../../../src/protocol/index.ts';

function bytesOf(records: number): Buffer {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < records; index++) builder.append(1, null, Buffer.from('x'));
  return builder.build({ crc: false });
}
const pending = (records = 2): PendingBatch => new PendingBatch(bytesOf(records), Number.POSITIVE_INFINITY, () => undefined);
const WHO = { id: 9, epoch: 3 };

function queueOf(count: number): { readonly queue: PartitionQueue; readonly batches: PendingBatch[] } {
  const queue = new PartitionQueue('t', 0);
  const batches = Array.from({ length: count }, () => pending());
  queue.waiting.push(...batches);
  queue.isKnown = true;
  return { queue, batches };
}
/** Sends what may go. */
function departAll(queue: PartitionQueue, takeNew = true, oneFirst = false): PendingBatch[] {
  const gone: PendingBatch[] = [];
  for (let next = queue.candidate(takeNew, oneFirst); next !== undefined; next = queue.candidate(takeNew, oneFirst)) {
    queue.depart(next, WHO, false);
    gone.push(next);
  }
  return gone;
}

describe('the queue of a partition', () => {
  it('lets five go, numbered in order', () => {
    const { queue, batches } = queueOf(7);
    expect(departAll(queue)).toEqual(batches.slice(0, 5));
    expect(batches.map(({ sequence }) => sequence)).toEqual([0, 2, 4, 6, 8, -1, -1]);
    queue.remove(batches[0]!);
    expect(departAll(queue)).toEqual([batches[5]]);
    expect(batches[5]!.sequence).toBe(10);
  });

  it('lets the first go alone where the broker may not know the producer', () => {
    const { queue, batches } = queueOf(3);
    queue.isKnown = false;
    expect(departAll(queue, true, true)).toEqual([batches[0]]);
    queue.remove(batches[0]!);
    queue.isKnown = true;
    expect(departAll(queue, true, true)).toEqual(batches.slice(1));
  });

  it('repeats in order, one by one, before anything new', () => {
    const { queue, batches } = queueOf(7);
    departAll(queue);
    batches[1]!.inFlight = false;
    expect(departAll(queue)).toEqual([]); // others are on their way
    for (const batch of batches.slice(0, 5)) batch.inFlight = false;
    expect(departAll(queue)).toEqual([batches[0]]);
    queue.remove(batches[0]!);
    expect(departAll(queue, false)).toEqual([batches[1]]);
    expect(batches[1]!.sequence).toBe(2);
  });

  it('takes nothing new while it must not', () => {
    const { queue } = queueOf(2);
    expect(departAll(queue, false)).toEqual([]);
  });

  it('puts back what needs other numbers, before all that waits, in order', () => {
    const { queue, batches } = queueOf(6);
    departAll(queue);
    queue.remove(batches[0]!);
    queue.hasGap = true;
    for (const batch of batches.slice(1, 5)) queue.putBack(batch);
    expect(queue.waiting).toEqual(batches.slice(1));
    expect(queue.sent).toEqual([]);
    queue.resetSequence();
    queue.isKnown = true;
    departAll(queue);
    expect(batches.slice(1).map(({ sequence }) => sequence)).toEqual([0, 2, 4, 6, 8]);
    expect(queue.hasGap).toBe(false);
  });
});

describe('a batch', () => {
  it('is stamped, with a CRC that is right', () => {
    const batch = pending();
    batch.stamp(WHO, 40, true);
    const { bytes } = batch;
    expect([batchProducerId(bytes, 0), batchProducerEpoch(bytes, 0), batchBaseSequence(bytes, 0)]).toEqual([9, 3, 40]);
    expect([isTransactionalBatch(bytes, 0), validateBatchCrc(bytes, 0)]).toEqual([true, true]);
    // The same bytes, in another attempt by another producer.
    batch.stamp(NOBODY, 0, false);
    expect([batchProducerId(bytes, 0), batchBaseSequence(bytes, 0), isTransactionalBatch(bytes, 0)]).toEqual([-1, -1, false]);
    expect(validateBatchCrc(bytes, 0)).toBe(true);
  });

  it('finishes a CRC from that of the records, again and again', () => {
    const bytes = bytesOf(3);
    const batch = new PendingBatch(bytes, Number.POSITIVE_INFINITY, () => undefined, recordsCrcOf(bytes, 0));
    batch.stamp(WHO, 7, true);
    expect(validateBatchCrc(bytes, 0)).toBe(true);
    batch.stamp({ id: 10, epoch: 0 }, 0, false);
    expect([validateBatchCrc(bytes, 0), batchProducerId(bytes, 0)]).toEqual([true, 10]);
  });

  it('has numbers that begin again at 0 after 2^31-1', () => {
    expect(sequenceAfter(0, 5)).toBe(5);
    expect(sequenceAfter(0x7fffffff - 5, 5)).toBe(0x7fffffff);
    expect(sequenceAfter(0x7fffffff, 1)).toBe(0);
    expect(sequenceAfter(0x7ffffffe, 4)).toBe(2);
  });

  it('is cut out of several, and nothing else is taken for one', () => {
    const [first, second] = [bytesOf(1), bytesOf(3)];
    expect(splitBatches('t', 0, Buffer.concat([first, second]))).toEqual([first, second]);
    expect(splitBatches('t', 0, Buffer.alloc(0))).toEqual([]);
    expect(() => splitBatches('t', 0, first.subarray(0, 65))).toThrow(/no record batch at byte 0 of 65/);
    expect(() => splitBatches('t', 0, Buffer.concat([first, Buffer.alloc(3)]))).toThrow(`at byte ${first.length}`);
  });
});

describe('the answer about a batch', () => {
  it.each<[keyof typeof ErrorCode, boolean, boolean, string]>([
    ['NONE', true, false, 'written'],
    ['DUPLICATE_SEQUENCE_NUMBER', true, false, 'written'],
    ['NOT_LEADER_OR_FOLLOWER', true, false, 'moved'],
    ['UNKNOWN_TOPIC_OR_PARTITION', true, false, 'moved'],
    ['NOT_ENOUGH_REPLICAS', true, false, 'again'],
    ['CORRUPT_MESSAGE', true, false, 'again'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', false, false, 'again'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', true, false, 'refused'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', true, true, 'renumber'],
    ['MESSAGE_TOO_LARGE', true, false, 'refused'],
    ['INVALID_PRODUCER_EPOCH', true, false, 'refused'],
    ['TOPIC_AUTHORIZATION_FAILED', true, false, 'refused'],
  ])('%s (oldest %s, after a gap %s) means %s', (name, isOldest, hasGap, outcome) => {
    expect(outcomeOf(ErrorCode[name], isOldest, hasGap)).toBe(outcome);
  });
});
