import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  AlterConfigs,
  type Api,
  ConsumerGroupDescribe,
  ConsumerGroupHeartbeat,
  CreateAcls,
  CreatePartitions,
  CreateTopics,
  DeleteAcls,
  DeleteGroups,
  DeleteRecords,
  DeleteTopics,
  DescribeAcls,
  DescribeConfigs,
  DescribeGroups,
  DescribeProducers,
  DescribeTopicPartitions,
  DescribeTransactions,
  EndTxn,
  Fetch,
  FindCoordinator,
  Heartbeat,
  IncrementalAlterConfigs,
  InitProducerId,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  ListOffsets,
  ListTransactions,
  Metadata,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  OffsetForLeaderEpoch,
  Produce,
  type RequestInput,
  SyncGroup,
  TxnOffsetCommit,
} from '../../../src/protocol/index.ts';
import { batch, makeTopic, produceRequest } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

/** Kafka's codes of resources, patterns, operations and permissions. */
const [ANY, TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID] = [1, 2, 3, 4, 5];
const [ANY_PATTERN, MATCH, LITERAL, PREFIXED] = [1, 2, 3, 4];
const [ANY_OPERATION, ALL, READ, WRITE] = [1, 2, 3, 4];
const [ANY_PERMISSION, DENY, ALLOW] = [1, 2, 3];
const EVERYBODY = 'User:ANONYMOUS';

type Acl = RequestInput<typeof CreateAcls>['creations'][number];
type Filter = RequestInput<typeof DescribeAcls>;

/** With an authorizer; whatever has no ACL is everybody's, so that the scenario can make some. */
export const acls: Scenario = {
  name: '30-acls',
  config: {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'true',
  },
  async run(talk) {
    for (const version of versionsOf(CreateAcls)) await managing(talk, version);
    const id = await makeTopic(talk, 'acls-secret', 1);
    await makeTopic(talk, 'acls-open', 1);
    await deny(talk, TOPIC, 'acls-secret');
    await deny(talk, GROUP, 'acls-secret');
    await deny(talk, TRANSACTIONAL_ID, 'acls-secret');
    await deniedTopic(talk, id);
    await deniedGroup(talk, id);
    await deniedTransactions(talk);
  },
};

const acl = (resourceName: string, rest: Partial<Acl> = {}): Acl => ({
  resourceType: TOPIC,
  resourceName,
  resourcePatternType: LITERAL,
  principal: 'User:somebody',
  host: '*',
  operation: READ,
  permissionType: ALLOW,
  ...rest,
});

const filterOf = (resourceNameFilter: string | null, rest: Partial<Filter> = {}): Filter => ({
  resourceTypeFilter: TOPIC,
  resourceNameFilter,
  patternTypeFilter: LITERAL,
  principalFilter: null,
  hostFilter: null,
  operation: ANY_OPERATION,
  permissionType: ANY_PERMISSION,
  ...rest,
});

async function managing(talk: Talk, version: number): Promise<void> {
  const name = `acls-${version}`;
  const create = async (step: string, ...creations: readonly Acl[]) => {
    await talk.ask(`created: ${step}`, CreateAcls, version, { creations });
    await talk.settled();
  };
  const describe = (step: string, filter: Filter) => talk.ask(`described: ${step}`, DescribeAcls, version, filter);
  await create('one', acl(name));
  await create('one again', acl(name));
  await create('a prefix', acl(`${name}-`, { resourcePatternType: PREFIXED, operation: WRITE }));
  await create('a resource of no kind', acl(name, { resourceType: 0 }));
  await create('any resource', acl(name, { resourceType: ANY }));
  await create('a pattern that only filters have', acl(name, { resourcePatternType: MATCH }));
  await create('any operation', acl(name, { operation: ANY_OPERATION }));
  await create('any permission', acl(name, { permissionType: ANY_PERMISSION }));
  await create('a principal without a kind', acl(name, { principal: 'somebody' }));
  await create('no name', acl(''));
  await create('a cluster of another name', acl('another-cluster', { resourceType: CLUSTER }));
  await create('none');
  await describe('by name', filterOf(name));
  await describe('those that match a name', filterOf(`${name}-x`, { patternTypeFilter: MATCH }));
  await describe('of nobody', filterOf(name, { principalFilter: 'User:nobody' }));
  await describe('by operation', filterOf(null, { patternTypeFilter: ANY_PATTERN, operation: WRITE, principalFilter: 'User:somebody' }));
  await describe('of an unknown kind', filterOf(name, { resourceTypeFilter: 0 }));
  const remove = async (step: string, ...filters: readonly Filter[]) => {
    await talk.ask(`deleted: ${step}`, DeleteAcls, version, { filters });
    await talk.settled();
  };
  await remove('by name', filterOf(name));
  await remove('by name, again', filterOf(name));
  await remove('by an unknown kind', filterOf(name, { resourceTypeFilter: 0 }));
  await remove('the prefix', filterOf(`${name}-`, { patternTypeFilter: PREFIXED }));
  await remove('none');
  await describe('what is left', filterOf(name, { patternTypeFilter: MATCH }));
}

