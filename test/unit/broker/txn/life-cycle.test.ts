import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/broker/coordinator/index.ts';
import type { TransactionCoordinator } from '../../../../src/broker/txn/coordinator.ts';
import { MAX_EPOCH } from '../../../../src/broker/txn/state.ts';
import { settle } from '../coordinator/fakes.ts';
import { current, dataLog, ID, init, OUT, offsetsLog, ongoing, startTransactions, TIMEOUT_MS, transactionLog } from './harness.ts';

const GROUP = 'orders';

/** Commits offset 5 of `in` for the group in the producer's transaction. */
async function commitOffsets(
  started: Awaited<ReturnType<typeof startTransactions>>,
  producer: { producerId: number; producerEpoch: number },
): Promise<void> {
  expect(await started.transactions.addOffsets(ID, producer, GROUP)).toBe(Code.NONE);
  const codes = await started.groups.offsets.commitInTransaction({
    ...producer,
    groupId: GROUP,
    memberId: '',
    groupInstanceId: null,
    generationId: -1,
    offsets: [{ topic: 'in', partition: 0, offset: 5, leaderEpoch: -1, metadata: null }],
  });
  expect(codes).toEqual([Code.NONE]);
}

async function end(
  transactions: TransactionCoordinator,
  producer: { producerId: number; producerEpoch: number },
  commit: boolean,
  tv2: boolean,
): Promise<number> {
  return (await transactions.endTransaction(ID, producer, commit, tv2)).errorCode;
}

describe('a transaction', () => {
  it.each([true, false])('ends in all its partitions and in the offsets (commit %s)', async (commit) => {
    const started = await startTransactions();
    const { broker, groups, transactions } = started;
    const producer = await ongoing(transactions);
    await commitOffsets(started, producer);
    expect(current(transactions)).toMatchObject({ state: 'Ongoing', startMs: broker.clock.nowMs() });
    expect(await end(transactions, producer, commit, false)).toBe(Code.NONE);
    const marker = { producerId: producer.producerId, producerEpoch: producer.producerEpoch, commit, coordinatorEpoch: 7 };
    expect([dataLog(broker, 0).markers, dataLog(broker, 1).markers, offsetsLog(broker).markers]).toEqual([[marker], [marker], [marker]]);
    expect(groups.store.get(GROUP, 'in', 0)?.offset).toBe(commit ? 5 : undefined);
    expect(current(transactions)).toMatchObject({ state: commit ? 'CompleteCommit' : 'CompleteAbort', partitions: new Map() });
  });

  it('takes partitions one after another and knows which it has', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await init(transactions);
    const before = transactionLog(broker).batchCount;
    expect(await transactions.addPartitions(ID, producer, new Map([['out', new Set([0])]]))).toBe(Code.NONE);
    expect(await transactions.addPartitions(ID, producer, new Map([['out', new Set([0])]]))).toBe(Code.NONE);
    expect(await transactions.addPartitions(ID, producer, new Map([['out', new Set([0, 1])]]))).toBe(Code.NONE);
    expect(transactionLog(broker).batchCount - before).toBe(2);
    expect(current(transactions).partitions).toEqual(OUT);
  });

  it('answers AddPartitions and EndTxn when durable only', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await init(transactions);
    transactionLog(broker).holdFlush = true;
    const adding = transactions.addPartitions(ID, producer, OUT) as Promise<number>;
    await settle();
    expect(current(transactions).state).toBe('Empty');
    transactionLog(broker).releaseFlush();
    expect(await adding).toBe(Code.NONE);
    transactionLog(broker).holdFlush = true;
    const ending = end(transactions, producer, true, false);
    await settle();
    expect(dataLog(broker).markers).toEqual([]);
    expect(await transactions.addPartitions(ID, producer, new Map([['in', new Set([0])]]))).toBe(Code.CONCURRENT_TRANSACTIONS);
    transactionLog(broker).releaseFlush();
    expect(await ending).toBe(Code.NONE);
    expect(dataLog(broker).markers).toHaveLength(1);
  });

  it('checks who adds', async () => {
    const { transactions } = await startTransactions();
    const producer = await init(transactions);
    expect(await transactions.addPartitions('unknown', producer, OUT)).toBe(Code.INVALID_PRODUCER_ID_MAPPING);
    expect(await transactions.addPartitions('', producer, OUT)).toBe(Code.INVALID_REQUEST);
    expect(await transactions.addPartitions(ID, { ...producer, producerId: 99 }, OUT)).toBe(Code.INVALID_PRODUCER_ID_MAPPING);
    expect(await transactions.addPartitions(ID, { ...producer, producerEpoch: 1 }, OUT)).toBe(Code.PRODUCER_FENCED);
  });

  it('needs no marker in a topic that was deleted', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    await broker.topics.delete('out');
    expect(await end(transactions, producer, true, false)).toBe(Code.NONE);
    expect(current(transactions).state).toBe('CompleteCommit');
  });

  it('is decided before all markers are written, and goes on writing them', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    dataLog(broker, 1).markerErrors.push(Code.KAFKA_STORAGE_ERROR, Code.KAFKA_STORAGE_ERROR);
    expect(await end(transactions, producer, true, false)).toBe(Code.NONE);
    expect(current(transactions).state).toBe('PrepareCommit');
    expect(await transactions.addPartitions(ID, producer, OUT)).toBe(Code.CONCURRENT_TRANSACTIONS);
    expect((await init(transactions)).errorCode).toBe(Code.CONCURRENT_TRANSACTIONS);
    expect(await end(transactions, producer, true, false)).toBe(Code.CONCURRENT_TRANSACTIONS);
    expect(await end(transactions, producer, false, false)).toBe(Code.INVALID_TXN_STATE);
    await broker.clock.advance(1_000);
    expect(current(transactions).state).toBe('CompleteCommit');
    expect(dataLog(broker, 1).markers).toMatchObject([{ commit: true }]);
  });

  it('ends also where a partition has seen a higher coordinator epoch, as from an administrator', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    const log = dataLog(broker, 1);
    log.coordinatorEpoch = 99;
    const { producerId, producerEpoch } = producer;
    log.activeProducers = () => [
      { producerId, producerEpoch, lastSequence: 0, lastTimestampMs: 0, coordinatorEpoch: 99, currentTransactionStartOffset: 0 },
    ];
    expect(await end(transactions, producer, true, false)).toBe(Code.NONE);
    expect(log.markers).toMatchObject([{ commit: true, coordinatorEpoch: 99 }]);
  });

  it('does not wait for a partition that knows a newer epoch of the producer', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    dataLog(broker, 1).markerErrors.push(Code.INVALID_PRODUCER_EPOCH);
    expect(await end(transactions, producer, false, false)).toBe(Code.NONE);
    expect(current(transactions).state).toBe('CompleteAbort');
  });
});

