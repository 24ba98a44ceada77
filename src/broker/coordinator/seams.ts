/** What the two coordinators know of each other. */

import type { BrokerNode } from './deps.ts';

/**
 * What a client's request version lets it understand: `classic` gets the old error codes, `abortable` also
 * TRANSACTION_ABORTABLE (KIP-1050), `implicit` adds partitions to its transaction by writing to them (KIP-890, TV2).
 */
export type TransactionSupport = 'classic' | 'abortable' | 'implicit';

/** The transaction coordinator, as seen by whoever is about to write in a transaction. */
export interface TransactionVerifier {
  /**
   * 0 when `producerId` may write to the partition in its open transaction, else the error code for the client.
   * Answers at once unless the partition is added by this call, which waits for the transaction log.
   * As in Kafka, a transactional batch without a transactional id is TRANSACTIONAL_ID_AUTHORIZATION_FAILED.
   */
  verifyTransaction(
    transactionalId: string | null,
    producerId: number,
    producerEpoch: number,
    topic: string,
    partition: number,
    support: TransactionSupport,
  ): number | Promise<number>;
}

/** The group coordinator, as seen by the transaction coordinator. */
export interface TransactionalOffsets {
  /** Where clients of a group are sent; undefined when there is no such node now. */
  nodeOf(groupId: string): Promise<BrokerNode | undefined>;
  /** Partition of `__consumer_offsets` that a group's offsets are in; undefined when the topic cannot be created. */
  offsetsPartition(groupId: string): Promise<number | undefined>;
  /** The marker was written to that partition: pending offsets of the producer there become visible or go. */
  endTransaction(partition: number, producerId: number, commit: boolean): void;
}

export const OFFSETS_TOPIC = '__consumer_offsets';
export const TRANSACTION_TOPIC = '__transaction_state';