async function deny(talk: Talk, resourceType: number, resourceName: string): Promise<void> {
  const creation = acl(resourceName, { resourceType, principal: EVERYBODY, operation: ALL, permissionType: DENY });
  await talk.until(CreateAcls, 3, { creations: [creation] }, ({ results }) => results[0]?.errorCode === 0);
  await talk.settled();
}

/** The oldest and the newest version, and those between where topics get ids. */
function someVersions(api: Api, ...between: readonly number[]): number[] {
  return [...new Set([api.key === Produce.key ? 3 : api.versions[0], ...between, api.versions[1]])];
}

async function deniedTopic(talk: Talk, id: Buffer): Promise<void> {
  const name = 'acls-secret';
  const both = (each: string) => [{ name: each }];
  for (const version of someVersions(Produce, 8, 12)) {
    const partitionData = [{ index: 0, records: batch(['a']) }];
    const topics = [version >= 13 ? { topicId: id, partitionData } : { name, partitionData }];
    await talk.ask('denied', Produce, version, { transactionalId: null, acks: -1, timeoutMs: 1_000, topicData: topics });
  }
  for (const version of someVersions(Fetch, 12, 13)) {
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }];
    const topics = [version >= 13 ? { topicId: id, partitions } : { topic: name, partitions }];
    await talk.ask('denied', Fetch, version, { replicaId: -1, maxWaitMs: 0, minBytes: 0, topics, sessionId: 0, sessionEpoch: -1 });
  }
  for (const version of someVersions(Metadata, 1, 12)) {
    await talk.ask('denied', Metadata, version, { topics: both(name) });
    await talk.ask('denied and allowed', Metadata, version, { topics: [...both(name), ...both('acls-open')] });
    if (version >= 12) await talk.ask('denied, by id', Metadata, version, { topics: [{ name: null, topicId: id }] });
    await talk.ask('all', Metadata, version, { topics: version === 0 ? [] : null }, { only: 'acls-' });
  }
  await talk.ask('rights on topics', Metadata, 9, { topics: both('acls-open'), includeTopicAuthorizedOperations: true });
  for (const version of someVersions(ListOffsets)) {
    const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
    await talk.ask('denied', ListOffsets, version, { replicaId: -1, topics });
  }
  for (const version of someVersions(OffsetForLeaderEpoch)) {
    await talk.ask('denied', OffsetForLeaderEpoch, version, { topics: [{ topic: name, partitions: [{ partition: 0, leaderEpoch: 0 }] }] });
  }
  for (const version of someVersions(DeleteTopics, 5)) {
    const asked = version >= 6 ? { topics: [{ name, topicId: Buffer.alloc(16) }] } : { topicNames: [name] };
    await talk.ask('denied', DeleteTopics, version, { timeoutMs: 1_000, ...asked });
    if (version >= 6) await talk.ask('denied, by id', DeleteTopics, version, { timeoutMs: 1_000, topics: [{ name: null, topicId: id }] });
  }
  for (const version of someVersions(DeleteRecords)) {
    const topics = [{ name, partitions: [{ partitionIndex: 0, offset: 0 }] }];
    await talk.ask('denied', DeleteRecords, version, { topics, timeoutMs: 1_000 });
  }
  for (const version of someVersions(CreatePartitions)) {
    await talk.ask('denied', CreatePartitions, version, {
      topics: [{ name, count: 3, assignments: null }],
      timeoutMs: 1_000,
      validateOnly: false,
    });
  }
  for (const version of someVersions(CreateTopics, 5)) {
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    await talk.ask('denied', CreateTopics, version, { topics: [topic], timeoutMs: 1_000, validateOnly: true });
  }
  await deniedConfigs(talk, name);
  await talk.ask('denied', DescribeTopicPartitions, 0, { topics: [{ name }, { name: 'acls-open' }] });
  await talk.ask('denied', DescribeProducers, 0, { topics: [{ name, partitionIndexes: [0] }] });
}

