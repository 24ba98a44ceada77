import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/broker/coordinator/index.ts';
import { PRODUCER_ID_BLOCK } from '../../../../src/broker/txn/producer-ids.ts';
import { MAX_EPOCH } from '../../../../src/broker/txn/state.ts';
import { claimedProducerIds, fakeBroker } from '../coordinator/fakes.ts';
import { current, dataLog, ID, init, OUT, ongoing, restart, startTransactions, TIMEOUT_MS, transactionLog } from './harness.ts';

describe('producer ids', () => {
  it('are fresh for every producer without a transactional id', async () => {
    const { transactions } = await startTransactions();
    const ids = await Promise.all([1, 2, 3].map(() => transactions.initProducer(null, -1, null)));
    expect(new Set(ids.map(({ producerId }) => producerId)).size).toBe(3);
    expect(ids.every(({ errorCode, producerEpoch }) => errorCode === 0 && producerEpoch === 0)).toBe(true);
  });

  it('are never handed out twice, whenever the broker dies', async () => {
    let started = await startTransactions();
    const seen = new Set<number>();
    for (let life = 0; life < 5; life++) {
      for (let count = 0; count < PRODUCER_ID_BLOCK / 2 + 1; count++) {
        const { producerId } = await started.transactions.initProducer(null, -1, null);
        expect(seen.has(producerId)).toBe(false);
        seen.add(producerId);
      }
      started = await restart(started);
    }
  });

  it('are claimed a block at a time, before the first one is handed out', async () => {
    const { broker, transactions } = await startTransactions();
    expect(broker.producerIdBlocks.end).toBe(0);
    expect((await transactions.initProducer(null, -1, null)).producerId).toBe(0);
    expect(broker.producerIdBlocks.end).toBe(PRODUCER_ID_BLOCK);
    for (let id = 1; id < PRODUCER_ID_BLOCK; id++) await transactions.initProducer(null, -1, null);
    expect(broker.producerIdBlocks.end).toBe(PRODUCER_ID_BLOCK);
    expect((await transactions.initProducer(null, -1, null)).producerId).toBe(PRODUCER_ID_BLOCK);
    expect(broker.producerIdBlocks.end).toBe(2 * PRODUCER_ID_BLOCK);
  });

  it('are refused when the block cannot be stored, and come when it can', async () => {
    const { broker, transactions } = await startTransactions();
    const { claim } = broker.producerIdBlocks;
    broker.producerIdBlocks.claim = () => {
      throw new Error('disk full');
    };
    expect(await transactions.initProducer(null, -1, null)).toMatchObject({ errorCode: Code.COORDINATOR_NOT_AVAILABLE, producerId: -1 });
    broker.producerIdBlocks.claim = claim;
    expect(await transactions.initProducer(null, -1, null)).toMatchObject({ errorCode: Code.NONE, producerId: 0 });
  });

  it('skip what partitions know, should the counter have been lost', async () => {
    const broker = fakeBroker();
    const first = await startTransactions(broker);
    dataLog(broker).appendErrors.length = 0;
    await ongoing(first.transactions);
    broker.topics.log('in').activeProducers = () => [
      { producerId: 7_777, producerEpoch: 0, lastSequence: 0, lastTimestampMs: 0, coordinatorEpoch: 0, currentTransactionStartOffset: -1 },
    ];
    transactionLog(broker).truncateTo(0);
    const { transactions } = await startTransactions({ ...broker, producerIdBlocks: claimedProducerIds() });
    expect((await transactions.initProducer(null, -1, null)).producerId).toBe(7_778);
  });
});

