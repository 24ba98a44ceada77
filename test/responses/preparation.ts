/** What scenarios need before they can ask: topics, records, producers, coordinators. Nothing of it is recorded. */
import {
  AddPartitionsToTxn,
  CreateTopics,
  DescribeGroups,
  FindCoordinator,
  InitProducerId,
  ListOffsets,
  Metadata,
  Produce,
  RecordBatchBuilder,
  type RequestInput,
  type ResponseOf,
} from '../../src/protocol/index.ts';
import type { Talk } from './talk.ts';

/**
 * Records have fixed times, so that both brokers store the same bytes. Topics with them must neither expire them nor begin
 * a new segment when a marker has the present time.
 */
export const FIRST_TIMESTAMP = 1_700_000_000_000;
const TOPIC_CONFIGS = { 'retention.ms': '-1', 'segment.ms': '9000000000000000000' };

/** Makes a topic and waits until it has leaders. Returns its id. */
export async function makeTopic(talk: Talk, name: string, partitions = 2, configs: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const entries = Object.entries({ ...TOPIC_CONFIGS, ...configs }).map(([config, value]) => ({ name: config, value }));
  const topic = { name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: entries };
  const { topics } = await talk.quiet(CreateTopics, 7, { topics: [topic] });
  const { errorCode, errorMessage, topicId } = topics[0]!;
  if (errorCode !== 0) throw new Error(`Topic ${name} could not be made: ${errorCode} ${errorMessage}`);
  await untilLed(talk, name, partitions);
  return topicId;
}

/** Waits until every partition of a topic has a leader that writes can go to. */
export async function untilLed(talk: Talk, name: string, partitions: number): Promise<void> {
  const request = { topics: [{ name }], allowAutoTopicCreation: false };
  await talk.until(Metadata, 9, request, ({ topics }) => {
    const [topic] = topics;
    return topic?.errorCode === 0 && topic.partitions.length === partitions && topic.partitions.every((each) => each.leaderId >= 0);
  });
  const earliest = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -2 }));
  await talk.until(ListOffsets, 1, { replicaId: -1, topics: [{ name, partitions: earliest }] }, (response) => {
    return response.topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) ?? false;
  });
}

type BatchOptions = NonNullable<Parameters<RecordBatchBuilder['build']>[0]>;

/** A batch of these values with keys `k0`, `k1`, … Without values: an empty batch, which brokers refuse. */
export function batch(values: readonly (string | null)[], options: BatchOptions = {}, firstTimestamp = FIRST_TIMESTAMP): Buffer {
  const builder = new RecordBatchBuilder();
  for (const [index, value] of values.entries()) {
    builder.append(firstTimestamp + index, Buffer.from(`k${index}`), value === null ? null : Buffer.from(value));
  }
  return builder.build(values.length === 0 ? { lastOffset: 0, ...options } : options);
}

/** A batch of records without keys. */
export function keyless(values: readonly string[]): Buffer {
  const builder = new RecordBatchBuilder();
  for (const [index, value] of values.entries()) builder.append(FIRST_TIMESTAMP + index, null, Buffer.from(value));
  return builder.build();
}

interface ProduceOptions {
  readonly partition?: number;
  readonly acks?: number;
  readonly transactionalId?: string | null;
}

/** A Produce request for one partition by the topic's name: up to version 12. */
export function produceRequest(name: string, records: Buffer | null, options: ProduceOptions = {}): RequestInput<typeof Produce> {
  const { partition = 0, acks = -1, transactionalId = null } = options;
  return { transactionalId, acks, timeoutMs: 5_000, topicData: [{ name, partitionData: [{ index: partition, records }] }] };
}

/** Appends a batch and returns its base offset. */
export async function append(talk: Talk, topic: string, records: Buffer, options: ProduceOptions = {}): Promise<number> {
  const { responses } = await talk.quiet(Produce, 9, produceRequest(topic, records, options));
  const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!;
  if (errorCode !== 0) throw new Error(`Nothing was appended to ${topic}: error ${errorCode}`);
  return baseOffset;
}

/** Waits until groups (0) or transactional ids (1) have a coordinator that answers. */
export async function untilCoordinated(talk: Talk, keyType: 0 | 1, key: string): Promise<void> {
  await talk.until(FindCoordinator, 2, { key, keyType }, ({ errorCode }) => errorCode === 0);
}

/** Waits until groups and transactions are served; a broker makes their topics when it is asked first. */
export async function untilReady(talk: Talk): Promise<void> {
  await untilCoordinated(talk, 0, 'any-group');
  await talk.until(DescribeGroups, 4, { groups: ['any-group'] }, ({ groups }) => groups[0]?.errorCode === 0);
  await makeProducer(talk, 'any-transaction');
}

/** A producer's id and epoch. */
export async function makeProducer(
  talk: Talk,
  transactionalId: string | null,
): Promise<Pick<ResponseOf<typeof InitProducerId>, 'producerId' | 'producerEpoch'>> {
  if (transactionalId !== null) await untilCoordinated(talk, 1, transactionalId);
  let made = { producerId: -1, producerEpoch: -1 };
  await talk.until(InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 }, (response) => {
    made = { producerId: response.producerId, producerEpoch: response.producerEpoch };
    return response.errorCode === 0;
  });
  return made;
}

/** Makes partitions part of a producer's transaction, which begins with it. */
export async function addPartitions(
  talk: Talk,
  transactionalId: string,
  producer: { readonly producerId: number; readonly producerEpoch: number },
  topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
): Promise<void> {
  const request = {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: topics,
  };
  await talk.until(AddPartitionsToTxn, 3, request, (response) =>
    response.resultsByTopicV3AndBelow.every((topic) => topic.resultsByPartition.every((each) => each.partitionErrorCode === 0)),
  );
}