async function deniedConfigs(talk: Talk, resourceName: string): Promise<void> {
  const resource = { resourceType: TOPIC, resourceName };
  for (const version of someVersions(DescribeConfigs)) {
    await talk.ask('denied', DescribeConfigs, version, { resources: [{ ...resource, configurationKeys: ['retention.ms'] }] });
  }
  for (const version of someVersions(AlterConfigs)) {
    const configs = [{ name: 'retention.ms', value: '1' }];
    await talk.ask('denied', AlterConfigs, version, { resources: [{ ...resource, configs }], validateOnly: false });
  }
  for (const version of someVersions(IncrementalAlterConfigs)) {
    const configs = [{ name: 'retention.ms', configOperation: 0, value: '1' }];
    await talk.ask('denied', IncrementalAlterConfigs, version, { resources: [{ ...resource, configs }], validateOnly: false });
  }
}

async function deniedGroup(talk: Talk, id: Buffer): Promise<void> {
  const groupId = 'acls-secret';
  const member = { groupId, memberId: 'm', generationId: 1 };
  const committed = { partitionIndex: 0, committedOffset: 1, committedMetadata: '' };
  for (const version of someVersions(FindCoordinator, 3)) {
    const request = version >= 4 ? { keyType: 0, coordinatorKeys: [groupId] } : { key: groupId };
    await talk.ask('denied', FindCoordinator, version, request);
  }
  for (const version of someVersions(JoinGroup)) {
    const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
    await talk.ask('denied', JoinGroup, version, { groupId, sessionTimeoutMs: 10_000, memberId: '', protocolType: 'consumer', protocols });
  }
  for (const version of someVersions(SyncGroup)) {
    const names = version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {};
    await talk.ask('denied', SyncGroup, version, { ...member, ...names, assignments: [] });
  }
  for (const version of someVersions(Heartbeat)) await talk.ask('denied', Heartbeat, version, member);
  for (const version of someVersions(LeaveGroup)) {
    const leaving = version >= 3 ? { members: [{ memberId: 'm' }] } : { memberId: 'm' };
    await talk.ask('denied', LeaveGroup, version, { groupId, ...leaving });
  }
  for (const version of someVersions(DescribeGroups)) await talk.ask('denied', DescribeGroups, version, { groups: [groupId] });
  for (const version of someVersions(DeleteGroups)) await talk.ask('denied', DeleteGroups, version, { groupsNames: [groupId] });
  for (const version of someVersions(ListGroups)) await talk.ask('denied ones are left out', ListGroups, version, {}, { only: 'acls-' });
  for (const version of someVersions(OffsetCommit, 9)) {
    const topic = (name: string) => (version >= 10 ? { topicId: id, partitions: [committed] } : { name, partitions: [committed] });
    await talk.ask('denied', OffsetCommit, version, { groupId, memberId: '', topics: [topic('acls-open')] });
    await talk.ask('a denied topic', OffsetCommit, version, { groupId: 'acls-open', memberId: '', topics: [topic('acls-secret')] });
  }
  for (const version of someVersions(OffsetFetch, 2, 7, 8, 9)) await deniedOffsetFetch(talk, version, id);
  await talk.ask('denied', OffsetDelete, 0, { groupId, topics: [{ name: 'acls-open', partitions: [{ partitionIndex: 0 }] }] });
  for (const version of someVersions(ConsumerGroupHeartbeat)) {
    const request = {
      groupId,
      memberId: 'm',
      memberEpoch: 0,
      rebalanceTimeoutMs: 1_000,
      subscribedTopicNames: ['acls-open'],
      topicPartitions: [],
    };
    await talk.ask('denied', ConsumerGroupHeartbeat, version, request);
    await talk.ask('a denied topic', ConsumerGroupHeartbeat, version, {
      ...request,
      groupId: 'acls-open',
      subscribedTopicNames: ['acls-secret'],
    });
  }
  for (const version of someVersions(ConsumerGroupDescribe))
    await talk.ask('denied', ConsumerGroupDescribe, version, { groupIds: [groupId], includeAuthorizedOperations: false });
}

