import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER_NAME, Operation, ResourceType } from '../../../src/broker/security/acl/constants.ts';
import {
  AddPartitionsToTxn,
  CreateTopics,
  DeleteTopics,
  DescribeCluster,
  DescribeGroups,
  DescribeTopicPartitions,
  ErrorCode,
  Fetch,
  FindCoordinator,
  InitProducerId,
  Metadata,
  Produce,
} from '../../../src/protocol/index.ts';
import {
  acl,
  type Creation,
  connectAs,
  createAcls,
  DENY,
  deleteAcls,
  described,
  makeTopic,
  PREFIXED,
  produce,
  type SecuredBroker,
  startSecured,
  topicNamed,
  until,
} from './acl-client.ts';
import { batchOf, type WireClient } from './wire-client.ts';

const { TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID } = ResourceType;
const DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
const NO_ID = Buffer.alloc(16);
let broker: SecuredBroker;
let admin: WireClient;
/** Has the rights that a test gives it. */
let user: WireClient;

beforeAll(async () => {
  broker = await startSecured();
  admin = await connectAs('admin', broker);
  user = await connectAs('user', broker);
});

afterEach(async () => {
  await deleteAcls(admin);
});

afterAll(async () => {
  await admin.close();
  await user.close();
  await broker.close();
});

const create = (...creations: Creation[]): Promise<number[]> => createAcls(admin, creations);

