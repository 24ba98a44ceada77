/** What clients are told that know another leader epoch (KIP-320), and those too old for the newer errors. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  EndTxn,
  ErrorCode,
  Fetch,
  InitProducerId,
  ListOffsets,
  ListTransactions,
  OffsetForLeaderEpoch,
  Produce,
  WriteTxnMarkers,
} from '../../../src/protocol/index.ts';
import { batchOf, WireClient } from './wire-client.ts';

let broker: Broker;
let leader: WireClient;
let other: WireClient;

beforeAll(async () => {
  broker = await Broker.start({
    thread: false,
    log: silentLogger,
    nodes: 2,
    topics: [{ name: 't', partitions: 1, replicationFactor: 2 }],
  });
  other = await WireClient.connect(broker.ports[0]!);
  leader = await WireClient.connect(broker.ports[1]!);
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf(['a', 'b']) }] }];
  await other.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData });
  // Epoch 0 has two records, the two after it have none, and the third is now.
  await broker.moveLeader('t', 0, 2);
  await broker.moveLeader('t', 0, 1);
  await broker.moveLeader('t', 0, 2);
});

afterAll(async () => {
  await leader.close();
  await other.close();
  await broker.close();
});

const EPOCH = 3;
const expectations = [
  [-1, ErrorCode.NONE],
  [EPOCH, ErrorCode.NONE],
  [EPOCH - 1, ErrorCode.FENCED_LEADER_EPOCH],
  [0, ErrorCode.FENCED_LEADER_EPOCH],
  [EPOCH + 1, ErrorCode.UNKNOWN_LEADER_EPOCH],
] as const;

describe('the current leader epoch of a request', () => {
  it.each([9, 11, 12])('is checked by Fetch %i', async (version) => {
    for (const [currentLeaderEpoch, expected] of expectations) {
      const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000, currentLeaderEpoch }] }];
      const { responses } = await leader.send(Fetch, version, { maxWaitMs: 0, minBytes: 0, topics });
      expect([currentLeaderEpoch, responses[0]!.partitions[0]!.errorCode]).toEqual([currentLeaderEpoch, expected]);
    }
  });

  it.each([4, 6, 11])('is checked by ListOffsets %i', async (version) => {
    for (const [currentLeaderEpoch, expected] of expectations) {
      const topics = [{ name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch, timestamp: -1 }] }];
      const response = await leader.send(ListOffsets, version, { replicaId: -1, isolationLevel: 0, topics });
      const { errorCode, offset } = response.topics[0]!.partitions[0]!;
      expect([currentLeaderEpoch, errorCode, offset]).toEqual([currentLeaderEpoch, expected, expected === 0 ? 2 : -1]);
    }
  });

  it.each([2, 3, 4])('is checked by OffsetForLeaderEpoch %i', async (version) => {
    for (const [currentLeaderEpoch, expected] of expectations) {
      const topics = [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch: 0 }] }];
      const response = await leader.send(OffsetForLeaderEpoch, version, { topics, ...(version >= 3 && { replicaId: -1 }) });
      const { errorCode, endOffset } = response.topics[0]!.partitions[0]!;
      expect([currentLeaderEpoch, errorCode, endOffset]).toEqual([currentLeaderEpoch, expected, expected === 0 ? 2 : -1]);
    }
  });

  it('does not matter at a node that does not lead', async () => {
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch: EPOCH, timestamp: -1 }] }];
    const response = await other.send(ListOffsets, 6, { replicaId: -1, isolationLevel: 0, topics });
    expect(response.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  });
});

describe('errors that old versions do not know', () => {
  /** A producer that somebody else has taken the place of, and the node that knows it. */
  const fencedProducer = async (transactionalId: string) => {
    await broker.moveCoordinator('transaction', transactionalId, 2);
    const { producerId, producerEpoch } = await leader.send(InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
    await leader.send(InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
    return { transactionalId, producerId, producerEpoch };
  };

  it.each([
    [1, ErrorCode.INVALID_PRODUCER_EPOCH],
    [2, ErrorCode.PRODUCER_FENCED],
    [3, ErrorCode.PRODUCER_FENCED],
  ])('AddPartitionsToTxn %i says %i of a fenced producer', async (version, expected) => {
    const { transactionalId, producerId, producerEpoch } = await fencedProducer(`partitions-${version}`);
    const response = await leader.send(AddPartitionsToTxn, version, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 't', partitions: [0] }],
    });
    expect(response.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode).toBe(expected);
  });

  it.each([
    [1, ErrorCode.INVALID_PRODUCER_EPOCH],
    [2, ErrorCode.PRODUCER_FENCED],
  ])('AddOffsetsToTxn and EndTxn %i say %i of a fenced producer', async (version, expected) => {
    const producer = await fencedProducer(`ends-${version}`);
    expect((await leader.send(AddOffsetsToTxn, version, { ...producer, groupId: 'g' })).errorCode).toBe(expected);
    expect((await leader.send(EndTxn, version, { ...producer, committed: true })).errorCode).toBe(expected);
  });

  it.each([
    [3, ErrorCode.INVALID_PRODUCER_EPOCH],
    [4, ErrorCode.PRODUCER_FENCED],
    [5, ErrorCode.PRODUCER_FENCED],
  ])('InitProducerId %i says %i of a fenced producer', async (version, expected) => {
    const producer = await fencedProducer(`init-${version}`);
    await leader.send(InitProducerId, 4, { transactionalId: producer.transactionalId, transactionTimeoutMs: 60_000 });
    expect((await leader.send(InitProducerId, version, { ...producer, transactionTimeoutMs: 60_000 })).errorCode).toBe(expected);
  });
});

