import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import { AlterClientQuotas, DescribeClientQuotas, ErrorCode, Fetch, Metadata, Produce } from '../../../src/protocol/index.ts';
import { batchOf, WireClient } from './wire-client.ts';

let dataDir: string;
let broker: Broker;
let client: WireClient;

const start = async (): Promise<void> => {
  broker = await Broker.start({ thread: false, log: silentLogger, clock: 'manual', dataDir, topics: [{ name: 't', partitions: 1 }] });
  client = await WireClient.connect(broker.port);
};
const stop = async (): Promise<void> => {
  await client.close();
  await broker.close();
};

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-quotas-'));
  await start();
});

afterEach(async () => {
  await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

type Entity = Record<string, string | null>;
const wireEntity = (entity: Entity) => Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }));

const alter = async (entity: Entity, values: Record<string, number | null>, validateOnly = false): Promise<number> => {
  const ops = Object.entries(values).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null }));
  const { entries } = await client.send(AlterClientQuotas, 1, { entries: [{ entity: wireEntity(entity), ops }], validateOnly });
  return entries[0]!.errorCode;
};

const describeAll = async (components: { entityType: string; matchType: number; match: string | null }[] = [], strict = false) => {
  const { errorCode, entries } = await client.send(DescribeClientQuotas, 1, { components, strict });
  const quotas = (entries ?? []).map(({ entity, values }) => [
    Object.fromEntries(entity.map(({ entityType, entityName }) => [entityType, entityName])),
    Object.fromEntries(values.map(({ key, value }) => [key, value])),
  ]);
  return errorCode === 0 ? quotas : errorCode;
};

const produce = async (bytes: number): Promise<number> => {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf(['x'.repeat(bytes)]) }] }];
  return (await client.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData })).throttleTimeMs;
};

