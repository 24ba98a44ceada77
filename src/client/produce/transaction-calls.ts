/** The requests of a transactional producer. Each repeats what passes; what does not is rejected as MillraceError with flags. */
import { MillraceError } from '../../errors.ts';
import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  EndTxn,
  ErrorCode,
  InitProducerId,
  kafkaError,
  Produce,
  TxnOffsetCommit,
} from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import type { GroupGeneration } from '../group/types.ts';
import { innermostErrorCodes } from '../response-errors.ts';
import type { Target } from '../target.ts';
import { byTopic, type TopicPartition, type TopicPartitionOffset, toTopicLists } from '../topic-partition.ts';
import { NOBODY, type ProducerIdentity } from './pending-batch.ts';
import { asTransactionError } from './transaction-errors.ts';

/** The coordinator finishes a transaction within milliseconds, so the next request need not wait longer. */
const FIRST_BACKOFF_MS = 10;
/** Feature by which a cluster says that it has transactions of version 2 (KIP-890). */
const FEATURE = 'transaction.version';
const LAST_VERSIONS_1 = { produce: 11, endTxn: 4, txnOffsetCommit: 4, addPartitions: 3 } as const;
const FIRST_VERSIONS_2 = { produce: 12, endTxn: 5, txnOffsetCommit: 5 } as const;

/** 1: partitions and groups are added by requests of their own. 2: the broker does that, and each transaction has an epoch of its own. */
export type TransactionProtocol = 1 | 2;

export class TransactionCalls {
  readonly #client: KafkaClient;
  readonly #transactionalId: string;
  readonly #transactionTimeoutMs: number;
  readonly #target: Target;

  constructor(client: KafkaClient, transactionalId: string, transactionTimeoutMs: number) {
    this.#client = client;
    this.#transactionalId = transactionalId;
    this.#transactionTimeoutMs = transactionTimeoutMs;
    this.#target = { coordinator: ['transaction', transactionalId] };
  }

  /** Versions of Produce that go with a protocol: newer ones add partitions to the transaction by themselves. */
  static produceVersions(protocol: TransactionProtocol): { readonly minVersion?: number; readonly maxVersion?: number } {
    return protocol === 2 ? { minVersion: FIRST_VERSIONS_2.produce } : { maxVersion: LAST_VERSIONS_1.produce };
  }

  /** Which protocol the cluster has finalised, as of the coordinator's last connection. */
  async protocol(): Promise<TransactionProtocol> {
    const versions = await this.#named('Finding the transaction protocol', () => this.#client.versions(this.#target));
    const known =
      versions.supports(EndTxn, { minVersion: FIRST_VERSIONS_2.endTxn }) &&
      versions.supports(Produce, { minVersion: FIRST_VERSIONS_2.produce });
    return known && (versions.features.get(FEATURE) ?? 0) >= 2 ? 2 : 1;
  }

