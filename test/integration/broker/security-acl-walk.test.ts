import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER_NAME, PatternType, Permission, ResourceType } from '../../../src/broker/security/acl/constants.ts';
import {
  type Api,
  ApiVersions,
  apiByKey,
  CreateTopics,
  DescribeAcls,
  DescribeConfigs,
  ErrorCode,
  FindCoordinator,
  InitProducerId,
  ListGroups,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetDelete,
  type ResponseOf,
} from '../../../src/protocol/index.ts';
import type { Field, Shape } from '../../../src/protocol/schema/fields.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { connectAs, createAcls, deleteAcls, type SecuredBroker, startSecured, until } from './acl-client.ts';
import { API_RIGHTS, DENIALS, type Right } from './api-rights.ts';
import type { WireClient } from './wire-client.ts';

let broker: SecuredBroker;
/** May do everything. */
let admin: WireClient;
/** Has logged in, and has no right at all. */
let nobody: WireClient;
let topicId: Buffer;
let served: ResponseOf<typeof ApiVersions>['apiKeys'];

beforeAll(async () => {
  broker = await startSecured();
  admin = await connectAs('admin', broker);
  nobody = await connectAs('nobody', broker);
  const created = await admin.send(CreateTopics, 7, {
    topics: [{ name: 'sample', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  });
  topicId = created.topics[0]!.topicId;
  await hideThings();
  served = (await admin.send(ApiVersions, 0, {})).apiKeys;
});

/** What nobody must see: a topic, a group and a transactional id. */
async function hideThings(): Promise<void> {
  const hidden = { name: 'hidden-topic', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await admin.send(CreateTopics, 5, { topics: [hidden] });
  const partitions = [{ partitionIndex: 0, committedOffset: 0, committedMetadata: null }];
  const commit = { groupId: 'hidden-group', memberId: '', topics: [{ name: 'hidden-topic', partitions }] };
  const committed = async (): Promise<number> => (await admin.send(OffsetCommit, 2, commit)).topics[0]!.partitions[0]!.errorCode;
  // Apache Kafka makes the topic for offsets first when it is asked for the coordinator.
  await admin.send(FindCoordinator, 0, { key: 'hidden-group' });
  await until(async () => (await committed()) === ErrorCode.NONE);
  await admin.send(InitProducerId, 1, { transactionalId: 'hidden-transaction', transactionTimeoutMs: 1000 });
}

afterAll(async () => {
  await admin.close();
  await nobody.close();
  await broker.close();
});

function requestOf(api: Api, version: number): Record<string, unknown> {
  const sample = sampleMessage(api.request.shape, version);
  const request = { ...withTopicId(api.request.shape, sample), ...API_RIGHTS[api.key]?.request?.(version, topicId) };
  return Object.fromEntries(Object.entries(request).filter(([name]) => isIn(api.request.shape[name], version)));
}

function isIn(field: Field | undefined, version: number): boolean {
  return field !== undefined && version >= field.versions.first && version <= field.versions.last;
}

/** The sample with the id of the topic wherever it has one. */
function withTopicId(shape: Shape, message: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => {
      const field = shape[name]!;
      if (field.kind === 'uuid') return [name, topicId];
      const inner = field.element?.shape;
      if (field.kind === 'array' && inner !== undefined)
        return [name, (value as Record<string, unknown>[]).map((item) => withTopicId(inner, item))];
      return [name, value];
    }),
  );
}

/** All error codes in a response but NONE, each once. */
function codesIn(value: unknown): number[] {
  const codes = new Set<number>();
  const visit = (inner: unknown): void => {
    if (Array.isArray(inner)) for (const item of inner) visit(item);
    if (typeof inner !== 'object' || inner === null || Buffer.isBuffer(inner)) return;
    for (const [name, item] of Object.entries(inner)) {
      if (/errorCode$/i.test(name) && item !== 0) codes.add(item as number);
      visit(item);
    }
  };
  visit(value);
  return [...codes];
}

async function ask(client: WireClient, api: Api, version: number): Promise<unknown> {
  return client.send(api, version, requestOf(api, version) as never);
}

/** Versions that the broker takes for real; Produce is advertised from 0 but refused below 3. */
function versionsOf({ apiKey, minVersion, maxVersion }: (typeof served)[number]): number[] {
  const first = apiKey === 0 ? 3 : minVersion;
  return Array.from({ length: maxVersion - first + 1 }, (_, index) => first + index);
}

const KEYS = Object.keys(API_RIGHTS)
  .map(Number)
  .filter((key) => apiByKey(key) !== undefined);
const named = (key: number): string => `${key} ${apiByKey(key)!.name}`;

it.skipIf(process.env['TEST_SECURED_PORT'] !== undefined)('what every served API needs is known', () => {
  expect(served.map(({ apiKey }) => apiKey).filter((key) => API_RIGHTS[key] === undefined)).toEqual([]);
});

describe('a client without any right', () => {
  it.each(KEYS.map((key) => [named(key), key] as const))('%s', async (_, key) => {
    const range = served.find(({ apiKey }) => apiKey === key);
    if (range === undefined) return;
    const api = apiByKey(key)!;
    const { denied } = API_RIGHTS[key]!;
    for (const version of versionsOf(range)) {
      const response = await ask(nobody, api, version);
      if (denied === 'open') continue;
      const expected = denied === 'hidden' ? [] : expectedCodes(key, version, denied);
      expect(codesIn(response), `version ${version}`).toEqual(expected);
      expect(JSON.stringify(response), `version ${version}`).not.toContain('hidden-');
    }
  });

  function expectedCodes(key: number, version: number, denied: number): number[] {
    // From version 4 on this is for brokers; log directories have no place for the error before version 3.
    if (key === 24 && version >= 4) return [ErrorCode.CLUSTER_AUTHORIZATION_FAILED];
    if (key === 35 && version < 3) return [];
    return [denied];
  }

  it('sees nothing when it asks for everything', async () => {
    expect((await nobody.send(Metadata, 12, { topics: null })).topics).toEqual([]);
    expect((await nobody.send(Metadata, 0, { topics: [] })).topics).toEqual([]);
    expect((await nobody.send(ListGroups, 5, {} as never)).groups).toEqual([]);
  });

  it('has changed nothing', async () => {
    const { topics } = await admin.send(Metadata, 12, { topics: null });
    expect(
      topics
        .map(({ name }) => name)
        .filter((name) => /hidden|sample/.test(name ?? ''))
        .sort(),
    ).toEqual(['hidden-topic', 'sample']);
    expect(topics.find(({ name }) => name === 'sample')!.partitions).toHaveLength(1);
    const latest = { partitionIndex: 0, timestamp: -1 };
    const { topics: ends } = await admin.send(ListOffsets, 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'sample', partitions: [latest] }],
    });
    expect(ends[0]!.partitions[0]).toMatchObject({ offset: 0, errorCode: 0 });
    expect((await admin.send(ListGroups, 5, {} as never)).groups.map(({ groupId }) => groupId)).toEqual(['hidden-group']);
    expect((await admin.send(DescribeAcls, 3, requestOf(DescribeAcls, 3) as never)).resources).toEqual([]);
    const resources = [{ resourceType: 2, resourceName: 'sample', configurationKeys: null }];
    const { results } = await admin.send(DescribeConfigs, 4, { resources });
    const topicConfig = 1;
    expect(results[0]!.configs.filter(({ configSource }) => configSource === topicConfig)).toEqual([]);
  });
});

