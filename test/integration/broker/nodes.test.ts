import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import { CreateTopics, DescribeCluster, ErrorCode, Fetch, Metadata, OffsetForLeaderEpoch, Produce } from '../../../src/protocol/index.ts';
import { batchOf, WireClient } from './wire-client.ts';

let broker: Broker;
let clients: WireClient[];

beforeEach(async () => {
  broker = await Broker.start({ thread: false, log: silentLogger, nodes: 3, racks: ['a', 'b', 'a'] });
  clients = await Promise.all(broker.ports.map((port) => WireClient.connect(port)));
  await at(1).send(CreateTopics, 7, {
    topics: [
      { name: 't', numPartitions: 3, replicationFactor: 2, assignments: [], configs: [] },
      { name: 'single', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] },
      { name: 'placed', numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [3, 1] }], configs: [] },
    ],
    timeoutMs: 1,
  });
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await broker.close();
});

const at = (node: number): WireClient => clients[node - 1]!;

const partitionsOf = async (topic: string, node = 1) => {
  const { topics } = await at(node).send(Metadata, 12, { topics: [{ name: topic, topicId: Buffer.alloc(16) }] });
  return topics[0]!.partitions;
};

const produceTo = async (node: number, name: string, index: number) => {
  const response = await at(node).send(Produce, 10, {
    acks: -1,
    timeoutMs: 1,
    topicData: [{ name, partitionData: [{ index, records: batchOf(['v']) }] }],
  });
  return { ...response.responses[0]!.partitionResponses[0]!, nodeEndpoints: response.nodeEndpoints };
};

const fetchFrom = async (node: number, currentLeaderEpoch: number) => {
  const { topics } = await at(node).send(Metadata, 12, { topics: [{ name: 't', topicId: Buffer.alloc(16) }] });
  const response = await at(node).send(Fetch, 16, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topicId: topics[0]!.topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000, currentLeaderEpoch }] }],
  });
  return { ...response.responses[0]!.partitions[0]!, nodeEndpoints: response.nodeEndpoints.map(({ nodeId, port }) => [nodeId, port]) };
};

