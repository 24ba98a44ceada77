import { describe, expect, it } from 'vitest';
import { Code, type TransactionSupport } from '../../../../src/broker/coordinator/index.ts';
import type { TransactionCoordinator } from '../../../../src/broker/txn/coordinator.ts';
import { fakeBroker } from '../coordinator/fakes.ts';
import { current, dataLog, ID, init, ongoing, startTransactions, transactionLog } from './harness.ts';

function verify(
  transactions: TransactionCoordinator,
  producer: { producerId: number; producerEpoch: number },
  support: TransactionSupport,
  partition = 0,
  topic = 'out',
): number | Promise<number> {
  return transactions.verifyTransaction(ID, producer.producerId, producer.producerEpoch, topic, partition, support);
}

describe('writing in a transaction', () => {
  it('is allowed, at once, in partitions that were added', async () => {
    const { transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    expect([verify(transactions, producer, 'classic', 0), verify(transactions, producer, 'abortable', 1)]).toEqual([0, 0]);
  });

  it('is refused in others, with the code the client knows', async () => {
    const { transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    expect(verify(transactions, producer, 'classic', 0, 'in')).toBe(Code.INVALID_TXN_STATE);
    expect(verify(transactions, producer, 'abortable', 0, 'in')).toBe(Code.TRANSACTION_ABORTABLE);
    await transactions.endTransaction(ID, producer, true, false);
    expect(verify(transactions, producer, 'classic')).toBe(Code.INVALID_TXN_STATE);
  });

  it('is refused to wrong producers', async () => {
    const { transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    expect(verify(transactions, { ...producer, producerEpoch: 9 }, 'classic')).toBe(Code.INVALID_PRODUCER_EPOCH);
    expect(verify(transactions, { ...producer, producerId: 99 }, 'classic')).toBe(Code.INVALID_PRODUCER_ID_MAPPING);
    expect(transactions.verifyTransaction('unknown', 0, 0, 'out', 0, 'classic')).toBe(Code.INVALID_PRODUCER_ID_MAPPING);
    expect(transactions.verifyTransaction(null, 0, 0, 'out', 0, 'classic')).toBe(Code.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  });

  it('has to be tried again while the transaction ends', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    dataLog(broker).markerErrors.push(Code.KAFKA_STORAGE_ERROR);
    await transactions.endTransaction(ID, producer, true, false);
    expect(verify(transactions, producer, 'classic')).toBe(Code.NOT_ENOUGH_REPLICAS);
  });

  it('adds the partition itself with transaction version 2, several at a time too', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await init(transactions);
    const codes = await Promise.all([
      verify(transactions, producer, 'implicit', 0),
      verify(transactions, producer, 'implicit', 1),
      verify(transactions, producer, 'implicit', 0, 'in'),
    ]);
    expect(codes).toEqual([0, 0, 0]);
    expect(current(transactions)).toMatchObject({
      state: 'Ongoing',
      clientVersion: 2,
      partitions: new Map([
        ['out', new Set([0, 1])],
        ['in', new Set([0])],
      ]),
    });
    const batches = transactionLog(broker).batchCount;
    expect(verify(transactions, producer, 'implicit', 1)).toBe(Code.NONE);
    expect(transactionLog(broker).batchCount).toBe(batches);
    expect(await verify(transactions, { ...producer, producerEpoch: 9 }, 'implicit')).toBe(Code.INVALID_PRODUCER_EPOCH);
  });

  it('waits for the markers of the transaction before with version 2, but not for ever', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    dataLog(broker).markerErrors.push(Code.KAFKA_STORAGE_ERROR);
    const next = await transactions.endTransaction(ID, producer, true, true);
    const waiting = verify(transactions, next, 'implicit');
    await broker.clock.advance(500);
    expect(await waiting).toBe(Code.NONE);
    dataLog(broker).markerErrors.push(...Array.from({ length: 20 }, () => Code.KAFKA_STORAGE_ERROR));
    const after = await transactions.endTransaction(ID, next, true, true);
    const stuck = verify(transactions, after, 'implicit');
    await broker.clock.advance(5_000);
    expect(await stuck).toBe(Code.CONCURRENT_TRANSACTIONS);
  });

  it('is not checked where partition verification is switched off', async () => {
    const { transactions } = await startTransactions(fakeBroker({ 'transaction.partition.verification.enable': 'false' }));
    const producer = await init(transactions);
    expect(verify(transactions, producer, 'classic')).toBe(Code.NONE);
  });
});