describe('topics', () => {
  it('are made on demand only by those who may create them', async () => {
    await create(acl(TOPIC, 'demand-', Operation.DESCRIBE, PREFIXED));
    expect(await described(user, 'demand-1')).toEqual({ 'demand-1': DENIED });
    await create(acl(TOPIC, 'demand-2', Operation.CREATE));
    await expect.poll(() => described(user, 'demand-1', 'demand-2')).toEqual({ 'demand-1': DENIED, 'demand-2': ErrorCode.NONE });
    await create(acl(CLUSTER, CLUSTER_NAME, Operation.CREATE));
    await expect.poll(() => described(user, 'demand-3')).toEqual({ 'demand-3': ErrorCode.NONE });
    const { topics } = await admin.send(Metadata, 9, { topics: null });
    expect(
      topics
        .map(({ name }) => name)
        .filter((name) => name?.startsWith('demand-'))
        .sort(),
    ).toEqual(['demand-2', 'demand-3']);
  });

  it('are created one by one; configs are for those who may see them', async () => {
    await create(acl(TOPIC, 'mine-', Operation.CREATE, PREFIXED), acl(TOPIC, 'mine-shown', Operation.DESCRIBE_CONFIGS));
    const { topics } = await user.send(CreateTopics, 7, { topics: ['mine-hidden', 'mine-shown', 'yours'].map(topicNamed) });
    const byName = new Map(topics.map((topic) => [topic.name, topic]));
    expect(byName.get('yours')).toMatchObject({ errorCode: DENIED, errorMessage: 'Authorization failed.' });
    expect(byName.get('mine-hidden')).toMatchObject({ errorCode: 0, topicConfigErrorCode: DENIED, numPartitions: -1, configs: [] });
    expect(byName.get('mine-shown')).toMatchObject({ errorCode: 0, topicConfigErrorCode: 0, numPartitions: 1 });
    expect(byName.get('mine-shown')!.configs!.length).toBeGreaterThan(10);
  });

  it('are deleted by name and by id only by those who may; others do not learn whether they are there', async () => {
    const ids = await Promise.all(['gone-hidden', 'gone-shown', 'gone'].map((name) => makeTopic(admin, name)));
    await create(
      acl(TOPIC, 'gone-shown', Operation.DESCRIBE),
      acl(TOPIC, 'gone', Operation.DELETE),
      acl(TOPIC, 'no-such', Operation.DELETE),
    );
    const named = ['gone-hidden', 'gone-shown', 'no-such', 'no-such-hidden'].map((name) => ({ name, topicId: NO_ID }));
    const byName = await user.send(DeleteTopics, 6, { topics: named, timeoutMs: 1000 });
    expect(Object.fromEntries(byName.responses.map(({ name, errorCode }) => [name, errorCode]))).toEqual({
      'gone-hidden': DENIED,
      'gone-shown': DENIED,
      'no-such': ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      'no-such-hidden': DENIED,
    });
    const byId = await user.send(DeleteTopics, 6, { topics: ids.map((topicId) => ({ name: null, topicId })), timeoutMs: 1000 });
    expect(byId.responses.map(({ name, errorCode }) => [name, errorCode]).sort()).toEqual([
      [null, DENIED],
      ['gone', 0],
      ['gone-shown', DENIED],
    ]);
    expect(await described(admin, 'gone-hidden', 'gone-shown')).toEqual({ 'gone-hidden': 0, 'gone-shown': 0 });
    expect((await user.send(DeleteTopics, 5, { topicNames: ['gone-hidden'], timeoutMs: 1000 })).responses[0]!.errorCode).toBe(DENIED);
  });

  it('by id are denied without their names, and unknown ids are unknown', async () => {
    const topicId = await makeTopic(admin, 'by-id');
    const unknown = Buffer.alloc(16, 9);
    const ask = async () => {
      const { topics } = await user.send(Metadata, 12, { topics: [topicId, unknown].map((id) => ({ name: null, topicId: id })) });
      return topics.map(({ name, errorCode }) => [name, errorCode]).sort();
    };
    expect(await ask()).toEqual([
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
      [null, DENIED],
    ]);
    await create(acl(TOPIC, 'by-id', Operation.DESCRIBE));
    expect(await ask()).toEqual([
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
      ['by-id', ErrorCode.NONE],
    ]);
  });

  it('that may not be described are left out when all are asked for', async () => {
    await makeTopic(admin, 'listed');
    await create(acl(TOPIC, 'listed', Operation.READ));
    expect((await user.send(Metadata, 9, { topics: null })).topics.map(({ name }) => name)).toEqual(['listed']);
    expect((await user.send(Metadata, 0, { topics: [] })).topics.map(({ name }) => name)).toEqual(['listed']);
    // Asking for one that is not shown is not asking for all, though nothing is left to ask for.
    expect((await user.send(Metadata, 0, { topics: [{ name: 'orders' }] })).topics.map(({ errorCode }) => errorCode)).toEqual([DENIED]);
    const all = await user.send(DescribeTopicPartitions, 0, { topics: [] });
    expect(all.topics.map(({ name }) => name)).toEqual(['listed']);
  });

  it('tell what may be done to them, as the cluster and groups do', async () => {
    await makeTopic(admin, 'told');
    await create(acl(TOPIC, 'told', Operation.READ), acl(GROUP, 'told', Operation.READ));
    const bits = (...operations: number[]): number => operations.reduce((set, operation) => set | (1 << operation), 0);
    const readable = bits(Operation.READ, Operation.DESCRIBE);
    const request = { topics: [{ name: 'told' }], includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true };
    const metadata = await user.send(Metadata, 9, request);
    expect(metadata.topics[0]!.topicAuthorizedOperations).toBe(readable);
    expect(metadata.clusterAuthorizedOperations).toBe(0);
    expect((await user.send(DescribeTopicPartitions, 0, { topics: [{ name: 'told' }] })).topics[0]!.topicAuthorizedOperations).toBe(
      readable,
    );
    await admin.send(FindCoordinator, 1, { key: 'told', keyType: 0 });
    const group = async () => (await user.send(DescribeGroups, 5, { groups: ['told'], includeAuthorizedOperations: true })).groups[0]!;
    await until(async () => (await group()).errorCode === ErrorCode.NONE);
    expect((await group()).authorizedOperations).toBe(readable);
    await create(acl(CLUSTER, CLUSTER_NAME, Operation.DESCRIBE));
    const cluster = await user.send(DescribeCluster, 1, { includeClusterAuthorizedOperations: true });
    expect(cluster.clusterAuthorizedOperations).toBe(bits(Operation.DESCRIBE));
    const all = await admin.send(DescribeCluster, 1, { includeClusterAuthorizedOperations: true });
    const { ALTER, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE, DESCRIBE } = Operation;
    const everything = bits(Operation.CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE);
    expect(all.clusterAuthorizedOperations).toBe(everything);
  });
});

