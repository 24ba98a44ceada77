import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER_NAME, Operation, ResourceType } from '../../../src/broker/security/acl/constants.ts';
import {
  AlterConfigs,
  DescribeConfigs,
  ErrorCode,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
} from '../../../src/protocol/index.ts';
import { acl, type Creation, connectAs, createAcls, deleteAcls, makeTopic, type SecuredBroker, startSecured } from './acl-client.ts';
import type { WireClient } from './wire-client.ts';

const { TOPIC, GROUP, CLUSTER } = ResourceType;
const DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
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

describe('groups and their offsets', () => {
  const commit = async (client: WireClient, groupId: string, ...names: string[]): Promise<Record<string, number>> => {
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: null }];
    const { topics } = await client.send(OffsetCommit, 8, { groupId, memberId: '', topics: names.map((name) => ({ name, partitions })) });
    return Object.fromEntries(topics.map((topic) => [topic.name, topic.partitions[0]!.errorCode]));
  };

  beforeAll(async () => {
    await makeTopic(admin, 'c1');
    await makeTopic(admin, 'c2');
    expect(await commit(admin, 'g1', 'c1', 'c2')).toEqual({ c1: 0, c2: 0 });
    expect(await commit(admin, 'g2', 'c1')).toEqual({ c1: 0 });
  });

  it('commit only for topics that may be read', async () => {
    await create(acl(GROUP, 'g1', Operation.READ), acl(TOPIC, 'c1', Operation.READ));
    expect(await commit(user, 'g1', 'c1', 'c2')).toEqual({ c1: 0, c2: DENIED });
    expect(await commit(user, 'g2', 'c1')).toEqual({ c1: ErrorCode.GROUP_AUTHORIZATION_FAILED });
  });

  it('show only offsets of topics that may be described', async () => {
    await create(acl(GROUP, 'g1', Operation.DESCRIBE), acl(TOPIC, 'c1', Operation.DESCRIBE));
    const group = (groupId: string, topics: string[] | null) => ({
      groupId,
      topics: topics === null ? null : topics.map((name) => ({ name, partitionIndexes: [0] })),
    });
    const { groups } = await user.send(OffsetFetch, 8, { groups: [group('g1', null), group('g2', null)] } as never);
    expect(groups.map(({ groupId, errorCode, topics }) => [groupId, errorCode, topics.map(({ name }) => name)])).toEqual([
      ['g1', 0, ['c1']],
      ['g2', ErrorCode.GROUP_AUTHORIZATION_FAILED, []],
    ]);
    const named = (await user.send(OffsetFetch, 8, { groups: [group('g1', ['c1', 'c2'])] } as never)).groups[0]!.topics;
    expect(named.map(({ name, partitions }) => [name, partitions[0]!.committedOffset, partitions[0]!.errorCode])).toEqual([
      ['c1', 5, 0],
      ['c2', -1, DENIED],
    ]);
    for (const version of [1, 2, 7]) {
      const old = await user.send(OffsetFetch, version, group('g1', ['c1', 'c2']) as never);
      expect(old.topics.map(({ partitions }) => [partitions[0]!.committedOffset, partitions[0]!.errorCode])).toEqual([
        [5, 0],
        [-1, DENIED],
      ]);
    }
    expect((await user.send(OffsetFetch, 5, group('g1', null) as never)).topics.map(({ name }) => name)).toEqual(['c1']);
  });

  it('are listed to those who may describe them', async () => {
    const listed = async (): Promise<string[]> =>
      (await user.send(ListGroups, 4, { statesFilter: [] })).groups.map(({ groupId }) => groupId).sort();
    await create(acl(GROUP, 'g2', Operation.READ));
    expect(await listed()).toEqual(['g2']);
    await create(acl(CLUSTER, CLUSTER_NAME, Operation.DESCRIBE));
    expect(await listed()).toEqual(expect.arrayContaining(['g1', 'g2']));
  });

  it('lose offsets only of topics that may be read', async () => {
    await create(acl(GROUP, 'g1', Operation.DELETE), acl(TOPIC, 'c2', Operation.READ));
    const topics = ['c1', 'c2'].map((name) => ({ name, partitions: [{ partitionIndex: 0 }] }));
    const response = await user.send(OffsetDelete, 0, { groupId: 'g1', topics });
    expect(Object.fromEntries(response.topics.map(({ name, partitions }) => [name, partitions[0]!.errorCode]))).toEqual({
      c1: DENIED,
      c2: 0,
    });
    expect((await user.send(OffsetDelete, 0, { groupId: 'g2', topics })).errorCode).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  });
});

describe('configs', () => {
  it('of each thing need a right of their own', async () => {
    await makeTopic(admin, 'configured');
    await create(acl(TOPIC, 'configured', Operation.ALTER_CONFIGS));
    const resources = [
      { resourceType: 2, resourceName: 'configured' },
      { resourceType: 2, resourceName: 'orders' },
      { resourceType: 4, resourceName: '1' },
      { resourceType: 8, resourceName: '1' },
      { resourceType: 16, resourceName: 'metrics' },
      { resourceType: 32, resourceName: 'g1' },
    ];
    const { CLUSTER_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED } = ErrorCode;
    const expected = [
      0,
      DENIED,
      CLUSTER_AUTHORIZATION_FAILED,
      CLUSTER_AUTHORIZATION_FAILED,
      CLUSTER_AUTHORIZATION_FAILED,
      GROUP_AUTHORIZATION_FAILED,
    ];
    const { results } = await user.send(DescribeConfigs, 4, { resources: resources.map((one) => ({ ...one, configurationKeys: null })) });
    expect(results.map(({ errorCode }) => errorCode)).toEqual(expected);
    // Levels of loggers are changed in another way.
    expected[3] = ErrorCode.INVALID_REQUEST;
    const altered = await user.send(AlterConfigs, 2, { resources: resources.map((one) => ({ ...one, configs: [] })), validateOnly: true });
    expect(altered.responses.map(({ errorCode }) => errorCode).sort()).toEqual(expected.sort());
  });
});