describe('InitProducerId with a transactional id', () => {
  it('starts at epoch 0, then bumps the epoch of the same producer id, also across restarts', async () => {
    const started = await startTransactions();
    const first = await init(started.transactions);
    expect(first).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(await init(started.transactions)).toEqual({ ...first, producerEpoch: 1 });
    const { transactions } = await restart(started);
    expect(await init(transactions)).toEqual({ ...first, producerEpoch: 2 });
    expect(current(transactions)).toMatchObject({ state: 'Empty', timeoutMs: TIMEOUT_MS });
  });

  it('checks the id and the timeout', async () => {
    const { transactions } = await startTransactions();
    expect((await transactions.initProducer('', TIMEOUT_MS, null)).errorCode).toBe(Code.INVALID_REQUEST);
    expect((await transactions.initProducer(ID, 900_001, null)).errorCode).toBe(Code.INVALID_TRANSACTION_TIMEOUT);
    expect((await transactions.initProducer(ID, 0, null)).errorCode).toBe(Code.INVALID_TRANSACTION_TIMEOUT);
    expect((await transactions.initProducer(ID, 900_000, null)).errorCode).toBe(Code.NONE);
  });

  it('fences and aborts an ongoing transaction, and lets the new producer in on its retry', async () => {
    const { broker, transactions } = await startTransactions();
    const old = await ongoing(transactions);
    expect((await init(transactions)).errorCode).toBe(Code.CONCURRENT_TRANSACTIONS);
    expect(current(transactions).state).toBe('CompleteAbort');
    expect(dataLog(broker).markers).toMatchObject([{ producerId: old.producerId, commit: false }]);
    expect(dataLog(broker).markers[0]!.producerEpoch).toBeGreaterThan(old.producerEpoch);
    const fresh = await init(transactions);
    expect(fresh).toMatchObject({ errorCode: 0, producerId: old.producerId });
    expect(fresh.producerEpoch).toBeGreaterThan(dataLog(broker).markers[0]!.producerEpoch);
    expect(await transactions.addPartitions(ID, old, OUT)).toBe(Code.PRODUCER_FENCED);
    expect((await transactions.endTransaction(ID, old, true, false)).errorCode).toBe(Code.PRODUCER_FENCED);
    expect((await transactions.endTransaction(ID, old, true, true)).errorCode).toBe(Code.PRODUCER_FENCED);
  });

  it('answers CONCURRENT_TRANSACTIONS while another change is on its way to the disk', async () => {
    const { broker, transactions } = await startTransactions();
    await init(transactions);
    transactionLog(broker).holdFlush = true;
    const first = init(transactions);
    expect((await init(transactions)).errorCode).toBe(Code.CONCURRENT_TRANSACTIONS);
    transactionLog(broker).releaseFlush();
    expect(await first).toMatchObject({ errorCode: 0, producerEpoch: 1 });
  });

  it('lets only one of two first comers win', async () => {
    const { transactions } = await startTransactions();
    const results = await Promise.all([init(transactions), init(transactions)]);
    expect(results.map(({ errorCode }) => errorCode).sort((a, b) => a - b)).toEqual([Code.NONE, Code.CONCURRENT_TRANSACTIONS]);
  });

  it('goes on from the current epoch, repeats the answer to the previous one and fences all others (KIP-360)', async () => {
    const { transactions } = await startTransactions();
    const first = await init(transactions);
    const second = await init(transactions, first);
    expect(second).toEqual({ ...first, producerEpoch: 1 });
    expect(await init(transactions, first)).toEqual(second);
    const third = await init(transactions, second);
    expect(third.producerEpoch).toBe(2);
    expect((await init(transactions, first)).errorCode).toBe(Code.PRODUCER_FENCED);
    expect((await init(transactions, { ...third, producerId: third.producerId + 1 })).errorCode).toBe(Code.PRODUCER_FENCED);
    const other = await init(transactions);
    expect((await init(transactions, third)).errorCode).toBe(Code.PRODUCER_FENCED);
    expect(other.producerEpoch).toBe(3);
  });

  it('takes a new producer id when the epochs are used up, and knows a retry by the old one', async () => {
    const { transactions } = await startTransactions();
    const first = await init(transactions);
    const transaction = transactions.store.get(ID)!;
    transaction.current = { ...transaction.current, producerEpoch: MAX_EPOCH - 1 };
    const last = { ...first, producerEpoch: MAX_EPOCH - 1 };
    const rotated = await init(transactions, last);
    expect(rotated).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(rotated.producerId).not.toBe(first.producerId);
    expect(await init(transactions, last)).toEqual(rotated);
  });

  it('changes nothing when the log refuses', async () => {
    const { broker, transactions } = await startTransactions();
    await init(transactions);
    transactionLog(broker).appendErrors.push(Code.KAFKA_STORAGE_ERROR, Code.NOT_ENOUGH_REPLICAS);
    expect((await init(transactions)).errorCode).toBe(Code.NOT_COORDINATOR);
    expect((await init(transactions)).errorCode).toBe(Code.COORDINATOR_NOT_AVAILABLE);
    expect(await init(transactions)).toMatchObject({ errorCode: 0, producerEpoch: 1 });
  });
});
