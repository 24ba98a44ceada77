/** Request handlers of the transaction coordinator, by API key. */

import type { HandlerMap } from '../coordinator/index.ts';
import type { TransactionCoordinator } from './coordinator.ts';
import { addAdminHandlers } from './handlers-admin.ts';
import { addFindCoordinatorHandler } from './handlers-find-coordinator.ts';
import { addPartitionHandlers } from './handlers-partitions.ts';
import { addProducerHandlers } from './handlers-producer.ts';

/**
 * FindCoordinator, InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, WriteTxnMarkers, DescribeTransactions,
 * ListTransactions.
 */
export function transactionHandlers(transactions: TransactionCoordinator): HandlerMap {
  const handlers: HandlerMap = new Map();
  addFindCoordinatorHandler(handlers, transactions);
  addProducerHandlers(handlers, transactions);
  addPartitionHandlers(handlers, transactions);
  addAdminHandlers(handlers, transactions);
  return handlers;
}
