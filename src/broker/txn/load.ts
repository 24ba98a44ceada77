/** Brings transactions and the producer id counter back from `__transaction_state`. */

import { type CoordinatorLogger, type InternalTopic, replayPartition } from '../coordinator/index.ts';
import type { TopicRegistryApi } from '../seams.ts';
import type { ProducerIds } from './producer-ids.ts';
import { decodeProducerIds, decodeTransaction, decodeTransactionKey } from './records.ts';
import type { TransactionSnapshot } from './state.ts';
import type { TransactionStore } from './store.ts';

export interface LoadHost {
  readonly log: CoordinatorLogger;
  readonly topics: TopicRegistryApi;
  readonly topic: InternalTopic;
  readonly store: TransactionStore;
  readonly producerIds: ProducerIds;
}

export async function loadTransactions(host: LoadHost): Promise<void> {
  const found = new Map<string, TransactionSnapshot>();
  for (const log of host.topic.existing()?.partitions ?? []) {
    await replayPartition(log, {
      record: ({ key, value, offset }) => {
        if (key !== null) applyRecord(host, found, key, value, offset);
      },
    });
  }
  for (const [transactionalId, snapshot] of found) {
    host.store.add(transactionalId, snapshot);
    host.producerIds.skipTo(Math.max(snapshot.producerId, snapshot.nextProducerId, snapshot.previousProducerId) + 1);
  }
  skipIdsInUse(host);
  host.log.info(`Loaded ${found.size} transactional ids from ${host.topic.name}.`);
}

function applyRecord(host: LoadHost, found: Map<string, TransactionSnapshot>, key: Buffer, value: Buffer | null, offset: number): void {
  const decoded = decodeTransactionKey(key);
  switch (decoded.kind) {
    case 'transaction':
      if (value === null) found.delete(decoded.transactionalId);
      else found.set(decoded.transactionalId, decodeTransaction(value));
      break;
    case 'producerIds':
      if (value !== null) host.producerIds.skipTo(decodeProducerIds(value));
      break;
    case 'unknown':
      host.log.debug(`Skipped a record of ${host.topic.name} with key version ${decoded.version} at offset ${offset}.`);
  }
}

/**
 * Ids that partitions know are taken whatever the counter says. It can only be behind after a power cut without
 * flushing, or when somebody deleted the topic; handing an id out twice would drop one of the producers' batches.
 */
function skipIdsInUse(host: LoadHost): void {
  for (const topic of host.topics.all()) {
    for (const log of topic.partitions) {
      for (const { producerId } of log.activeProducers()) host.producerIds.skipTo(producerId + 1);
    }
  }
}