describe('a super user is refused nothing', () => {
  it.each(KEYS.filter((key) => key !== 20).map((key) => [named(key), key] as const))('%s', async (_, key) => {
    const range = served.find(({ apiKey }) => apiKey === key);
    if (range === undefined) return;
    for (const version of versionsOf(range)) {
      const response = await ask(admin, apiByKey(key)!, version);
      expect(
        codesIn(response).filter((code) => DENIALS.has(code)),
        `version ${version}`,
      ).toEqual([]);
    }
  });
});

describe('just the rights that are needed are enough', () => {
  const cases = KEYS.flatMap((key) =>
    (API_RIGHTS[key]!.enough ?? []).map(
      (rights) => [named(key), rights.map(([type, operation]) => `${type}:${operation}`).join(' '), key, rights] as const,
    ),
  );

  it.each(cases)('%s with %s', async (_, __, key, rights) => {
    const range = served.find(({ apiKey }) => apiKey === key);
    if (range === undefined) return;
    await grant(rights);
    try {
      for (const version of versionsOf(range)) {
        const response = await ask(nobody, apiByKey(key)!, version);
        expect(
          codesIn(response).filter((code) => DENIALS.has(code)),
          `version ${version}`,
        ).toEqual([]);
      }
    } finally {
      await revokeAll();
    }
  });

  // OffsetDelete tells of topics only where there is a group; that is tested with groups.
  it.each(cases.filter(([, , key, rights]) => rights.length > 1 && key !== OffsetDelete.key))(
    '%s needs each of %s',
    async (_, __, key, rights) => {
      const range = served.find(({ apiKey }) => apiKey === key);
      if (range === undefined) return;
      const api = apiByKey(key)!;
      for (const missing of rights) {
        if (key === 24 && missing[0] === ResourceType.CLUSTER) continue;
        await grant(rights.filter((right) => right !== missing));
        try {
          const version = key === 24 ? 3 : range.maxVersion;
          expect(
            codesIn(await ask(nobody, api, version)).some((code) => DENIALS.has(code)),
            `without ${missing.join(':')}`,
          ).toBe(true);
        } finally {
          await revokeAll();
        }
      }
    },
  );

  async function grant(rights: readonly Right[]): Promise<void> {
    const creations = rights.map(([resourceType, operation]) => ({
      resourceType,
      resourceName: resourceType === ResourceType.CLUSTER ? CLUSTER_NAME : 'sample',
      resourcePatternType: PatternType.LITERAL,
      principal: 'User:nobody',
      host: '*',
      operation,
      permissionType: Permission.ALLOW,
    }));
    expect((await createAcls(admin, creations)).every((code) => code === ErrorCode.NONE)).toBe(true);
  }

  async function revokeAll(): Promise<void> {
    await deleteAcls(admin);
  }
});