describe('three nodes in one process', () => {
  it('show themselves to clients on whichever port they ask', async () => {
    for (const node of [1, 2, 3]) {
      const { brokers } = await at(node).send(DescribeCluster, 1, { includeClusterAuthorizedOperations: false });
      expect(brokers.map(({ brokerId, port }) => [brokerId, port])).toEqual(broker.ports.map((port, index) => [index + 1, port]));
    }
  });

  it('tell their racks, and who of them is stopped', async () => {
    const { brokers } = await at(1).send(Metadata, 12, { topics: [] });
    expect(brokers.map(({ nodeId, rack }) => [nodeId, rack])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'a'],
    ]);
    await broker.stopNode(2);
    const describe = async (includeFencedBrokers: boolean) => {
      const request = { includeClusterAuthorizedOperations: false, includeFencedBrokers };
      const response = await at(1).send(DescribeCluster, 2, request);
      return response.brokers.map(({ brokerId, port, rack, isFenced }) => [brokerId, port, rack, isFenced]);
    };
    const [first, second, third] = broker.ports;
    expect(await describe(false)).toEqual([
      [1, first, 'a', false],
      [3, third, 'a', false],
    ]);
    expect(await describe(true)).toEqual([
      [1, first, 'a', false],
      [3, third, 'a', false],
      [2, second, 'b', true],
    ]);
    await expect(WireClient.connect(second!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(Broker.start({ nodes: 2, racks: ['a'] })).rejects.toMatchObject({ code: 'INVALID_CONFIG', context: { option: 'racks' } });
  });

  it('lead different partitions, and take assignments as they are given', async () => {
    expect((await partitionsOf('t')).map(({ leaderId, replicaNodes, isrNodes }) => [leaderId, replicaNodes, isrNodes])).toEqual([
      [1, [1, 2], [1, 2]],
      [2, [2, 3], [2, 3]],
      [3, [3, 1], [3, 1]],
    ]);
    expect((await partitionsOf('placed'))[0]).toMatchObject({ leaderId: 3, replicaNodes: [3, 1] });
  });

  it('send a client that asks the wrong one to the leader', async () => {
    expect(await produceTo(1, 't', 0)).toMatchObject({ errorCode: 0 });
    expect(await produceTo(2, 't', 0)).toMatchObject({
      errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 1, leaderEpoch: 0 },
      nodeEndpoints: [{ nodeId: 1, port: broker.port }],
    });
    expect(await fetchFrom(3, -1)).toMatchObject({
      errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 1, leaderEpoch: 0 },
      nodeEndpoints: [[1, broker.port]],
    });
  });

  it.each([3, 9, 12])('tells clients of Produce %i in the words of that version', async (version) => {
    const response = await at(2).send(Produce, version, {
      acks: -1,
      timeoutMs: 1,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(['v']) }] }],
    });
    expect(response.responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
  });

  it.each([4, 11, 12])('tells clients of Fetch %i in the words of that version', async (version) => {
    const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    const response = await at(2).send(Fetch, version, { maxWaitMs: 0, minBytes: 1, topics });
    expect(response.responses[0]!.partitions[0]).toMatchObject({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
  });

  it('a stopped node hands its partitions over, without what was written being lost', async () => {
    await produceTo(1, 't', 0);
    await broker.stopNode(1);
    await at(1).closed;
    const [first] = await partitionsOf('t', 2);
    expect(first).toMatchObject({ leaderId: 2, leaderEpoch: 1, isrNodes: [2], offlineReplicas: [1] });
    expect((await partitionsOf('single', 2))[0]).toMatchObject({ leaderId: -1, errorCode: ErrorCode.LEADER_NOT_AVAILABLE });
    expect(await produceTo(2, 't', 0)).toMatchObject({ errorCode: 0, baseOffset: 1 });
  });

  it('a node that comes back is on its old port and leads what had no leader', async () => {
    await broker.stopNode(1);
    await broker.startNode(1);
    clients[0] = await WireClient.connect(broker.port);
    expect((await partitionsOf('single'))[0]).toMatchObject({ leaderId: 1, errorCode: 0, isrNodes: [1] });
    expect((await partitionsOf('t'))[0]).toMatchObject({ leaderId: 2, isrNodes: [1, 2] });
  });

  it('moving a leader fences clients that have the old epoch', async () => {
    await produceTo(1, 't', 0);
    await broker.moveLeader('t', 0, 2);
    expect(await fetchFrom(1, 0)).toMatchObject({
      errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 2, leaderEpoch: 1 },
    });
    expect(await fetchFrom(2, 0)).toMatchObject({
      errorCode: ErrorCode.FENCED_LEADER_EPOCH,
      currentLeader: { leaderId: 2, leaderEpoch: 1 },
      nodeEndpoints: [[2, broker.ports[1]]],
    });
    expect(await fetchFrom(2, 1)).toMatchObject({ errorCode: 0, highWatermark: 1 });
    expect(await fetchFrom(2, 2)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH });
    await produceTo(2, 't', 0);
    const ends = await at(2).send(OffsetForLeaderEpoch, 4, {
      replicaId: -1,
      topics: [{ topic: 't', partitions: [0, 1, 7].map((leaderEpoch) => ({ partition: 0, currentLeaderEpoch: 1, leaderEpoch })) }],
    });
    expect(ends.topics[0]!.partitions.map(({ leaderEpoch, endOffset }) => [leaderEpoch, endOffset])).toEqual([
      [0, 1],
      [1, 2],
      [-1, -1],
    ]);
  });

  it('refuses what makes no sense', async () => {
    await expect(broker.moveLeader('t', 9, 1)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(broker.startNode(1)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await broker.stopNode(2);
    await expect(broker.stopNode(2)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(broker.moveLeader('t', 0, 2)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});

describe('leaders that were moved', () => {
  it('stay where they are when the broker is restarted, and epochs never go back', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'millrace-leaders-'));
    const start = (): Promise<Broker> => Broker.start({ thread: false, log: silentLogger, nodes: 3, dataDir });
    let restarted = await start();
    try {
      let client = await WireClient.connect(restarted.port);
      const topic = (name: string) => ({ name, numPartitions: 2, replicationFactor: 3, assignments: [], configs: [] });
      await client.send(CreateTopics, 7, { topics: [topic('moved'), topic('failed-over')], timeoutMs: 1 });
      await client.close();
      await restarted.moveLeader('moved', 0, 3);
      await restarted.stopNode(1);
      const leaders = async (): Promise<unknown[]> => {
        client = await WireClient.connect(restarted.ports[restarted.ports.length - 1]!);
        const asked = ['moved', 'failed-over'].map((name) => ({ name, topicId: Buffer.alloc(16) }));
        const { topics } = await client.send(Metadata, 12, { topics: asked });
        await client.close();
        return topics.flatMap(({ partitions }) => partitions.map(({ leaderId, leaderEpoch }) => [leaderId, leaderEpoch]));
      };
      const expected = [
        [3, 1],
        [2, 0],
        [2, 1],
        [2, 0],
      ];
      expect(await leaders()).toEqual(expected);
      for (let round = 0; round < 2; round++) {
        await restarted.close();
        restarted = await start();
        expect(await leaders()).toEqual(expected);
      }
      await restarted.moveLeader('moved', 0, 1);
      expect((await leaders())[0]).toEqual([1, 2]);
    } finally {
      await restarted.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