describe('ending with transaction version 1', () => {
  it('keeps the epoch and takes repeats of the same outcome', async () => {
    const { transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    expect(await end(transactions, producer, true, false)).toBe(Code.NONE);
    expect(await end(transactions, producer, true, false)).toBe(Code.NONE);
    expect(await end(transactions, producer, false, false)).toBe(Code.INVALID_TXN_STATE);
    expect(await transactions.addPartitions(ID, producer, OUT)).toBe(Code.NONE);
    expect(await end(transactions, producer, false, false)).toBe(Code.NONE);
    expect(await end(transactions, producer, true, false)).toBe(Code.INVALID_TXN_STATE);
    expect(current(transactions).producerEpoch).toBe(producer.producerEpoch);
  });

  it('refuses an empty transaction and wrong producers', async () => {
    const { transactions } = await startTransactions();
    const producer = await init(transactions);
    expect(await end(transactions, producer, true, false)).toBe(Code.INVALID_TXN_STATE);
    expect(await end(transactions, producer, false, false)).toBe(Code.INVALID_TXN_STATE);
    await transactions.addPartitions(ID, producer, OUT);
    expect(await end(transactions, { ...producer, producerEpoch: 1 }, true, false)).toBe(Code.PRODUCER_FENCED);
    expect(await end(transactions, { ...producer, producerId: 99 }, true, false)).toBe(Code.INVALID_PRODUCER_ID_MAPPING);
    expect((await transactions.endTransaction('unknown', producer, true, false)).errorCode).toBe(Code.INVALID_PRODUCER_ID_MAPPING);
    expect((await transactions.endTransaction('', producer, true, false)).errorCode).toBe(Code.INVALID_REQUEST);
  });
});

describe('ending with transaction version 2', () => {
  it('bumps the epoch every time, marks with it and returns it', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    const ended = await transactions.endTransaction(ID, producer, true, true);
    expect(ended).toEqual({ errorCode: 0, producerId: producer.producerId, producerEpoch: producer.producerEpoch + 1 });
    expect(dataLog(broker).markers).toMatchObject([{ producerEpoch: producer.producerEpoch + 1, commit: true }]);
    expect(await transactions.addPartitions(ID, producer, OUT)).toBe(Code.PRODUCER_FENCED);
    expect(await transactions.addPartitions(ID, ended, OUT)).toBe(Code.NONE);
  });

  // Kafka's table of what EndTxn answers outside of a transaction; PF, ITS, EB as there.
  it.each([
    ['Empty', 'abort', 'retry', Code.PRODUCER_FENCED, 0],
    ['Empty', 'abort', 'current', Code.NONE, 1],
    ['Empty', 'commit', 'retry', Code.PRODUCER_FENCED, 0],
    ['Empty', 'commit', 'current', Code.INVALID_TXN_STATE, 0],
    ['CompleteAbort', 'abort', 'retry', Code.NONE, 0],
    ['CompleteAbort', 'abort', 'current', Code.NONE, 1],
    ['CompleteAbort', 'commit', 'retry', Code.INVALID_TXN_STATE, 0],
    ['CompleteAbort', 'commit', 'current', Code.INVALID_TXN_STATE, 0],
    ['CompleteCommit', 'abort', 'retry', Code.INVALID_TXN_STATE, 0],
    ['CompleteCommit', 'abort', 'current', Code.NONE, 1],
    ['CompleteCommit', 'commit', 'retry', Code.NONE, 0],
    ['CompleteCommit', 'commit', 'current', Code.INVALID_TXN_STATE, 0],
  ] as const)('in %s, %s with the %s epoch', async (state, result, epoch, expected, bump) => {
    const { transactions } = await startTransactions();
    await init(transactions);
    let producer = await init(transactions);
    if (state !== 'Empty') {
      await transactions.addPartitions(ID, producer, OUT);
      producer = await transactions.endTransaction(ID, producer, state === 'CompleteCommit', true);
    }
    const asking = epoch === 'retry' ? { ...producer, producerEpoch: producer.producerEpoch - 1 } : producer;
    const answer = await transactions.endTransaction(ID, asking, result === 'commit', true);
    expect(answer.errorCode).toBe(expected);
    expect(current(transactions).producerEpoch).toBe(producer.producerEpoch + bump);
    if (expected === Code.NONE) expect(answer.producerEpoch).toBe(producer.producerEpoch + bump);
  });

  it('goes over to a new producer id when the epochs are used up, and answers the retry', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    const transaction = transactions.store.get(ID)!;
    transaction.current = { ...transaction.current, producerEpoch: MAX_EPOCH - 1 };
    const last = { ...producer, producerEpoch: MAX_EPOCH - 1 };
    const ended = await transactions.endTransaction(ID, last, true, true);
    expect(ended).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(ended.producerId).not.toBe(producer.producerId);
    expect(dataLog(broker).markers).toMatchObject([{ producerId: producer.producerId, producerEpoch: MAX_EPOCH }]);
    expect(await transactions.endTransaction(ID, last, true, true)).toEqual(ended);
    expect(await end(transactions, last, false, true)).toBe(Code.INVALID_TXN_STATE);
    expect(await transactions.addPartitions(ID, ended, OUT)).toBe(Code.NONE);
  });

  it('answers a retry while markers are missing with CONCURRENT_TRANSACTIONS', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    dataLog(broker).markerErrors.push(Code.KAFKA_STORAGE_ERROR);
    expect((await transactions.endTransaction(ID, producer, true, true)).producerEpoch).toBe(producer.producerEpoch + 1);
    expect(await end(transactions, producer, true, true)).toBe(Code.CONCURRENT_TRANSACTIONS);
    expect(await end(transactions, producer, false, true)).toBe(Code.INVALID_TXN_STATE);
    expect(await end(transactions, { ...producer, producerEpoch: producer.producerEpoch + 1 }, true, true)).toBe(Code.PRODUCER_FENCED);
    await broker.clock.advance(200);
    expect(await end(transactions, producer, true, true)).toBe(Code.NONE);
  });

  it('serves a client of version 1 beside it', async () => {
    const { transactions } = await startTransactions();
    const first = await ongoing(transactions);
    expect(await end(transactions, first, true, false)).toBe(Code.NONE);
    expect(await transactions.addPartitions(ID, first, OUT)).toBe(Code.NONE);
    const second = await transactions.endTransaction(ID, first, true, true);
    expect(second.producerEpoch).toBe(1);
    expect((await transactions.initProducer(ID, TIMEOUT_MS, null)).producerEpoch).toBe(2);
  });
});
