/** Brings transactions back from `__transaction_state`. */

import { type CoordinatorLogger, type InternalTopic, replayPartition } from '../coordinator/index.ts';
import type { TopicRegistryApi } from '../seams.ts';
import type { ProducerIds } from './producer-ids.ts';
import { decodeTransaction, decodeTransactionKey } from './records.ts';
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
      damaged: (message) => host.log.error(message),
    });
  }
  const epochs = producersInUse(host);
  for (const [transactionalId, stored] of found) {
    const snapshot = notBehind(stored, epochs.get(stored.producerId));
    host.store.add(transactionalId, snapshot);
    host.producerIds.skipTo(Math.max(snapshot.producerId, snapshot.nextProducerId, snapshot.previousProducerId) + 1);
  }
  for (const producerId of epochs.keys()) host.producerIds.skipTo(producerId + 1);
  host.log.info(`Loaded ${found.size} transactional ids from ${host.topic.name}.`);
}

function applyRecord(host: LoadHost, found: Map<string, TransactionSnapshot>, key: Buffer, value: Buffer | null, offset: number): void {
  const decoded = decodeTransactionKey(key);
  switch (decoded.kind) {
    case 'transaction':
      if (value === null) found.delete(decoded.transactionalId);
      else found.set(decoded.transactionalId, decodeTransaction(value));
      break;
    case 'unknown':
      host.log.debug(`Skipped a record of ${host.topic.name} with key version ${decoded.version} at offset ${offset}.`);
  }
}

/**
 * Producer ids and epochs that partitions know, which are taken whatever the coordinator's log says. It can only be behind
 * after a power cut without flushing, or when somebody deleted the topic; handing out an id, or an epoch of it, twice would
 * have batches taken for repetitions and dropped.
 */
function producersInUse(host: LoadHost): Map<number, number> {
  const epochs = new Map<number, number>();
  for (const topic of host.topics.all()) {
    for (const log of topic.partitions) {
      for (const { producerId, producerEpoch } of log.activeProducers()) {
        epochs.set(producerId, Math.max(epochs.get(producerId) ?? -1, producerEpoch));
      }
    }
  }
  return epochs;
}

function notBehind(snapshot: TransactionSnapshot, knownEpoch = -1): TransactionSnapshot {
  return knownEpoch > snapshot.producerEpoch ? { ...snapshot, producerEpoch: knownEpoch } : snapshot;
}
