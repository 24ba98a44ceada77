/** Requests as kafkajs encodes them, decoded here; encoding them again gives the same bytes. */
import { describe, expect, it } from 'vitest';
import {
  type Api,
  allApis,
  batchProducerId,
  decodeRequest,
  decodeRequestHeader,
  encodeRequestFrame,
  isTransactionalBatch,
  RecordCursor,
  validateBatchCrc,
} from '../../../../src/protocol/index.ts';
import { kafkajsRequest, kafkajsVersions } from './kafkajs.ts';

const apiNamed = (name: string): Api => allApis.find((api) => api.name === name)!;

const acl = { resourceType: 2, resourceName: 'r', resourcePatternType: 3, principal: 'User:a', host: '*', operation: 3, permissionType: 3 };
const messages = [
  { key: 'k1', value: 'v1', timestamp: 1000, headers: { h: 'x' } },
  { key: null, value: 'v2', timestamp: 1005, headers: {} },
];

/** API, kafkajs' arguments, what must be found in every version. */
const REQUESTS: readonly (readonly [string, object, object])[] = [
  ['ApiVersions', {}, {}],
  ['Metadata', { topics: ['a', 'b'], allowAutoTopicCreation: true }, { topics: [{ name: 'a' }, { name: 'b' }] }],
  [
    'Fetch',
    {
      replicaId: -1,
      maxWaitTime: 500,
      minBytes: 1,
      maxBytes: 9999,
      rackId: 'r',
      isolationLevel: 1,
      topics: [{ topic: 't', partitions: [{ partition: 3, fetchOffset: '123456789012', maxBytes: 777 }] }],
    },
    {
      maxWaitMs: 500,
      minBytes: 1,
      topics: [{ topic: 't', partitions: [{ partition: 3, fetchOffset: 123456789012, partitionMaxBytes: 777 }] }],
    },
  ],
  [
    'ListOffsets',
    { replicaId: -1, isolationLevel: 1, topics: [{ topic: 't', partitions: [{ partition: 1, timestamp: -2 }] }] },
    { topics: [{ name: 't', partitions: [{ partitionIndex: 1, timestamp: -2 }] }] },
  ],
  [
    'OffsetCommit',
    {
      groupId: 'g',
      groupGenerationId: 4,
      memberId: 'm',
      retentionTime: -1,
      topics: [{ topic: 't', partitions: [{ partition: 0, offset: '5', metadata: 'meta' }] }],
    },
    {
      groupId: 'g',
      generationIdOrMemberEpoch: 4,
      topics: [{ name: 't', partitions: [{ committedOffset: 5, committedMetadata: 'meta' }] }],
    },
  ],
  [
    'OffsetFetch',
    { groupId: 'g', topics: [{ topic: 't', partitions: [{ partition: 2 }] }] },
    { groupId: 'g', topics: [{ name: 't', partitionIndexes: [2] }] },
  ],
  ['GroupCoordinator', { groupId: 'g', coordinatorType: 0 }, { key: 'g', keyType: 0 }],
  [
    'JoinGroup',
    {
      groupId: 'g',
      sessionTimeout: 30000,
      rebalanceTimeout: 60000,
      memberId: '',
      protocolType: 'consumer',
      groupProtocols: [{ name: 'p', metadata: Buffer.from('md') }],
    },
    { groupId: 'g', sessionTimeoutMs: 30000, protocolType: 'consumer', protocols: [{ name: 'p', metadata: Buffer.from('md') }] },
  ],
  ['Heartbeat', { groupId: 'g', groupGenerationId: 2, memberId: 'm' }, { groupId: 'g', generationId: 2, memberId: 'm' }],
  ['LeaveGroup', { groupId: 'g', memberId: 'm', members: [{ memberId: 'm' }] }, { groupId: 'g' }],
  [
    'SyncGroup',
    { groupId: 'g', generationId: 2, memberId: 'm', groupAssignment: [{ memberId: 'm', memberAssignment: Buffer.from('as') }] },
    { groupId: 'g', assignments: [{ memberId: 'm', assignment: Buffer.from('as') }] },
  ],
  ['DescribeGroups', { groupIds: ['a', 'b'] }, { groups: ['a', 'b'] }],
  ['ListGroups', {}, {}],
  ['DeleteGroups', ['a'], { groupsNames: ['a'] }],
  ['SaslHandshake', { mechanism: 'PLAIN' }, { mechanism: 'PLAIN' }],
  [
    'CreateTopics',
    {
      validateOnly: false,
      timeout: 5000,
      topics: [{ topic: 't', numPartitions: 4, replicationFactor: 1, replicaAssignment: [], configEntries: [{ name: 'a', value: 'b' }] }],
    },
    { timeoutMs: 5000, topics: [{ name: 't', numPartitions: 4, configs: [{ name: 'a', value: 'b' }] }] },
  ],
  ['DeleteTopics', { topics: ['t'], timeout: 5000 }, { topicNames: ['t'], timeoutMs: 5000 }],
  [
    'DeleteRecords',
    { topics: [{ topic: 't', partitions: [{ partition: 0, offset: '9' }] }] },
    { topics: [{ name: 't', partitions: [{ offset: 9 }] }] },
  ],
  ['CreatePartitions', { topicPartitions: [{ topic: 't', count: 5 }] }, { topics: [{ name: 't', count: 5, assignments: null }] }],
  [
    'DescribeConfigs',
    { resources: [{ type: 2, name: 't', configNames: ['a'] }] },
    { resources: [{ resourceType: 2, resourceName: 't', configurationKeys: ['a'] }] },
  ],
  [
    'AlterConfigs',
    { resources: [{ type: 2, name: 't', configEntries: [{ name: 'a', value: 'b' }] }] },
    { resources: [{ resourceType: 2, configs: [{ name: 'a', value: 'b' }] }] },
  ],
  ['InitProducerId', { transactionalId: 'x', transactionTimeout: 60000 }, { transactionalId: 'x', transactionTimeoutMs: 60000 }],
  [
    'AddPartitionsToTxn',
    { transactionalId: 'x', producerId: '42', producerEpoch: 3, topics: [{ topic: 't', partitions: [0, 1] }] },
    { v3AndBelowTransactionalId: 'x', v3AndBelowProducerId: 42, v3AndBelowTopics: [{ name: 't', partitions: [0, 1] }] },
  ],
  ['AddOffsetsToTxn', { transactionalId: 'x', producerId: '42', producerEpoch: 3, groupId: 'g' }, { producerId: 42, groupId: 'g' }],
  ['EndTxn', { transactionalId: 'x', producerId: '42', producerEpoch: 3, transactionResult: true }, { producerEpoch: 3, committed: true }],
  [
    'TxnOffsetCommit',
    {
      transactionalId: 'x',
      groupId: 'g',
      producerId: '42',
      producerEpoch: 3,
      topics: [{ topic: 't', partitions: [{ partition: 0, offset: '5', metadata: null }] }],
    },
    { groupId: 'g', topics: [{ name: 't', partitions: [{ committedOffset: 5, committedMetadata: null }] }] },
  ],
  ['DescribeAcls', acl, { resourceTypeFilter: 2, operation: 3 }],
  ['CreateAcls', { creations: [acl] }, { creations: [{ resourceName: 'r', operation: 3 }] }],
  ['DeleteAcls', { filters: [acl] }, { filters: [{ resourceNameFilter: 'r', permissionType: 3 }] }],
];

