import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import { CreateTopics, ListOffsets, Produce, RecordBatchBuilder } from '../../../src/protocol/index.ts';
import { TestClock } from './test-clock.ts';
import { WireClient } from './wire-client.ts';

const RETENTION_CHECK_MS = 1000;

let clock: TestClock;
let broker: Broker;
let client: WireClient;

beforeEach(async () => {
  clock = new TestClock();
  const config = { 'log.retention.check.interval.ms': String(RETENTION_CHECK_MS), 'log.cleaner.backoff.ms': '100' };
  broker = await Broker.start({ thread: false, clock, log: silentLogger, config });
  client = await WireClient.connect(broker.port);
});

afterEach(async () => {
  await client.close();
  await broker.close();
});

const create = (name: string, config: Readonly<Record<string, string>>) => {
  const configs = Object.entries(config).map(([configName, value]) => ({ name: configName, value }));
  return client.send(CreateTopics, 7, {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
    timeoutMs: 1,
  });
};

async function produce(name: string, key: string): Promise<void> {
  const builder = new RecordBatchBuilder();
  builder.append(clock.nowMs(), Buffer.from(key), Buffer.alloc(500));
  const response = await client.send(Produce, 9, {
    acks: -1,
    timeoutMs: 1,
    topicData: [{ name, partitionData: [{ index: 0, records: builder.build() }] }],
  });
  expect(response.responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0 });
}

const offsetAt = async (name: string, timestamp: number): Promise<number> => {
  const response = await client.send(ListOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name, partitions: [{ partitionIndex: 0, timestamp }] }],
  });
  return response.topics[0]!.partitions[0]!.offset;
};

/** Cleaning goes on in the background: time passes until it has had its effect. */
async function untilCleaned(isCleaned: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 50; round++) {
    clock.advance(RETENTION_CHECK_MS);
    await new Promise((resolve) => setImmediate(resolve));
    if (await isCleaned()) return;
  }
  throw new Error('Nothing was cleaned in 50 rounds.');
}

it('deletes what is older than retention.ms, by the clock', async () => {
  await create('old', { 'retention.ms': '60000', 'internal.segment.bytes': '1000' });
  for (let index = 0; index < 6; index++) await produce('old', `k${index}`);
  clock.advance(RETENTION_CHECK_MS);
  expect(await offsetAt('old', -2)).toBe(0);
  clock.advance(60_000);
  await untilCleaned(async () => (await offsetAt('old', -2)) > 0);
  expect(await offsetAt('old', -1)).toBe(6);
});

it('compacts topics that want it', async () => {
  await create('compacted', { 'cleanup.policy': 'compact', 'internal.segment.bytes': '1000', 'min.cleanable.dirty.ratio': '0' });
  const firstMs = clock.nowMs();
  for (let index = 0; index < 10; index++) {
    await produce('compacted', 'same');
    clock.advance(10);
  }
  expect(await offsetAt('compacted', firstMs)).toBe(0);
  await untilCleaned(async () => (await offsetAt('compacted', firstMs)) > 0);
  expect(await offsetAt('compacted', -1)).toBe(10);
});