describe('records', () => {
  it('are written partition by partition; without an answer to tell it the connection ends', async () => {
    await makeTopic(admin, 'w1');
    await makeTopic(admin, 'w2');
    await create(acl(TOPIC, 'w1', Operation.WRITE));
    const topicData = ['w1', 'w2'].map((name) => ({ name, partitionData: [{ index: 0, records: batchOf(['v']) }] }));
    const { responses } = await user.send(Produce, 9, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
    expect(Object.fromEntries(responses.map(({ name, partitionResponses }) => [name, partitionResponses[0]!.errorCode]))).toEqual({
      w1: 0,
      w2: DENIED,
    });
    const client = await connectAs('user', broker);
    client.socket.write(client.frame(Produce, 9, { transactionalId: null, acks: 0, timeoutMs: 1000, topicData: [topicData[1]!] }));
    await client.closed;
  });

  it('of a transaction need the transactional id', async () => {
    await makeTopic(admin, 'txn');
    await create(acl(TOPIC, 'txn', Operation.WRITE));
    const records = batchOf(['v'], { producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true });
    const topicData = [{ name: 'txn', partitionData: [{ index: 0, records }] }];
    for (const transactionalId of ['mine', null]) {
      const { responses } = await user.send(Produce, 9, { transactionalId, acks: -1, timeoutMs: 1000, topicData });
      expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
  });

  const PARTITION = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 };

  async function fetch(sessionId: number, sessionEpoch: number, topics: object[], maxWaitMs = 0) {
    const limits = { maxWaitMs, minBytes: 1, maxBytes: 1_000_000, isolationLevel: 0, forgottenTopicsData: [] };
    return user.send(Fetch, 13, { ...limits, sessionId, sessionEpoch, topics } as never);
  }

  it('are fetched in a session as long as there is a right', async () => {
    const topicId = await makeTopic(admin, 'fetched');
    await produce(admin, 'fetched');
    await create(acl(TOPIC, 'fetched', Operation.READ));
    const opened = await fetch(0, 0, [{ topicId, partitions: [PARTITION] }]);
    expect(opened.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
    expect(opened.sessionId).not.toBe(0);
    await deleteAcls(admin);
    const again = await fetch(opened.sessionId, 1, []);
    expect(again.responses[0]!.partitions[0]).toMatchObject({ errorCode: DENIED });
    const unknown = await fetch(0, -1, [{ topicId: Buffer.alloc(16, 9), partitions: [PARTITION] }]);
    expect(unknown.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
  });

  // Apache Kafka asks once, when the fetch comes in.
  it.skipIf(process.env['TEST_SECURED_PORT'] !== undefined)('are not for a fetch that loses its right while it waits', async () => {
    const topicId = await makeTopic(admin, 'waited-for');
    await create(acl(TOPIC, 'waited-for', Operation.READ));
    const waiting = fetch(0, -1, [{ topicId, partitions: [PARTITION] }], 60_000);
    await deleteAcls(admin);
    await produce(admin, 'waited-for');
    const refused = (await waiting).responses[0]!.partitions[0]!;
    expect(refused.errorCode).toBe(DENIED);
    expect(refused.records ?? Buffer.alloc(0)).toHaveLength(0);
  });

  it('are not for those who say that they are brokers', async () => {
    await makeTopic(admin, 'replicated');
    await create(acl(TOPIC, 'replicated', Operation.READ));
    const topics = [{ topic: 'replicated', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }];
    const request = {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics,
      forgottenTopicsData: [],
    };
    const asBroker = await user.send(Fetch, 11, { ...request, replicaId: 2 } as never);
    expect(asBroker.responses[0]!.partitions[0]!.errorCode).toBe(DENIED);
    const asConsumer = await user.send(Fetch, 11, { ...request, replicaId: -1 } as never);
    expect(asConsumer.responses[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
  });
});

describe('producers', () => {
  /** Apache Kafka makes the coordinator's topic first. */
  const NOT_YET: readonly number[] = [
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ];

  async function init(transactionalId: string | null): Promise<number> {
    if (transactionalId !== null) await admin.send(FindCoordinator, 1, { key: transactionalId, keyType: 1 });
    const request = { transactionalId, transactionTimeoutMs: 1000, producerId: -1, producerEpoch: -1 };
    let code = -1;
    await until(async () => {
      code = (await user.send(InitProducerId, 4, request)).errorCode;
      return !NOT_YET.includes(code);
    });
    return code;
  }

  it('need a right to be idempotent: on the cluster, or to write to some topic', async () => {
    expect(await init(null)).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    await create(acl(CLUSTER, CLUSTER_NAME, Operation.IDEMPOTENT_WRITE));
    expect(await init(null)).toBe(ErrorCode.NONE);
    await deleteAcls(admin);
    await create(acl(TOPIC, 'some', Operation.WRITE));
    expect(await init(null)).toBe(ErrorCode.NONE);
    await create(acl(TOPIC, 'so', Operation.WRITE, { ...PREFIXED, ...DENY }));
    expect(await init(null)).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
  });

  it('add all partitions to a transaction, or none', async () => {
    await makeTopic(admin, 'added');
    await makeTopic(admin, 'not-added');
    await create(acl(TRANSACTIONAL_ID, 'adder', Operation.WRITE), acl(TOPIC, 'added', Operation.WRITE));
    expect(await init('adder')).toBe(ErrorCode.NONE);
    const topics = [
      { name: 'added', partitions: [0, 7] },
      { name: 'not-added', partitions: [0] },
      { name: '__consumer_offsets', partitions: [0] },
    ];
    const { resultsByTopicV3AndBelow: results } = await user.send(AddPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: 'adder',
      v3AndBelowProducerId: 0,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: topics,
    } as never);
    expect(
      results.map(({ name, resultsByPartition }) => [name, resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode)]),
    ).toEqual([
      ['added', [ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]],
      ['not-added', [DENIED]],
      ['__consumer_offsets', [DENIED]],
    ]);
  });
});
