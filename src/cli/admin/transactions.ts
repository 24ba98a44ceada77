import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { DescribeProducers, DescribeTransactions, ErrorCode, ListTransactions } from '../../protocol/index.ts';

export interface ListedTransaction {
  readonly transactionalId: string;
  /** Node that coordinates it. */
  readonly coordinator: number;
  readonly producerId: number;
  readonly state: string;
}

/** The transactional ids that all coordinators know. */
export async function listTransactions(
  client: KafkaClient,
  filters: { readonly states?: readonly string[]; readonly producerIds?: readonly number[]; readonly longerThanMs?: number } = {},
): Promise<ListedTransaction[]> {
  const { states = [], producerIds = [], longerThanMs } = filters;
  await client.metadata([]);
  const answers = await Promise.all(
    client.nodes.map(async ({ id }) => {
      const { transactionStates } = await client.request(
        ListTransactions,
        ({ version }) => ({
          stateFilters: states,
          producerIdFilters: producerIds,
          ...(version >= 1 && { durationFilter: longerThanMs ?? -1 }),
          ...(version >= 2 && { transactionalIdPattern: null }),
        }),
        { node: id },
        { errorOf: ({ errorCode }) => errorCode, minVersion: longerThanMs === undefined ? 0 : 1 },
      );
      return transactionStates.map((each) => ({ ...each, coordinator: id }));
    }),
  );
  return answers
    .flat()
    .map(({ transactionalId, coordinator, producerId, transactionState }) => ({
      transactionalId,
      coordinator,
      producerId,
      state: transactionState,
    }))
    .sort((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1));
}

export interface DescribedTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly state: string;
  readonly timeoutMs: number;
  /** -1: none is open. */
  readonly startTimeMs: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

/** Rejects with TRANSACTIONAL_ID_NOT_FOUND as its Kafka error when nobody knows the id. */
export async function describeTransaction(client: KafkaClient, transactionalId: string): Promise<DescribedTransaction> {
  const { transactionStates } = await client.request(
    DescribeTransactions,
    { transactionalIds: [transactionalId] },
    { coordinator: ['transaction', transactionalId] },
    { errorOf: ({ transactionStates: [first] }) => first?.errorCode ?? ErrorCode.TRANSACTIONAL_ID_NOT_FOUND },
  );
  const [one] = transactionStates;
  if (one === undefined) throw kafkaFailure(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, `Describing transactional id ${transactionalId}`);
  return {
    transactionalId,
    producerId: one.producerId,
    producerEpoch: one.producerEpoch,
    state: one.transactionState,
    timeoutMs: one.transactionTimeoutMs,
    startTimeMs: one.transactionStartTimeMs,
    topics: one.topics,
  };
}

/** A producer that a partition remembers. */
export interface ActiveProducer {
  readonly topic: string;
  readonly partition: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestampMs: number;
  readonly coordinatorEpoch: number;
  /** First offset of its open transaction; -1: none. */
  readonly transactionStartOffset: number;
}

export async function describeProducers(client: KafkaClient, topic: string, partition: number): Promise<ActiveProducer[]> {
  const { topics } = await client.request(
    DescribeProducers,
    { topics: [{ name: topic, partitionIndexes: [partition] }] },
    { leader: [topic, partition] },
  );
  const result = topics[0]?.partitions[0];
  if (result === undefined || result.errorCode !== ErrorCode.NONE)
    throw kafkaFailure(result?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR, `Describing the producers of ${topic}-${partition}`, {
      message: result?.errorMessage,
    });
  return result.activeProducers.map((producer) => ({
    topic,
    partition,
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    lastSequence: producer.lastSequence,
    lastTimestampMs: producer.lastTimestamp,
    coordinatorEpoch: producer.coordinatorEpoch,
    transactionStartOffset: producer.currentTxnStartOffset,
  }));
}
