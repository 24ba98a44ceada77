/** Both coordinators on a fake broker with two data topics, and a producer that says what clients say. */

import { Code, OFFSETS_TOPIC, TRANSACTION_TOPIC } from '../../../../src/broker/coordinator/index.ts';
import { GroupCoordinator } from '../../../../src/broker/group/coordinator.ts';
import { TransactionCoordinator } from '../../../../src/broker/txn/coordinator.ts';
import type { PartitionSet, TransactionSnapshot } from '../../../../src/broker/txn/state.ts';
import type { ProducerResult } from '../../../../src/broker/txn/types.ts';
import { type FakeBroker, type FakeLog, fakeBroker } from '../coordinator/fakes.ts';

export const ID = 'flights-etl';
export const TIMEOUT_MS = 60_000;
export const OUT: PartitionSet = new Map([['out', new Set([0, 1])]]);

export interface Started {
  readonly broker: FakeBroker;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
}

export async function startTransactions(broker: FakeBroker = fakeBroker()): Promise<Started> {
  if (broker.topics.get('out') === undefined) {
    broker.topics.add('out', 2);
    broker.topics.add('in', 1);
  }
  const groups = new GroupCoordinator(broker);
  await groups.load();
  const transactions = new TransactionCoordinator({ ...broker, groups });
  await transactions.load();
  if ((await transactions.readiness.check(ID, 1)) !== Code.NONE) throw new Error('the coordinator is not ready');
  return { broker, groups, transactions };
}

/** A second pair of coordinators on the same logs, as after `kill -9`. */
export async function restart({ broker, groups, transactions }: Started): Promise<Started> {
  transactions.close();
  groups.close();
  return startTransactions(broker);
}

export function dataLog(broker: FakeBroker, partition = 0): FakeLog {
  return broker.topics.log('out', partition);
}

export function transactionLog(broker: FakeBroker): FakeLog {
  return broker.topics.log(TRANSACTION_TOPIC);
}

export function offsetsLog(broker: FakeBroker): FakeLog {
  return broker.topics.log(OFFSETS_TOPIC);
}

export function init(
  transactions: TransactionCoordinator,
  expected: { producerId: number; producerEpoch: number } | null = null,
): Promise<ProducerResult> {
  return transactions.initProducer(ID, TIMEOUT_MS, expected);
}

/** A producer with an open transaction in both partitions of `out`. */
export async function ongoing(transactions: TransactionCoordinator): Promise<ProducerResult> {
  const producer = await init(transactions);
  const errorCode = await transactions.addPartitions(ID, producer, OUT);
  if (producer.errorCode !== Code.NONE || errorCode !== Code.NONE) throw new Error(`no transaction: ${producer.errorCode}, ${errorCode}`);
  return producer;
}

export function current(transactions: TransactionCoordinator): TransactionSnapshot {
  return transactions.store.get(ID)!.current;
}