describe('for administrators of transactions', () => {
  it('WriteTxnMarkers is for the leader of the partition', async () => {
    const markers = [
      {
        producerId: 4242,
        producerEpoch: 0,
        transactionResult: false,
        coordinatorEpoch: 0,
        topics: [
          { name: 't', partitionIndexes: [0, 7] },
          { name: 'nowhere', partitionIndexes: [0] },
        ],
      },
    ];
    const codes = async (client: WireClient) =>
      (await client.send(WriteTxnMarkers, 1, { markers })).markers[0]!.topics.map(({ name, partitions }) => [
        name,
        ...partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
      ]);
    const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    expect(await codes(other)).toEqual([
      ['t', [0, ErrorCode.NOT_LEADER_OR_FOLLOWER], [7, unknown]],
      ['nowhere', [0, unknown]],
    ]);
    expect(await codes(leader)).toEqual([
      ['t', [0, 0], [7, unknown]],
      ['nowhere', [0, unknown]],
    ]);
  });

  it('ListTransactions knows all states of Kafka, and no others', async () => {
    const response = await leader.send(ListTransactions, 1, {
      stateFilters: ['Ongoing', 'Dead', 'PrepareEpochFence', 'Lost'],
      producerIdFilters: [],
    });
    expect(response).toMatchObject({ errorCode: 0, unknownStateFilters: ['Lost'] });
  });

  it('ListTransactions takes no exponential time for a pattern', async () => {
    const request = { stateFilters: [], producerIdFilters: [], transactionalIdPattern: '(a+)+$' };
    await leader.send(InitProducerId, 4, { transactionalId: `${'a'.repeat(60)}b`, transactionTimeoutMs: 60_000 });
    expect(await leader.send(ListTransactions, 2, request)).toMatchObject({ errorCode: 0, transactionStates: [] });
    const bad = await leader.send(ListTransactions, 2, { ...request, transactionalIdPattern: '(?=lookahead)' });
    expect(bad.errorCode).toBe(ErrorCode.INVALID_REGULAR_EXPRESSION);
  });
});
