/** InitProducerId and EndTxn: between the wire and the coordinator. */

import { EndTxn, InitProducerId, type RequestOf } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle } from '../coordinator/index.ts';
import type { TransactionCoordinator } from './coordinator.ts';
import { KNOWS_PRODUCER_FENCED, producerErrorFor } from './translate.ts';
import { type ProducerIdentity, producerError } from './types.ts';

/** Clients that use it follow transaction version 2: the epoch grows with every transaction. */
const END_BUMPS_EPOCH = 5;

export function addProducerHandlers(handlers: HandlerMap, transactions: TransactionCoordinator): void {
  handle(handlers, InitProducerId, async (request, context) => {
    const { transactionalId, transactionTimeoutMs } = request;
    const expected = expectedProducer(request);
    const refused = expected === 'incomplete' ? Code.INVALID_REQUEST : await ready(transactions, transactionalId, context.nodeId);
    const result =
      refused === Code.NONE && expected !== 'incomplete'
        ? await transactions.initProducer(transactionalId, transactionTimeoutMs, expected)
        : producerError(refused);
    return { ...result, errorCode: producerErrorFor(result.errorCode, context.apiVersion, KNOWS_PRODUCER_FENCED.initProducerId) };
  });

  handle(handlers, EndTxn, async (request, context) => {
    const { transactionalId, committed } = request;
    const refused = await transactions.readiness.check(transactionalId, context.nodeId);
    const result =
      refused === Code.NONE
        ? await transactions.endTransaction(transactionalId, request, committed, context.apiVersion >= END_BUMPS_EPOCH)
        : producerError(refused);
    return { ...result, errorCode: producerErrorFor(result.errorCode, context.apiVersion, KNOWS_PRODUCER_FENCED.endTxn) };
  });
}

function expectedProducer({ producerId, producerEpoch }: RequestOf<typeof InitProducerId>): ProducerIdentity | null | 'incomplete' {
  if (producerId === -1 && producerEpoch === -1) return null;
  return producerId === -1 || producerEpoch === -1 ? 'incomplete' : { producerId, producerEpoch };
}

/** Without a transactional id any node hands out producer ids. */
function ready(transactions: TransactionCoordinator, transactionalId: string | null, nodeId: number): number | Promise<number> {
  return transactionalId === null ? transactions.readiness.availability() : transactions.readiness.check(transactionalId, nodeId);
}
