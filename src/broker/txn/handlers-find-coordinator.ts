/** FindCoordinator: which node answers for a group or a transactional id. Up to version 3 one key, then several. */

import { FindCoordinator } from '../../protocol/index.ts';
import { Code, type HandlerMap, handle } from '../coordinator/index.ts';
import type { TransactionCoordinator } from './coordinator.ts';

const KEY_TYPE_GROUP = 0;
const KEY_TYPE_TRANSACTION = 1;
const FIND_SEVERAL = 4;
const NO_NODE = { nodeId: -1, host: '', port: -1 };

interface Found {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export function addFindCoordinatorHandler(handlers: HandlerMap, transactions: TransactionCoordinator): void {
  handle(handlers, FindCoordinator, async (request, context) => {
    if (context.apiVersion < FIND_SEVERAL) {
      const found = await find(transactions, request.keyType, request.key);
      // Kafka says NONE here up to version 3.
      return { ...found, errorMessage: found.errorMessage ?? 'NONE' };
    }
    const found = request.coordinatorKeys.map(async (key) => {
      const coordinator = await find(transactions, request.keyType, key);
      return { key, ...coordinator, errorMessage: coordinator.errorMessage ?? '' };
    });
    return { coordinators: await Promise.all(found) };
  });
}

async function find(transactions: TransactionCoordinator, keyType: number, key: string): Promise<Found> {
  if (keyType !== KEY_TYPE_GROUP && keyType !== KEY_TYPE_TRANSACTION) {
    return { ...NO_NODE, errorCode: Code.INVALID_REQUEST, errorMessage: `Coordinators of key type ${keyType} are not supported.` };
  }
  const node = keyType === KEY_TYPE_GROUP ? await transactions.groups.nodeOf(key) : await transactions.readiness.nodeOf(key);
  if (node === undefined)
    return { ...NO_NODE, errorCode: Code.COORDINATOR_NOT_AVAILABLE, errorMessage: 'The coordinator is not available.' };
  return { errorCode: Code.NONE, errorMessage: null, nodeId: node.id, host: node.host, port: node.port };
}
