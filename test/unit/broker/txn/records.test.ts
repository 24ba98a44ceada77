import { describe, expect, it } from 'vitest';
import { decodeTransaction, decodeTransactionKey, transactionRecord } from '../../../../src/broker/txn/records.ts';
import { newSnapshot, type TransactionSnapshot } from '../../../../src/broker/txn/state.ts';

const snapshot: TransactionSnapshot = {
  ...newSnapshot(9, 60_000, 1_700_000_000_000),
  state: 'PrepareCommit',
  producerEpoch: 3,
  previousProducerId: 8,
  nextProducerId: 10,
  partitions: new Map([['t', new Set([1, 2])]]),
  startMs: 1_700_000_000_000,
  clientVersion: 2,
};

// Bytes as Kafka's generated TransactionLogKey/Value classes write them.
describe('records of __transaction_state', () => {
  it('writes TransactionLogKey 0 and TransactionLogValue 1 with tagged fields', () => {
    const record = transactionRecord('id', snapshot, 1);
    expect(Buffer.from(record.key).toString('hex')).toBe('0000' + '0002' + '6964');
    expect(Buffer.from(record.value!).toString('hex')).toBe(
      '0001' +
        '0000000000000009' +
        '0003' +
        '0000ea60' +
        '02' + // version, producer id, epoch, timeout, status
        '02' +
        '02' +
        '74' +
        '03' +
        '00000001' +
        '00000002' +
        '00' + // one topic, compact
        '0000018bcfe56800' +
        '0000018bcfe56800' + // last update, start
        '03' +
        '00' +
        '08' +
        '0000000000000008' +
        '01' +
        '08' +
        '000000000000000a' +
        '02' +
        '02' +
        '0002',
    );
    expect(decodeTransaction(Buffer.from(record.value!))).toEqual(snapshot);
    expect(decodeTransactionKey(Buffer.from(record.key))).toEqual({ kind: 'transaction', transactionalId: 'id' });
  });

  it('writes version 0 where transaction.version is 0, and no partitions when empty', () => {
    const record = transactionRecord('id', newSnapshot(9, 60_000, 1_700_000_000_000), 0);
    expect(Buffer.from(record.value!).toString('hex')).toBe(
      '0000' + '0000000000000009' + 'ffff' + '0000ea60' + '00' + 'ffffffff' + '0000018bcfe56800' + 'ffffffffffffffff',
    );
    expect(decodeTransaction(Buffer.from(record.value!))).toMatchObject({ state: 'Empty', previousProducerId: -1, partitions: new Map() });
  });

  it('leaves unknown keys alone', () => {
    expect(decodeTransactionKey(Buffer.from([0, 9, 1]))).toEqual({ kind: 'unknown', version: 9 });
  });

  it('refuses a status nobody knows', () => {
    const value = Buffer.from(transactionRecord('id', snapshot, 1).value!);
    value[16] = 77;
    expect(() => decodeTransaction(value)).toThrow(/unknown transaction status 77/);
  });
});
