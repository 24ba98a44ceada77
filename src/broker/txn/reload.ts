/** A partition of `__transaction_state` has another leader: its transactions are read from the log again. */

import { MillraceError } from '../../errors.ts';
import { replayPartition } from '../coordinator/index.ts';
import type { TransactionCoordinator } from './coordinator.ts';
import { decodeTransaction, decodeTransactionKey } from './records.ts';
import type { Transaction, TransactionSnapshot } from './state.ts';

/** Times a partition is read again because it grew meanwhile. */
const MAX_RELOADS = 10;

/**
 * Changes that are under way are waited for, as their outcome is in the log too. The transactions stay the same objects:
 * markers that are still being written go on with them.
 */
export async function reloadTransactions(coordinator: TransactionCoordinator, partition: number): Promise<void> {
  const log = coordinator.topic.partition(partition);
  if (log === undefined || !coordinator.readiness.active) return;
  coordinator.readiness.setReloading(partition, true);
  try {
    for (let attempt = 0; attempt < MAX_RELOADS; attempt++) {
      await Promise.all(transactionsOf(coordinator, partition).map((transaction) => transaction.whenIdle()));
      const end = log.logEndOffset;
      const found = new Map<string, TransactionSnapshot>();
      await replayPartition(log, {
        record: ({ key, value }) => {
          const decoded = key === null ? undefined : decodeTransactionKey(key);
          if (decoded?.kind !== 'transaction') return;
          if (value === null) found.delete(decoded.transactionalId);
          else found.set(decoded.transactionalId, decodeTransaction(value));
        },
        // What is in memory is worth more than what is left on the disk.
        damaged: (message) => {
          throw new MillraceError('CORRUPT_RECORD', message);
        },
      });
      const current = transactionsOf(coordinator, partition);
      if (log.logEndOffset !== end || current.some((transaction) => transaction.busy)) continue;
      for (const transaction of current) {
        const snapshot = found.get(transaction.transactionalId);
        if (snapshot === undefined) coordinator.store.drop(transaction);
        else transaction.current = snapshot;
        found.delete(transaction.transactionalId);
      }
      for (const [transactionalId, snapshot] of found) coordinator.store.add(transactionalId, snapshot);
      return;
    }
  } finally {
    coordinator.readiness.setReloading(partition, false);
  }
}

function transactionsOf({ store, topic }: TransactionCoordinator, partition: number): Transaction[] {
  return [...store.all()].filter(({ transactionalId }) => topic.partitionFor(transactionalId) === partition);
}