describe('quotas', () => {
  it('are kept, changed, removed and found again after a restart', async () => {
    expect(await alter({ user: 'alice' }, { producer_byte_rate: 1000, consumer_byte_rate: 2000 })).toBe(0);
    expect(await alter({ user: 'alice', 'client-id': null }, { request_percentage: 12.5 })).toBe(0);
    expect(await alter({ ip: '10.0.0.1' }, { connection_creation_rate: 5 })).toBe(0);
    expect(await alter({ user: 'alice' }, { producer_byte_rate: null, consumer_byte_rate: 3000 })).toBe(0);
    expect(await alter({ user: 'alice' }, { consumer_byte_rate: 1 }, true)).toBe(0);
    const expected = [
      [{ user: 'alice' }, { consumer_byte_rate: 3000 }],
      [{ user: 'alice', 'client-id': null }, { request_percentage: 12.5 }],
      [{ ip: '10.0.0.1' }, { connection_creation_rate: 5 }],
    ];
    expect(await describeAll()).toEqual(expect.arrayContaining(expected));
    await stop();
    await start();
    expect(await describeAll()).toEqual(expect.arrayContaining(expected));
    await alter({ user: 'alice' }, { consumer_byte_rate: null });
    expect(await describeAll()).toHaveLength(2);
  });

  it('are filtered by what they are for', async () => {
    const quota = { consumer_byte_rate: 1 };
    for (const entity of [{ user: 'a' }, { user: null }, { user: 'a', 'client-id': 'c' }, { 'client-id': 'c' }]) await alter(entity, quota);
    const exact = { entityType: 'user', matchType: 0, match: 'a' };
    expect(await describeAll([exact])).toEqual([
      [{ user: 'a' }, quota],
      [{ 'client-id': 'c', user: 'a' }, quota],
    ]);
    expect(await describeAll([exact], true)).toEqual([[{ user: 'a' }, quota]]);
    expect(await describeAll([{ entityType: 'user', matchType: 1, match: null }])).toEqual([[{ user: null }, quota]]);
    expect(await describeAll([{ entityType: 'client-id', matchType: 2, match: null }])).toHaveLength(2);
    expect(await describeAll([exact, exact])).toBe(ErrorCode.INVALID_REQUEST);
    expect(await describeAll([{ entityType: 'planet', matchType: 2, match: null }])).toBe(ErrorCode.UNSUPPORTED_VERSION);
  });

  it.each<[Entity, Record<string, number>]>([
    [{}, { producer_byte_rate: 1 }],
    [{ planet: 'x' }, { producer_byte_rate: 1 }],
    [{ user: '' }, { producer_byte_rate: 1 }],
    [{ user: 'a', ip: '1.1.1.1' }, { producer_byte_rate: 1 }],
    [{ user: 'a' }, { connection_creation_rate: 1 }],
    [{ ip: '1.1.1.1' }, { producer_byte_rate: 1 }],
    [{ ip: 'nowhere' }, { connection_creation_rate: 1 }],
    [{ ip: '1.1.1.1' }, { connection_creation_rate: 3e9 }],
    [{ user: 'a' }, { producer_byte_rate: 0 }],
    [{ user: 'a' }, { producer_byte_rate: 1.5 }],
  ])('refuse %j with %j', async (entity, values) => {
    expect(await alter(entity, values)).toBe(ErrorCode.INVALID_REQUEST);
    expect(await describeAll()).toEqual([]);
  });

  it('named twice in a request are refused the second time', async () => {
    const entity = wireEntity({ user: 'a', 'client-id': null });
    const entries = [1, 2].map((value) => ({ entity, ops: [{ key: 'producer_byte_rate', value, remove: false }] }));
    const { entries: answers } = await client.send(AlterClientQuotas, 0, { entries, validateOnly: false });
    expect(answers.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual([
      [0, null],
      [ErrorCode.INVALID_REQUEST, 'Ignoring duplicate entity ClientQuotaEntity(entries={client-id=null, user=a})'],
    ]);
    expect(await describeAll()).toEqual([[{ user: 'a', 'client-id': null }, { producer_byte_rate: 1 }]]);
  });

  it('throttle who writes too fast, and hold the connection for as long', async () => {
    expect(await produce(50_000)).toBe(0);
    await alter({ 'client-id': 'wire-client' }, { producer_byte_rate: 1000 });
    expect(await produce(9_000)).toBe(0);
    const throttleTimeMs = await produce(6_000);
    expect(throttleTimeMs).toBeGreaterThan(5_000);
    expect(throttleTimeMs).toBeLessThan(5_500);
    let answered = false;
    const next = client.send(Metadata, 4, { topics: [], allowAutoTopicCreation: false }).then(() => {
      answered = true;
    });
    await broker.advanceClock(5_000);
    expect(answered).toBe(false);
    await broker.advanceClock(500);
    await next;
    await broker.advanceClock(11_000);
    expect(await produce(5_000)).toBe(0);
    await alter({ 'client-id': 'wire-client' }, { producer_byte_rate: null });
    expect(await produce(50_000)).toBe(0);
  });

  it('throttle who reads too fast', async () => {
    for (let round = 0; round < 3; round++) await produce(8_000);
    await alter({ user: 'ANONYMOUS' }, { consumer_byte_rate: 1000 });
    const fetch = async (fetchOffset: number): Promise<number> => {
      const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 8_500 }] }];
      return (await client.send(Fetch, 12, { maxWaitMs: 0, minBytes: 1, maxBytes: 8_500, topics })).throttleTimeMs;
    };
    expect(await fetch(0)).toBe(0);
    expect(await fetch(1)).toBeGreaterThan(5_000);
  });

  it('the most special one is in force', async () => {
    await alter({ 'client-id': null }, { producer_byte_rate: 1 });
    await alter({ 'client-id': 'wire-client' }, { producer_byte_rate: 1_000_000 });
    expect(await produce(10_000)).toBe(0);
    await alter({ user: null }, { producer_byte_rate: 100 });
    expect(await produce(10_000)).toBeGreaterThan(0);
  });
});