  /** A producer id and an epoch; with `previous`, the next epoch of the same one (KIP-360). Fences all others. */
  async init(previous: ProducerIdentity, timeoutMs: number): Promise<ProducerIdentity> {
    return this.#named('Initialising transactions', () =>
      initProducerId(this.#client, this.#target, {
        transactionalId: this.#transactionalId,
        transactionTimeoutMs: this.#transactionTimeoutMs,
        previous,
        timeoutMs,
      }),
    );
  }

  /** Protocol 1 only. */
  async addPartitions({ id, epoch }: ProducerIdentity, partitions: readonly TopicPartition[], timeoutMs: number): Promise<void> {
    const topics = toTopicLists(partitions).map(({ topic: name, partitions: numbers }) => ({ name, partitions: numbers }));
    await this.#named(`Adding ${partitions.length} partitions to the transaction`, () =>
      this.#client.request(
        AddPartitionsToTxn,
        {
          v3AndBelowTransactionalId: this.#transactionalId,
          v3AndBelowProducerId: id,
          v3AndBelowProducerEpoch: epoch,
          v3AndBelowTopics: topics,
        },
        this.#target,
        { maxVersion: LAST_VERSIONS_1.addPartitions, timeoutMs, firstBackoffMs: FIRST_BACKOFF_MS, errorOf: worstCode },
      ),
    );
  }

  /** Makes the offsets part of the transaction; refused when the generation is not the group's any more (KIP-447). */
  async commitOffsets(
    protocol: TransactionProtocol,
    identity: ProducerIdentity,
    offsets: readonly TopicPartitionOffset[],
    generation: GroupGeneration,
    timeoutMs: number,
  ): Promise<void> {
    const { groupId, generationId, memberId, groupInstanceId } = generation;
    const transaction = { transactionalId: this.#transactionalId, producerId: identity.id, producerEpoch: identity.epoch, groupId };
    const topics = [...byTopic(offsets)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset, metadata, leaderEpoch }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch ?? -1,
        committedMetadata: metadata ?? '',
      })),
    }));
    const versions =
      protocol === 2
        ? { minVersion: FIRST_VERSIONS_2.txnOffsetCommit }
        : { minVersion: generationId >= 0 ? 3 : 0, maxVersion: LAST_VERSIONS_1.txnOffsetCommit };
    await this.#named(`Adding offsets of group ${groupId} to the transaction`, () =>
      this.#client.request(
        TxnOffsetCommit,
        ({ version }) => ({ ...transaction, ...(version >= 3 && { generationId, memberId, groupInstanceId }), topics }),
        { coordinator: ['group', groupId] },
        // Not the lane of the group's members, where a join may be waiting.
        { ...versions, lane: 'transaction', timeoutMs, firstBackoffMs: FIRST_BACKOFF_MS, errorOf: worstCode },
      ),
    );
  }

  /** Protocol 1 only, before the first `commitOffsets` of a group. */
  async addGroup({ id, epoch }: ProducerIdentity, groupId: string, timeoutMs: number): Promise<void> {
    const body = { transactionalId: this.#transactionalId, producerId: id, producerEpoch: epoch, groupId };
    await this.#named(`Adding group ${groupId} to the transaction`, () =>
      this.#client.request(AddOffsetsToTxn, body, this.#target, {
        timeoutMs,
        firstBackoffMs: FIRST_BACKOFF_MS,
        errorOf: ({ errorCode }) => errorCode,
      }),
    );
  }

  /** Ends the transaction. With protocol 2 resolves with the identity for the next one. */
  async end(protocol: TransactionProtocol, identity: ProducerIdentity, commit: boolean, timeoutMs: number): Promise<ProducerIdentity> {
    const body = { transactionalId: this.#transactionalId, producerId: identity.id, producerEpoch: identity.epoch, committed: commit };
    const versions = protocol === 2 ? { minVersion: FIRST_VERSIONS_2.endTxn } : { maxVersion: LAST_VERSIONS_1.endTxn };
    const answer = await this.#named(commit ? 'Committing the transaction' : 'Aborting the transaction', () =>
      this.#client.request(EndTxn, body, this.#target, {
        ...versions,
        timeoutMs,
        firstBackoffMs: FIRST_BACKOFF_MS,
        errorOf: ({ errorCode }) => errorCode,
      }),
    );
    return answer.producerId >= 0 ? { id: answer.producerId, epoch: answer.producerEpoch } : identity;
  }

  async #named<T>(action: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw asTransactionError(error, action, this.#transactionalId);
    }
  }
}

/** For producers without transactions any broker gives one out. */
export function initIdempotence(client: KafkaClient, timeoutMs: number): Promise<ProducerIdentity> {
  return initProducerId(client, 'any', { transactionalId: null, transactionTimeoutMs: 0x7fffffff, previous: NOBODY, timeoutMs });
}

async function initProducerId(
  client: KafkaClient,
  target: Target,
  request: {
    readonly transactionalId: string | null;
    readonly transactionTimeoutMs: number;
    readonly previous: ProducerIdentity;
    readonly timeoutMs: number;
  },
): Promise<ProducerIdentity> {
  const { transactionalId, transactionTimeoutMs, previous, timeoutMs } = request;
  const answer = await client.request(
    InitProducerId,
    ({ version }) => ({
      transactionalId,
      transactionTimeoutMs,
      ...(version >= 3 && { producerId: previous.id, producerEpoch: previous.epoch }),
    }),
    target,
    { minVersion: previous === NOBODY ? 0 : 3, timeoutMs, firstBackoffMs: FIRST_BACKOFF_MS, errorOf: ({ errorCode }) => errorCode },
  );
  if (answer.producerId >= 0) return { id: answer.producerId, epoch: answer.producerEpoch };
  throw new MillraceError(
    'KAFKA_ERROR',
    'The broker gave no producer id with its answer to InitProducerId. Check the version of the broker.',
    { fatal: true },
  );
}

/** Of several codes the one that decides: the first that does not pass, else the first that does. */
function worstCode(response: object): number {
  const codes = innermostErrorCodes(response).filter((code) => code !== ErrorCode.NONE && code !== ErrorCode.OPERATION_NOT_ATTEMPTED);
  return codes.find((code) => !kafkaError(code).retriable) ?? codes[0] ?? ErrorCode.NONE;
}
