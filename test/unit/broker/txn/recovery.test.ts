import { describe, expect, it } from 'vitest';
import { Code } from '../../../../src/broker/coordinator/index.ts';
import { fakeBroker } from '../coordinator/fakes.ts';
import { current, dataLog, ID, init, OUT, offsetsLog, ongoing, restart, startTransactions, TIMEOUT_MS, transactionLog } from './harness.ts';

const CHECK_MS = 10_000;

describe('time', () => {
  it('aborts a transaction that takes longer than its timeout and fences its producer', async () => {
    const { broker, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    await broker.clock.advance(TIMEOUT_MS);
    expect(current(transactions).state).toBe('Ongoing');
    await broker.clock.advance(CHECK_MS + 1);
    expect(current(transactions).state).toBe('CompleteAbort');
    expect(dataLog(broker).markers).toMatchObject([{ producerId: producer.producerId, commit: false }]);
    expect((await transactions.endTransaction(ID, producer, true, false)).errorCode).toBe(Code.PRODUCER_FENCED);
    expect((await transactions.endTransaction(ID, producer, false, true)).errorCode).toBe(Code.PRODUCER_FENCED);
    expect((await init(transactions)).errorCode).toBe(Code.NONE);
  });

  it('fences with a single step of the epoch where transaction version 2 is off', async () => {
    const { broker, transactions } = await startTransactions(fakeBroker({ 'transaction.version': '0' }));
    const producer = await ongoing(transactions);
    await broker.clock.advance(TIMEOUT_MS + CHECK_MS + 1);
    expect(dataLog(broker).markers).toMatchObject([{ producerEpoch: producer.producerEpoch + 1 }]);
    expect((await init(transactions, producer)).errorCode).toBe(Code.PRODUCER_FENCED);
  });

  it('tries an abort again that could not be stored, with the same epoch', async () => {
    const { broker, transactions } = await startTransactions();
    await ongoing(transactions);
    transactionLog(broker).appendErrors.push(Code.KAFKA_STORAGE_ERROR);
    await broker.clock.advance(TIMEOUT_MS + CHECK_MS + 1);
    expect(current(transactions)).toMatchObject({ state: 'Ongoing', producerEpoch: 0 });
    await broker.clock.advance(CHECK_MS);
    expect(current(transactions)).toMatchObject({ state: 'CompleteAbort', producerEpoch: 2 });
  });

  it('forgets transactional ids that have been idle for a week, not those in use', async () => {
    const started = await startTransactions(
      fakeBroker({ 'transactional.id.expiration.ms': '100000', 'transaction.remove.expired.transaction.cleanup.interval.ms': '50000' }),
    );
    const { broker, transactions } = started;
    await init(transactions);
    const other = await transactions.initProducer('other', 900_000, null);
    await transactions.addPartitions('other', other, OUT);
    await broker.clock.advance(160_000);
    expect([transactions.store.get(ID), transactions.store.get('other')?.current.state]).toEqual([undefined, 'Ongoing']);
    const after = await restart(started);
    expect(after.transactions.store.get(ID)).toBeUndefined();
    expect(await init(after.transactions)).toMatchObject({ errorCode: 0, producerEpoch: 0 });
  });

  it('leaves no timer behind', async () => {
    const { broker, groups, transactions } = await startTransactions();
    const producer = await ongoing(transactions);
    dataLog(broker).markerErrors.push(Code.KAFKA_STORAGE_ERROR);
    await transactions.endTransaction(ID, producer, true, false);
    transactions.close();
    groups.close();
    expect(broker.clock.timerCount).toBe(0);
    expect(await transactions.readiness.check(ID, 1)).toBe(Code.COORDINATOR_NOT_AVAILABLE);
  });
});

describe('restart', () => {
  it('goes on with an empty, a completed and an ongoing transaction where it was', async () => {
    let started = await startTransactions();
    const producer = await init(started.transactions);
    started = await restart(started);
    expect(await started.transactions.addPartitions(ID, producer, OUT)).toBe(Code.NONE);
    const startMs = current(started.transactions).startMs;
    await started.broker.clock.advance(1_000);
    started = await restart(started);
    expect(current(started.transactions)).toMatchObject({ state: 'Ongoing', partitions: OUT, startMs });
    expect((await started.transactions.endTransaction(ID, producer, true, false)).errorCode).toBe(Code.NONE);
    started = await restart(started);
    expect(current(started.transactions)).toMatchObject({ state: 'CompleteCommit', partitions: new Map() });
    expect((await started.transactions.endTransaction(ID, producer, true, false)).errorCode).toBe(Code.NONE);
    expect(dataLog(started.broker).markers).toHaveLength(1);
  });

  it.each([true, false])('finishes what was decided: markers, offsets, state (commit %s)', async (commit) => {
    const started = await startTransactions();
    const { broker, groups, transactions } = started;
    const producer = await ongoing(transactions);
    await transactions.addOffsets(ID, producer, 'orders');
    await groups.offsets.commitInTransaction({
      ...producer,
      groupId: 'orders',
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      offsets: [{ topic: 'in', partition: 0, offset: 5, leaderEpoch: -1, metadata: null }],
    });
    for (const log of [dataLog(broker, 0), dataLog(broker, 1), offsetsLog(broker)]) log.markerErrors.push(Code.KAFKA_STORAGE_ERROR);
    await transactions.endTransaction(ID, producer, commit, true);
    expect(current(transactions).state).toBe(commit ? 'PrepareCommit' : 'PrepareAbort');
    const after = await restart(started);
    expect(current(after.transactions)).toMatchObject({
      state: commit ? 'CompleteCommit' : 'CompleteAbort',
      producerEpoch: producer.producerEpoch + 1,
    });
    for (const log of [dataLog(broker, 0), dataLog(broker, 1), offsetsLog(broker)]) {
      expect(log.markers).toMatchObject([{ producerId: producer.producerId, producerEpoch: producer.producerEpoch + 1, commit }]);
    }
    expect(after.groups.store.get('orders', 'in', 0)?.offset).toBe(commit ? 5 : undefined);
    expect(after.groups.store.hasPending('orders', 'in', 0)).toBe(false);
  });

  it('ends a transaction once, though the crash lost the record that says so', async () => {
    const started = await startTransactions();
    const producer = await ongoing(started.transactions);
    await started.transactions.endTransaction(ID, producer, true, false);
    const log = transactionLog(started.broker);
    log.truncateTo(log.batchCount - 1);
    const after = await restart(started);
    expect(current(after.transactions).state).toBe('CompleteCommit');
    expect((await after.transactions.endTransaction(ID, producer, true, false)).errorCode).toBe(Code.NONE);
    expect(dataLog(started.broker).markers.every(({ commit }) => commit)).toBe(true);
  });

  it('goes over to the new producer id though it died between decision and completion', async () => {
    const started = await startTransactions();
    const producer = await ongoing(started.transactions);
    const transaction = started.transactions.store.get(ID)!;
    transaction.current = { ...transaction.current, producerEpoch: 0x7ffe };
    dataLog(started.broker).markerErrors.push(Code.KAFKA_STORAGE_ERROR);
    const promised = await started.transactions.endTransaction(ID, { ...producer, producerEpoch: 0x7ffe }, true, true);
    const after = await restart(started);
    expect(current(after.transactions)).toMatchObject({
      producerId: promised.producerId,
      producerEpoch: 0,
      previousProducerId: producer.producerId,
    });
    expect(await after.transactions.endTransaction(ID, { ...producer, producerEpoch: 0x7ffe }, true, true)).toEqual(promised);
  });

  it('times out a transaction that was ongoing when the broker died', async () => {
    const started = await startTransactions();
    await ongoing(started.transactions);
    const { broker, transactions } = await restart(started);
    await broker.clock.advance(TIMEOUT_MS + CHECK_MS + 1);
    expect(current(transactions).state).toBe('CompleteAbort');
    expect(dataLog(broker).markers).toMatchObject([{ commit: false }]);
  });
});
