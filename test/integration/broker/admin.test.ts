import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { brokerLoggerResource } from '../../../src/broker/handlers/broker-loggers.ts';
import { Broker } from '../../../src/broker/index.ts';
import { stderrLogger } from '../../../src/broker/logger.ts';
import {
  AlterConfigs,
  AlterReplicaLogDirs,
  CreateAcls,
  CreatePartitions,
  CreateTopics,
  DeleteAcls,
  DeleteRecords,
  DeleteTopics,
  DescribeAcls,
  DescribeCluster,
  DescribeConfigs,
  DescribeLogDirs,
  DescribeProducers,
  DescribeTopicPartitions,
  ErrorCode,
  IncrementalAlterConfigs,
  InitProducerId,
  ListConfigResources,
  Metadata,
  Produce,
  type ResponseOf,
} from '../../../src/protocol/index.ts';
import { batchOf, WireClient } from './wire-client.ts';

const TOPIC = 2;
const BROKER = 4;

let broker: Broker;
let client: WireClient;

beforeAll(async () => {
  broker = await Broker.start({ thread: false, log: silentLogger, defaultPartitions: 3, config: { 'log.retention.hours': '1' } });
  client = await WireClient.connect(broker.port);
});

afterAll(async () => {
  await client.close();
  await broker.close();
});

interface Wanted {
  readonly name: string;
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: { partitionIndex: number; brokerIds: number[] }[];
  readonly configs?: { name: string; value: string | null }[];
}

const create = async (wanted: readonly Wanted[], options: { version?: number; validateOnly?: boolean } = {}) => {
  const topics = wanted.map((topic) => ({ numPartitions: -1, replicationFactor: -1, assignments: [], configs: [], ...topic }));
  const response = await client.send(CreateTopics, options.version ?? 7, {
    topics,
    timeoutMs: 1,
    validateOnly: options.validateOnly ?? false,
  });
  return response.topics;
};

const errorsOf = (items: readonly { readonly errorCode: number }[]): number[] => items.map(({ errorCode }) => errorCode);

const produce = (name: string, values: readonly string[], index = 0, options = {}) =>
  client.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData: [{ name, partitionData: [{ index, records: batchOf(values, options) }] }] });

const describeConfig = async (resourceType: number, resourceName: string, keys: string[] | null, version = 4) => {
  const response = await client.send(DescribeConfigs, version, {
    resources: [{ resourceType, resourceName, configurationKeys: keys }],
    includeSynonyms: true,
    ...(version >= 3 ? { includeDocumentation: true } : {}),
  });
  return response.results[0]!;
};

