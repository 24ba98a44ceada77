/** Transactions that are open in a partition and that no coordinator knows of. */

import type { PartitionLogApi } from '../seams.ts';
import type { TransactionCoordinator } from './coordinator.ts';

/**
 * Aborts what nobody would ever end, for read_committed consumers would wait for it for ever. Only a power cut without
 * flushing leaves such: the coordinator's log has lost the transaction, or the partition in it. Kafka calls them hanging
 * transactions and leaves finding them to an administrator (KIP-664).
 */
export async function abortForgotten(coordinator: TransactionCoordinator): Promise<void> {
  for (const topic of coordinator.topics.all()) {
    for (const log of topic.partitions) {
      for (const { producerId, producerEpoch, coordinatorEpoch, currentTransactionStartOffset } of log.activeProducers()) {
        if (currentTransactionStartOffset < 0 || isKnown(coordinator, producerId, log)) continue;
        coordinator.log.warn(
          `${log.topic}-${log.partition}: the transaction of producer ${producerId} from offset ${currentTransactionStartOffset} is unknown to its coordinator; it is aborted.`,
        );
        const marker = { producerId, producerEpoch, coordinatorEpoch: Math.max(coordinatorEpoch, 0), commit: false };
        await coordinator.markers.write(marker, new Map([[log.topic, new Set([log.partition])]]), true);
      }
    }
  }
}

function isKnown(coordinator: TransactionCoordinator, producerId: number, log: PartitionLogApi): boolean {
  for (const { current, preparing } of coordinator.store.all()) {
    if (current.producerId !== producerId || !(preparing || current.state === 'Ongoing')) continue;
    if (current.partitions.get(log.topic)?.has(log.partition) === true) return true;
  }
  return false;
}