async function deniedOffsetFetch(talk: Talk, version: number, id: Buffer): Promise<void> {
  const topics = (name: string) => [version >= 10 ? { topicId: id, partitionIndexes: [0] } : { name, partitionIndexes: [0] }];
  const named = (name: string) => [{ name, partitionIndexes: [0] }];
  const ask = (step: string, groupId: string, topic: string) => {
    const request = version >= 8 ? { groups: [{ groupId, topics: topics(topic) }] } : { groupId, topics: named(topic) };
    return talk.ask(step, OffsetFetch, version, request);
  };
  await ask('denied', 'acls-secret', 'acls-open');
  await ask('a denied topic', 'acls-open', 'acls-secret');
}

async function deniedTransactions(talk: Talk): Promise<void> {
  const transactionalId = 'acls-secret';
  const producer = { producerId: 1_000_000, producerEpoch: 0 };
  const topics = [{ name: 'acls-open', partitions: [0] }];
  const offsets = [{ name: 'acls-open', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }];
  for (const version of someVersions(FindCoordinator, 3).filter((each) => each > 0)) {
    const request = version >= 4 ? { keyType: 1, coordinatorKeys: [transactionalId] } : { key: transactionalId, keyType: 1 };
    await talk.ask('denied, transactional id', FindCoordinator, version, request);
  }
  for (const version of someVersions(InitProducerId)) {
    await talk.ask('denied', InitProducerId, version, { transactionalId, transactionTimeoutMs: 1_000 });
  }
  for (const version of someVersions(AddPartitionsToTxn, 3)) {
    const old = {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: 1,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: topics,
    };
    const batched = { transactions: [{ transactionalId, producerId: 1, producerEpoch: 0, topics }] };
    await talk.ask('denied', AddPartitionsToTxn, version, version >= 4 ? batched : old);
  }
  for (const version of someVersions(AddOffsetsToTxn)) {
    await talk.ask('denied', AddOffsetsToTxn, version, { transactionalId, ...producer, groupId: 'acls-open' });
    await talk.ask('a denied group', AddOffsetsToTxn, version, { transactionalId: 'acls-open', ...producer, groupId: 'acls-secret' });
  }
  for (const version of someVersions(EndTxn)) await talk.ask('denied', EndTxn, version, { transactionalId, ...producer, committed: true });
  for (const version of someVersions(TxnOffsetCommit)) {
    await talk.ask('denied', TxnOffsetCommit, version, { transactionalId, groupId: 'acls-open', ...producer, topics: offsets });
    await talk.ask('a denied group', TxnOffsetCommit, version, {
      transactionalId: 'acls-open',
      groupId: 'acls-secret',
      ...producer,
      topics: offsets,
    });
  }
  const records = batch(['a'], { ...producer, baseSequence: 0, transactional: true });
  for (const version of [3, 9, 12]) {
    await talk.ask('a denied transactional id', Produce, version, produceRequest('acls-open', records, { transactionalId }));
  }
  await talk.ask('denied', DescribeTransactions, 0, { transactionalIds: [transactionalId] });
  for (const version of someVersions(ListTransactions)) {
    await talk.ask('denied ones are left out', ListTransactions, version, { stateFilters: [], producerIdFilters: [] }, { only: 'acls-' });
  }
}