describe('CreateTopics', () => {
  it('uses the defaults of the broker for -1 and returns what it made', async () => {
    const [topic] = await create([{ name: 'made', configs: [{ name: 'segment.ms', value: '5000' }] }]);
    expect(topic).toMatchObject({ errorCode: 0, numPartitions: 3, replicationFactor: 1 });
    expect(topic!.topicId.some((byte) => byte !== 0)).toBe(true);
    expect(topic!.configs).toContainEqual({ name: 'segment.ms', value: '5000', readOnly: false, configSource: 1, isSensitive: false });
    expect(topic!.configs).toContainEqual({ name: 'retention.ms', value: '3600000', readOnly: false, configSource: 4, isSensitive: false });
  });

  it.each<[string, Wanted, number]>([
    ['a name with a space', { name: 'a b' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['a name that exists', { name: 'made' }, ErrorCode.TOPIC_ALREADY_EXISTS],
    ['no partitions', { name: 'x', numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
    ['too many partitions', { name: 'x', numPartitions: 10_001 }, ErrorCode.POLICY_VIOLATION],
    ['more replicas than nodes', { name: 'x', replicationFactor: 3 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    ['a config nobody knows', { name: 'x', configs: [{ name: 'nope', value: '1' }] }, ErrorCode.INVALID_CONFIG],
    ['a config without a value', { name: 'x', configs: [{ name: 'retention.ms', value: null }] }, ErrorCode.INVALID_CONFIG],
    ['an assignment with a gap', { name: 'x', assignments: [{ partitionIndex: 1, brokerIds: [1] }] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    ['an assignment to nobody', { name: 'x', assignments: [{ partitionIndex: 0, brokerIds: [8] }] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [
      'an assignment and a count',
      { name: 'x', numPartitions: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      ErrorCode.INVALID_REQUEST,
    ],
  ])('refuses %s', async (_, wanted, errorCode) => {
    const [topic] = await create([wanted]);
    expect(topic).toMatchObject({ errorCode, errorMessage: expect.stringMatching(/./) });
  });

  it('refuses names that collide in metrics, and names that are asked for twice', async () => {
    await create([{ name: 'a.b' }]);
    expect(errorsOf(await create([{ name: 'a_b' }]))).toEqual([ErrorCode.INVALID_TOPIC_EXCEPTION]);
    expect(errorsOf(await create([{ name: 'twice' }, { name: 'twice' }, { name: 'once' }]))).toEqual([
      ErrorCode.INVALID_REQUEST,
      ErrorCode.NONE,
    ]);
  });

  it('validates without making anything', async () => {
    expect(errorsOf(await create([{ name: 'only-checked' }], { validateOnly: true }))).toEqual([0]);
    expect(errorsOf(await create([{ name: 'only-checked' }]))).toEqual([0]);
  });

  it.each([2, 3, 4, 5, 6])('version %i works', async (version) => {
    expect(errorsOf(await create([{ name: `version-${version}`, numPartitions: 1, replicationFactor: 1 }], { version }))).toEqual([0]);
  });
});

describe('Metadata', () => {
  const metadata = async (names: readonly string[], allowAutoTopicCreation: boolean) => {
    const response = await client.send(Metadata, 9, { topics: names.map((name) => ({ name })), allowAutoTopicCreation });
    return response.topics;
  };

  it('makes topics only for those who allow it', async () => {
    expect(errorsOf(await metadata(['auto'], false))).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    const [made] = await metadata(['auto'], true);
    expect(made).toMatchObject({ errorCode: 0, isInternal: false });
    expect(made!.partitions).toHaveLength(3);
  });

  it('never makes topics with bad or internal names', async () => {
    expect(errorsOf(await metadata(['a b', '', '__share_group_state'], true))).toEqual([
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  });

  it('two clients that ask at once get one topic', async () => {
    const other = await WireClient.connect(broker.port);
    const ask = (via: WireClient) => via.send(Metadata, 10, { topics: [{ name: 'raced' }], allowAutoTopicCreation: true });
    const [first, second] = await Promise.all([ask(client), ask(other)]);
    expect(errorsOf([...first.topics, ...second.topics])).toEqual([0, 0]);
    expect(first.topics[0]!.topicId).toEqual(second.topics[0]!.topicId);
    await other.close();
  });

  it('null asks for all, the empty list for none, and in version 0 the empty list for all', async () => {
    const all = await client.send(Metadata, 1, { topics: null });
    expect(all.topics.length).toBeGreaterThan(3);
    expect((await client.send(Metadata, 1, { topics: [] })).topics).toEqual([]);
    expect((await client.send(Metadata, 0, { topics: [] })).topics).toHaveLength(all.topics.length);
  });

  it('finds topics by id from version 12 on', async () => {
    const [topic] = await create([{ name: 'by-id' }]);
    const found = await client.send(Metadata, 12, {
      topics: [
        { name: null, topicId: topic!.topicId },
        { name: null, topicId: Buffer.alloc(16, 5) },
      ],
    });
    expect(found.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['by-id', 0],
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
    ]);
  });

  it('tells what may be done to those who ask, and INT_MIN to the others', async () => {
    const asked = await client.send(Metadata, 8, {
      topics: [{ name: 'auto' }],
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    });
    expect([asked.clusterAuthorizedOperations, asked.topics[0]!.topicAuthorizedOperations]).toEqual([8096, 3576]);
    const unasked = await client.send(Metadata, 8, { topics: [{ name: 'auto' }] });
    expect([unasked.clusterAuthorizedOperations, unasked.topics[0]!.topicAuthorizedOperations]).toEqual([-2147483648, -2147483648]);
  });
});

describe('CreatePartitions', () => {
  const grow = async (name: string, count: number, assignments: { brokerIds: number[] }[] | null = null, validateOnly = false) => {
    const response = await client.send(CreatePartitions, 3, { topics: [{ name, count, assignments }], timeoutMs: 1, validateOnly });
    return response.results[0]!;
  };

  it('takes the new total, and refuses to shrink', async () => {
    await create([{ name: 'grown', numPartitions: 2 }]);
    expect(await grow('grown', 4, null, true)).toMatchObject({ name: 'grown', errorCode: 0 });
    expect(await grow('grown', 3)).toMatchObject({ errorCode: 0 });
    expect(await grow('grown', 3)).toMatchObject({ errorCode: ErrorCode.INVALID_PARTITIONS });
    expect(await grow('grown', 1)).toMatchObject({ errorCode: ErrorCode.INVALID_PARTITIONS });
    expect(await grow('grown', 5, [{ brokerIds: [1] }])).toMatchObject({ errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT });
    expect(await grow('nope', 5)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
    expect((await produce('grown', ['a'], 2)).responses[0]!.partitionResponses[0]!.errorCode).toBe(0);
  });
});

describe('DeleteTopics', () => {
  it('deletes by name, by id, and says what it could not', async () => {
    const [first, second] = await create([{ name: 'd1' }, { name: 'd2' }]);
    expect(first!.errorCode).toBe(0);
    const byName = await client.send(DeleteTopics, 1, { topicNames: ['d1', 'nope'], timeoutMs: 1 });
    expect(errorsOf(byName.responses)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    const byId = await client.send(DeleteTopics, 6, {
      topics: [
        { name: null, topicId: second!.topicId },
        { name: null, topicId: second!.topicId },
        { name: 'x', topicId: second!.topicId },
      ],
      timeoutMs: 1,
    });
    expect(errorsOf(byId.responses)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.INVALID_REQUEST]);
    expect(byId.responses[0]!.name).toBe('d2');
  });
});

describe('configs', () => {
  it('describes every topic config with type, source, synonyms and documentation', async () => {
    await create([{ name: 'configured', configs: [{ name: 'cleanup.policy', value: 'compact' }] }]);
    const { errorCode, configs } = await describeConfig(TOPIC, 'configured', null);
    expect([errorCode, configs.length]).toEqual([0, 33]);
    expect(configs.find(({ name }) => name === 'cleanup.policy')).toMatchObject({
      value: 'compact',
      configSource: 1,
      configType: 7,
      documentation: expect.stringContaining('compact'),
      synonyms: [
        { name: 'cleanup.policy', value: 'compact', source: 1 },
        { name: 'log.cleanup.policy', value: 'delete', source: 5 },
      ],
    });
  });

  it('describes a node with what it really is', async () => {
    const { configs } = await describeConfig(BROKER, '1', ['node.id', 'advertised.listeners', 'log.dirs', 'log.retention.hours'], 1);
    expect(Object.fromEntries(configs.map(({ name, value }) => [name, value]))).toEqual({
      'node.id': '1',
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker.port}`,
      'log.dirs': broker.dataDir,
      'log.retention.hours': '1',
    });
  });

  it.each([
    [TOPIC, 'nope', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    [TOPIC, 'a b', ErrorCode.INVALID_TOPIC_EXCEPTION],
    [BROKER, '9', ErrorCode.INVALID_REQUEST],
    [BROKER, 'x', ErrorCode.INVALID_REQUEST],
    [99, 'x', ErrorCode.INVALID_REQUEST],
  ])('refuses to describe %i %s', async (type, name, errorCode) => {
    expect(await describeConfig(type, name, null)).toMatchObject({ errorCode, configs: [] });
  });

  it('alters one by one, and a new limit holds at once', async () => {
    const alter = async (configs: { name: string; configOperation: number; value: string | null }[], validateOnly = false) => {
      const response = await client.send(IncrementalAlterConfigs, 1, {
        resources: [{ resourceType: TOPIC, resourceName: 'configured', configs }],
        validateOnly,
      });
      return response.responses[0]!.errorCode;
    };
    const limit = (value: string | null, configOperation = 0) => [{ name: 'max.message.bytes', configOperation, value }];
    const produceError = async () => (await produce('configured', ['x'.repeat(300)])).responses[0]!.partitionResponses[0]!.errorCode;
    expect(await alter(limit('100'), true)).toBe(0);
    expect(await produceError()).toBe(0);
    expect(await alter(limit('100'))).toBe(0);
    expect(await produceError()).toBe(ErrorCode.MESSAGE_TOO_LARGE);
    expect(await alter(limit('-1'))).toBe(ErrorCode.INVALID_CONFIG);
    expect(await alter(limit(null, 1))).toBe(0);
    expect(await produceError()).toBe(0);
    expect(await alter([{ name: 'cleanup.policy', configOperation: 2, value: 'delete' }])).toBe(0);
    expect((await describeConfig(TOPIC, 'configured', ['cleanup.policy'])).configs[0]!.value).toBe('compact,delete');
  });

  it('replaces all at once in the old way', async () => {
    const resources = [{ resourceType: TOPIC, resourceName: 'configured', configs: [{ name: 'retention.ms', value: '9' }] }];
    expect(errorsOf((await client.send(AlterConfigs, 2, { resources, validateOnly: false })).responses)).toEqual([0]);
    const { configs } = await describeConfig(TOPIC, 'configured', ['retention.ms', 'cleanup.policy']);
    expect(configs.map(({ value }) => value)).toEqual(['delete', '9']);
  });

  it('a default set for the cluster reaches topics, and one that must not change is refused', async () => {
    const alter = async (resourceName: string, name: string, value: string) => {
      const resources = [{ resourceType: BROKER, resourceName, configs: [{ name, configOperation: 0, value }] }];
      return errorsOf((await client.send(IncrementalAlterConfigs, 1, { resources, validateOnly: false })).responses);
    };
    expect(await alter('', 'log.retention.ms', '4321')).toEqual([0]);
    expect((await describeConfig(TOPIC, 'made', ['retention.ms'])).configs[0]).toMatchObject({ value: '4321', configSource: 3 });
    expect(await alter('', 'log.dirs', '/')).toEqual([ErrorCode.INVALID_REQUEST]);
    expect(await alter('1', 'node.id', '7')).toEqual([ErrorCode.INVALID_REQUEST]);
    expect(await alter('', 'log.retention.ms', 'x')).toEqual([ErrorCode.INVALID_CONFIG]);
  });

  it('lists what has configs', async () => {
    const resources = [
      { resourceType: 32, resourceName: 'group', configs: [{ name: 'consumer.session.timeout.ms', configOperation: 0, value: '50000' }] },
    ];
    await client.send(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    const { configResources } = await client.send(ListConfigResources, 1, { resourceTypes: [32, BROKER] });
    expect(configResources.map(({ resourceName, resourceType }) => [resourceType, resourceName])).toEqual([
      [32, 'group'],
      [BROKER, '1'],
      [BROKER, ''],
    ]);
    expect((await describeConfig(32, 'group', ['consumer.session.timeout.ms'])).configs[0]).toMatchObject({
      value: '50000',
      configSource: 8,
    });
  });
});

describe('log levels as configs', () => {
  const LOGGER = 8;
  const level = async (resourceName = '1') => {
    const { results } = await client.send(DescribeConfigs, 4, {
      resources: [{ resourceType: LOGGER, resourceName, configurationKeys: null }],
    });
    return {
      errorCode: results[0]!.errorCode,
      configs: results[0]!.configs.map(({ name, value, configSource }) => [name, value, configSource]),
    };
  };
  const alterLevel = async (name: string, configOperation: number, value: string | null) => {
    const resources = [{ resourceType: LOGGER, resourceName: '1', configs: [{ name, configOperation, value }] }];
    const { responses } = await client.send(IncrementalAlterConfigs, 1, { resources, validateOnly: true });
    return [responses[0]!.errorCode, responses[0]!.errorMessage];
  };

  it('are described for the node that is asked', async () => {
    expect(await level()).toEqual({ errorCode: 0, configs: [['root', 'DEBUG', 6]] });
    expect(await level('2')).toEqual({ errorCode: ErrorCode.INVALID_REQUEST, configs: [] });
    expect(await level('')).toEqual({ errorCode: ErrorCode.INVALID_REQUEST, configs: [] });
  });

  it.each([
    ['root', 0, 'WARN', 0, null],
    ['root', 0, 'LOUD', ErrorCode.INVALID_CONFIG, 'Cannot set the log level of root to LOUD'],
    ['kafka.nothing', 0, 'WARN', ErrorCode.INVALID_CONFIG, 'Logger kafka.nothing does not exist!'],
    ['root', 1, null, ErrorCode.INVALID_REQUEST, 'Removing the log level of the root logger is not allowed'],
    ['root', 2, 'WARN', ErrorCode.INVALID_REQUEST, 'APPEND operation is not allowed for the BROKER_LOGGER resource'],
  ])('%s, operation %i with %s: %i', async (name, operation, value, errorCode, message) => {
    const [code, text] = await alterLevel(name, operation, value);
    expect(code).toBe(errorCode);
    if (message !== null) expect(text).toContain(message);
  });

  it('change what is logged', async () => {
    const leveled = stderrLogger('error');
    const resource = brokerLoggerResource(leveled, '3', 3);
    expect(resource.describe()[0]!.value).toBe('ERROR');
    resource.set({ root: 'TRACE' });
    expect(leveled.level).toBe('debug');
    const { configResources } = await client.send(ListConfigResources, 1, { resourceTypes: [LOGGER] });
    expect(configResources).toEqual([{ resourceName: '1', resourceType: LOGGER }]);
  });
});

describe('DeleteRecords', () => {
  const deleteTo = async (name: string, offset: number) => {
    const response = await client.send(DeleteRecords, 2, { topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }], timeoutMs: 1 });
    return response.topics[0]!.partitions[0]!;
  };

  it('moves the start of the log, never beyond its end', async () => {
    await create([{ name: 'purged' }]);
    await produce('purged', ['a', 'b', 'c']);
    expect(await deleteTo('purged', 2)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
    expect(await deleteTo('purged', 9)).toMatchObject({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
    expect(await deleteTo('purged', -1)).toMatchObject({ errorCode: 0, lowWatermark: 3 });
    expect(await deleteTo('nope', 0)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
  });

  it('refuses topics that are only compacted', async () => {
    await create([{ name: 'compacted', configs: [{ name: 'cleanup.policy', value: 'compact' }] }]);
    expect(await deleteTo('compacted', 0)).toMatchObject({ errorCode: ErrorCode.POLICY_VIOLATION });
  });
});

describe('views', () => {
  it('DescribeTopicPartitions goes page by page', async () => {
    await create([
      { name: 'p1', numPartitions: 3 },
      { name: 'p2', numPartitions: 3 },
    ]);
    const seen: string[] = [];
    let cursor: ResponseOf<typeof DescribeTopicPartitions>['nextCursor'] = null;
    let pages = 0;
    do {
      const page: ResponseOf<typeof DescribeTopicPartitions> = await client.send(DescribeTopicPartitions, 0, {
        topics: [{ name: 'p2' }, { name: 'p1' }],
        responsePartitionLimit: 2,
        cursor,
      });
      for (const { name, partitions } of page.topics) for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`);
      cursor = page.nextCursor;
    } while (cursor !== null && ++pages < 10);
    expect(seen).toEqual(['p1-0', 'p1-1', 'p1-2', 'p2-0', 'p2-1', 'p2-2']);
    const unknown = await client.send(DescribeTopicPartitions, 0, { topics: [{ name: 'nope' }], cursor: null });
    expect(errorsOf(unknown.topics)).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  });

  it('DescribeProducers shows who writes', async () => {
    await create([{ name: 'written' }]);
    const { producerId, producerEpoch } = await client.send(InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1 });
    await produce('written', ['a', 'b'], 0, { producerId, producerEpoch, baseSequence: 0 });
    const { topics } = await client.send(DescribeProducers, 0, { topics: [{ name: 'written', partitionIndexes: [0, 77] }] });
    expect(topics[0]!.partitions[0]).toMatchObject({
      errorCode: 0,
      activeProducers: [{ producerId, producerEpoch, lastSequence: 1, currentTxnStartOffset: -1 }],
    });
    expect(topics[0]!.partitions[1]).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, activeProducers: [] });
  });

  it('DescribeLogDirs shows sizes and the space of the disk', async () => {
    const { results } = await client.send(DescribeLogDirs, 4, { topics: [{ topic: 'written', partitions: [0] }] });
    expect(results[0]).toMatchObject({
      logDir: broker.dataDir,
      topics: [{ name: 'written', partitions: [{ partitionIndex: 0, offsetLag: 0 }] }],
    });
    expect(results[0]!.topics[0]!.partitions[0]!.partitionSize).toBeGreaterThan(60);
    expect(results[0]!.usableBytes).toBeGreaterThan(0);
    const moved = await client.send(AlterReplicaLogDirs, 2, {
      dirs: [{ path: '/elsewhere', topics: [{ name: 'written', partitions: [0] }] }],
    });
    expect(moved.results[0]!.partitions[0]!.errorCode).toBe(ErrorCode.LOG_DIR_NOT_FOUND);
  });

  it('DescribeCluster knows only brokers', async () => {
    const ask = (endpointType: number) => client.send(DescribeCluster, 1, { includeClusterAuthorizedOperations: true, endpointType });
    expect(await ask(1)).toMatchObject({ errorCode: 0, clusterId: broker.clusterId, controllerId: 1, clusterAuthorizedOperations: 8096 });
    expect(await ask(2)).toMatchObject({ errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE });
    expect(await ask(3)).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE });
  });

  it('ACL requests are answered as by a Kafka without an authorizer', async () => {
    const filter = {
      resourceTypeFilter: 1,
      resourceNameFilter: null,
      patternTypeFilter: 1,
      principalFilter: null,
      hostFilter: null,
      operation: 1,
      permissionType: 1,
    };
    const binding = {
      resourceType: 2,
      resourceName: 'x',
      resourcePatternType: 3,
      principal: 'User:x',
      host: '*',
      operation: 3,
      permissionType: 3,
    };
    expect(await client.send(DescribeAcls, 3, filter)).toMatchObject({ errorCode: ErrorCode.SECURITY_DISABLED });
    expect(errorsOf((await client.send(CreateAcls, 3, { creations: [binding, binding] })).results)).toEqual([
      ErrorCode.SECURITY_DISABLED,
      ErrorCode.SECURITY_DISABLED,
    ]);
    expect(errorsOf((await client.send(DeleteAcls, 3, { filters: [filter] })).filterResults)).toEqual([ErrorCode.SECURITY_DISABLED]);
  });
});