describe('requests of kafkajs', () => {
  for (const [name, args, expected] of REQUESTS) {
    const api = apiNamed(name === 'GroupCoordinator' ? 'FindCoordinator' : name);
    const versions = kafkajsVersions(name).filter((version) => version >= api.versions[0] && version <= api.versions[1]);
    it.each(versions)(`${name} v%i`, async (version) => {
      const frame = await kafkajsRequest(name, version, args);
      const header = decodeRequestHeader(frame, 4);
      expect(header).toMatchObject({ apiKey: api.key, apiVersion: version, correlationId: 77, clientId: 'golden' });
      const body = decodeRequest(api, version, frame, header.bodyOffset);
      expect(body).toMatchObject(expected);
      const again = Buffer.concat(encodeRequestFrame(api, version, { correlationId: 77, clientId: 'golden' }, body));
      expect(again.toString('hex')).toBe(frame.toString('hex'));
    });
  }

  const produce = apiNamed('Produce');
  it.each([3, 4, 5, 6, 7])('Produce v%i with its record batch', async (version) => {
    const frame = await kafkajsRequest('Produce', version, {
      acks: -1,
      timeout: 1000,
      transactionalId: 'x',
      producerId: '42',
      producerEpoch: 1,
      topicData: [{ topic: 't', partitions: [{ partition: 2, firstSequence: 7, messages }] }],
    });
    const body = decodeRequest(produce, version, frame, decodeRequestHeader(frame, 4).bodyOffset) as unknown as {
      transactionalId: string;
      topicData: { name: string; partitionData: { index: number; records: Buffer }[] }[];
    };
    expect(body).toMatchObject({ transactionalId: 'x', acks: -1, topicData: [{ name: 't', partitionData: [{ index: 2 }] }] });
    const records = body.topicData[0]!.partitionData[0]!.records;
    expect(records.buffer).toBe(frame.buffer); // a view, not a copy
    expect(validateBatchCrc(records, 0)).toBe(true);
    expect(batchProducerId(records, 0)).toBe(42);
    expect(isTransactionalBatch(records, 0)).toBe(true);
    const cursor = new RecordCursor(records);
    expect(cursor.next()).toBe(true);
    expect(cursor.headers()).toEqual([['h', Buffer.from('x')]]);
    expect(cursor.next()).toBe(true);
    expect([cursor.offset, cursor.timestamp, cursor.keyLength]).toEqual([1, 1005, -1]);
    expect(cursor.next()).toBe(false);
  });
});
