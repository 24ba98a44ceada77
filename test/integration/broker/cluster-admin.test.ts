import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import {
  AlterPartitionReassignments,
  ApiVersions,
  ConsumerGroupHeartbeat,
  DescribeQuorum,
  ElectLeaders,
  ErrorCode,
  ListPartitionReassignments,
  Metadata,
  UpdateFeatures,
} from '../../../src/protocol/index.ts';
import { WireClient } from './wire-client.ts';

let dataDir: string;
let broker: Broker;
let client: WireClient;

async function start(): Promise<void> {
  const topics = [{ name: 't', partitions: 2, replicationFactor: 3 }];
  broker = await Broker.start({ thread: false, log: silentLogger, nodes: 3, dataDir, topics });
  client = await WireClient.connect(broker.ports[2]!);
}

async function restart(): Promise<void> {
  await client.close();
  await broker.close();
  await start();
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-cluster-'));
  await start();
});

afterEach(async () => {
  await client.close();
  await broker.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const partitions = async (topic = 't') => {
  const { topics } = await client.send(Metadata, 12, { topics: [{ name: topic, topicId: Buffer.alloc(16) }] });
  return topics[0]!.partitions.map(({ leaderId, leaderEpoch, replicaNodes }) => ({ leaderId, leaderEpoch, replicaNodes }));
};

describe('ElectLeaders', () => {
  const elect = async (version: number, electionType: number, topicPartitions: { topic: string; partitions: number[] }[] | null) => {
    const response = await client.send(ElectLeaders, version, { topicPartitions, timeoutMs: 1, ...(version > 0 && { electionType }) });
    expect(response.errorCode).toBe(0);
    return response.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
      partitionResult.map(({ partitionId, errorCode }) => [topic, partitionId, errorCode]),
    );
  };

  it.each([0, 1, 2])('v%i gives partitions back to their preferred leaders', async (version) => {
    await broker.moveLeader('t', 0, 2);
    expect(
      await elect(version, 0, [
        { topic: 't', partitions: [0, 1, 7] },
        { topic: 'x', partitions: [0] },
      ]),
    ).toEqual([
      ['t', 0, 0],
      ['t', 1, ErrorCode.ELECTION_NOT_NEEDED],
      ['t', 7, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ['x', 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
    expect((await partitions())[0]).toMatchObject({ leaderId: 1, leaderEpoch: 2 });
  });

  it('for all partitions tells only of those that it concerned', async () => {
    await broker.moveLeader('t', 1, 1);
    expect(await elect(2, 0, null)).toEqual([['t', 1, 0]]);
    expect(await elect(2, 0, null)).toEqual([]);
  });

  it('cannot elect a node that is stopped', async () => {
    await broker.stopNode(1);
    expect(await elect(2, 0, [{ topic: 't', partitions: [0] }])).toEqual([['t', 0, ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE]]);
    expect(await elect(2, 1, [{ topic: 't', partitions: [0] }])).toEqual([['t', 0, ErrorCode.ELECTION_NOT_NEEDED]]);
    await broker.startNode(1);
    expect(await elect(2, 0, [{ topic: 't', partitions: [0] }])).toEqual([['t', 0, 0]]);
  });

  it('refuses kinds of election that it does not know', async () => {
    const response = await client.send(ElectLeaders, 2, { electionType: 7, topicPartitions: null, timeoutMs: 1 });
    expect(response.errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });
});

describe('partition reassignments', () => {
  const reassign = async (
    asked: { partitionIndex: number; replicas: number[] | null }[],
    name = 't',
    allowReplicationFactorChange = true,
  ) => {
    const request = { timeoutMs: 1, allowReplicationFactorChange, topics: [{ name, partitions: asked }] };
    const { errorCode, responses } = await client.send(AlterPartitionReassignments, 1, request);
    expect(errorCode).toBe(0);
    return responses[0]!.partitions.map((partition) => partition.errorCode);
  };

  it('are done at once and survive a restart', async () => {
    expect(
      await reassign([
        { partitionIndex: 0, replicas: [3, 2] },
        { partitionIndex: 1, replicas: [2] },
      ]),
    ).toEqual([0, 0]);
    const expected = [
      { leaderId: 3, leaderEpoch: 1, replicaNodes: [3, 2] },
      { leaderId: 2, leaderEpoch: 0, replicaNodes: [2] },
    ];
    expect(await partitions()).toEqual(expected);
    expect(await client.send(ListPartitionReassignments, 0, { timeoutMs: 1, topics: null })).toMatchObject({ errorCode: 0, topics: [] });
    await restart();
    expect(await partitions()).toEqual(expected);
  });

  it('are refused as Kafka does', async () => {
    expect(
      await reassign([
        { partitionIndex: 0, replicas: null },
        { partitionIndex: 9, replicas: [1] },
        { partitionIndex: 0, replicas: [1, 1] },
        { partitionIndex: 0, replicas: [4] },
        { partitionIndex: 0, replicas: [] },
      ]),
    ).toEqual([
      ErrorCode.NO_REASSIGNMENT_IN_PROGRESS,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ]);
    expect(await reassign([{ partitionIndex: 0, replicas: [1] }], 'x')).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    expect(await reassign([{ partitionIndex: 0, replicas: [1] }], 't', false)).toEqual([ErrorCode.INVALID_REPLICATION_FACTOR]);
    expect((await partitions())[0]).toEqual({ leaderId: 1, leaderEpoch: 0, replicaNodes: [1, 2, 3] });
  });

  it('need a node that is running', async () => {
    await broker.stopNode(1);
    expect(await reassign([{ partitionIndex: 0, replicas: [1] }])).toEqual([ErrorCode.INVALID_REPLICA_ASSIGNMENT]);
  });
});

describe('DescribeQuorum', () => {
  it.each([0, 1, 2])('v%i shows the nodes as voters, led by the controller', async (version) => {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
    const response = await client.send(DescribeQuorum, version, { topics });
    const [partition] = response.topics[0]!.partitions;
    expect(partition).toMatchObject({ errorCode: 0, leaderId: 1, leaderEpoch: 1, observers: [] });
    expect(partition!.currentVoters.map(({ replicaId }) => replicaId)).toEqual([1, 2, 3]);
    expect(partition!.highWatermark).toBeGreaterThan(0);
    if (version >= 2)
      expect(response.nodes.map(({ nodeId, listeners }) => [nodeId, listeners[0]!.port])).toEqual(
        broker.ports.map((port, index) => [index + 1, port]),
      );
    await broker.stopNode(1);
    const after = await client.send(DescribeQuorum, version, { topics });
    expect(after.topics[0]!.partitions[0]).toMatchObject({ leaderId: 2, leaderEpoch: 2 });
  });

  it('knows the metadata only', async () => {
    const response = await client.send(DescribeQuorum, 2, { topics: [{ topicName: 't', partitions: [{ partitionIndex: 0 }] }] });
    expect(response.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });
});

describe('UpdateFeatures', () => {
  const update = async (feature: string, maxVersionLevel: number, upgradeType = 1, validateOnly = false) => {
    const { errorCode, errorMessage } = await client.send(UpdateFeatures, 2, {
      timeoutMs: 1,
      featureUpdates: [{ feature, maxVersionLevel, upgradeType }],
      validateOnly,
    });
    return { errorCode, errorMessage };
  };
  const features = async () => {
    const { finalizedFeatures, finalizedFeaturesEpoch } = await client.send(ApiVersions, 4, {
      clientSoftwareName: 'x',
      clientSoftwareVersion: '1',
    });
    return {
      epoch: finalizedFeaturesEpoch,
      ...Object.fromEntries(finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel])),
    };
  };

  it('changes levels, also over a restart, and their epoch never goes back', async () => {
    expect(await features()).toEqual({ epoch: 1, 'transaction.version': 2, 'group.version': 1 });
    expect(await update('transaction.version', 1)).toMatchObject({ errorCode: ErrorCode.INVALID_UPDATE_VERSION });
    expect(await update('transaction.version', 1, 2, true)).toMatchObject({ errorCode: 0 });
    expect(await features()).toMatchObject({ epoch: 1, 'transaction.version': 2 });
    expect(await update('transaction.version', 0, 3)).toMatchObject({ errorCode: 0 });
    expect(await features()).toEqual({ epoch: 2, 'group.version': 1 });
    await restart();
    expect(await features()).toEqual({ epoch: 2, 'group.version': 1 });
    expect(await update('transaction.version', 2)).toMatchObject({ errorCode: 0 });
    expect(await features()).toMatchObject({ epoch: 3, 'transaction.version': 2 });
  });

  it('without group.version the new group protocol is refused', async () => {
    await update('group.version', 0, 2);
    const heartbeat = {
      groupId: 'g',
      memberId: 'm',
      memberEpoch: 0,
      rebalanceTimeoutMs: 1000,
      subscribedTopicNames: ['t'],
      topicPartitions: [],
    };
    expect((await client.send(ConsumerGroupHeartbeat, 1, heartbeat)).errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION);
  });

  it.each([
    ['metadata.version', 1, 1],
    ['transaction.version', 3, 1],
    ['transaction.version', -1, 3],
    ['transaction.version', 2, 9],
    ['group.version', 0, 1],
  ])('refuses %s %i with upgrade type %i and says why', async (feature, level, type) => {
    const { errorCode, errorMessage } = await update(feature, level, type);
    expect(errorCode).toBe(ErrorCode.INVALID_UPDATE_VERSION);
    expect(errorMessage).toContain(`Invalid update version ${level} for feature ${feature}.`);
  });

  it('v0 and v1 list the features that were updated', async () => {
    const featureUpdates = [{ feature: 'transaction.version', maxVersionLevel: 1, allowDowngrade: true }];
    const { errorCode, results } = await client.send(UpdateFeatures, 0, { timeoutMs: 1, featureUpdates });
    expect({ errorCode, results }).toMatchObject({ errorCode: 0, results: [{ feature: 'transaction.version', errorCode: 0 }] });
    expect(await features()).toMatchObject({ 'transaction.version': 1 });
  });
});
