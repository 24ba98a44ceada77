import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker } from '../../../src/broker/index.ts';
import { nodeFileSystem } from '../../../src/broker/log/index.ts';
import type { BrokerLogger } from '../../../src/broker/logger.ts';
import { MetadataLog } from '../../../src/broker/metadata-log.ts';
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeConfigs,
  ErrorCode,
  Fetch,
  IncrementalAlterConfigs,
  InitProducerId,
  ListOffsets,
  Metadata,
  Produce,
} from '../../../src/protocol/index.ts';
import { batchOf, WireClient } from './wire-client.ts';

let dataDir: string;
let broker: Broker;
let client: WireClient;

async function start(log: BrokerLogger = silentLogger, nodes = 1): Promise<void> {
  broker = await Broker.start({ thread: false, log, dataDir, nodes });
  client = await WireClient.connect(broker.port);
}

async function stop(): Promise<void> {
  await client.close();
  await broker.close();
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  await start();
});

afterEach(async () => {
  await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const create = async (name: string, numPartitions = 1, configs: { name: string; value: string }[] = []) => {
  const response = await client.send(CreateTopics, 7, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs }],
    timeoutMs: 1,
  });
  return response.topics[0]!;
};

const describeTopics = async () => {
  const { topics } = await client.send(Metadata, 12, { topics: null });
  return topics
    .map(({ name, topicId, partitions, isInternal }) => ({ name, id: topicId.toString('hex'), partitions: partitions.length, isInternal }))
    .sort((a, b) => String(a.name).localeCompare(String(b.name)));
};

const produce = (name: string, value: string) =>
  client.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData: [{ name, partitionData: [{ index: 0, records: batchOf([value]) }] }] });

const highWatermarkOf = async (topic: string): Promise<number> => {
  const response = await client.send(Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] }],
  });
  return response.responses[0]!.partitions[0]!.highWatermark;
};

const configOf = async (resourceType: number, resourceName: string, name: string) => {
  const response = await client.send(DescribeConfigs, 4, { resources: [{ resourceType, resourceName, configurationKeys: [name] }] });
  return response.results[0]!.configs[0]!.value;
};

describe('after a restart', () => {
  it('topics, ids, partitions, configs, data and the cluster id are as before', async () => {
    await create('a', 2, [{ name: 'retention.ms', value: '12345' }]);
    await create('b');
    await create('gone');
    await client.send(CreatePartitions, 3, { topics: [{ name: 'a', count: 5, assignments: null }], timeoutMs: 1, validateOnly: false });
    await client.send(DeleteTopics, 5, { topicNames: ['gone'], timeoutMs: 1 });
    const set = (resourceType: number, resourceName: string, name: string, value: string) => ({
      resourceType,
      resourceName,
      configs: [{ name, configOperation: 0, value }],
    });
    const altered = await client.send(IncrementalAlterConfigs, 1, {
      resources: [
        set(2, 'b', 'segment.bytes', '2000000'),
        set(4, '', 'log.cleaner.threads', '2'),
        set(32, 'g', 'consumer.session.timeout.ms', '50000'),
      ],
      validateOnly: false,
    });
    expect(altered.responses.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0]);
    await produce('a', 'kept');
    const before = await describeTopics();
    const { clusterId } = broker;
    await stop();
    await start();
    expect(await describeTopics()).toEqual(before);
    expect(before.map(({ name, partitions }) => [name, partitions])).toEqual([
      ['a', 5],
      ['b', 1],
    ]);
    expect(broker.clusterId).toBe(clusterId);
    expect(await highWatermarkOf('a')).toBe(1);
    expect(await configOf(2, 'a', 'retention.ms')).toBe('12345');
    expect(await configOf(2, 'b', 'segment.bytes')).toBe('2000000');
    expect(await configOf(4, '1', 'log.cleaner.threads')).toBe('2');
    expect(await configOf(32, 'g', 'consumer.session.timeout.ms')).toBe('50000');
    expect(existsSync(join(dataDir, 'gone-0'))).toBe(false);
  });

  it('a topic made again after its deletion has a new id and none of the old data', async () => {
    const first = await create('t');
    await produce('t', 'old');
    await client.send(DeleteTopics, 6, { topics: [{ name: null, topicId: first.topicId }], timeoutMs: 1 });
    const second = await create('t');
    expect(second.errorCode).toBe(0);
    expect(second.topicId.equals(first.topicId)).toBe(false);
    await stop();
    await start();
    expect((await describeTopics())[0]!.id).toBe(second.topicId.toString('hex'));
    expect(await highWatermarkOf('t')).toBe(0);
  });

  it('with fewer nodes the partitions are led by those that are left', async () => {
    await stop();
    await start(silentLogger, 3);
    await create('t', 6);
    await stop();
    await start();
    const { topics } = await client.send(Metadata, 12, { topics: null });
    expect(topics[0]!.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('a damaged metadata log', () => {
  const file = (): string => join(dataDir, 'millrace-metadata.log');

  it('costs no data: topics are taken over from the directories on the disk', async () => {
    await create('a');
    await create('b', 2);
    await produce('a', 'kept');
    const before = await describeTopics();
    await stop();
    writeFileSync(file(), readFileSync(file(), 'utf8').replaceAll('"partition', '"damage').replaceAll('"replicas', '"damaged'));
    const warnings: string[] = [];
    await start({ ...silentLogger, warn: (message) => warnings.push(message) });
    expect(await describeTopics()).toEqual(before);
    expect(await highWatermarkOf('a')).toBe(1);
    expect(warnings.join('\n')).toMatch(/Topic a was found on the disk/);
  });

  it('directories that no topic claims are kept aside when the log is in order', async () => {
    await create('a');
    await produce('a', 'kept');
    await stop();
    const empty = new MetadataLog(nodeFileSystem, dataDir, false);
    empty.start([]);
    empty.close();
    await start();
    expect(await describeTopics()).toEqual([]);
    expect(existsSync(join(dataDir, 'a-0'))).toBe(false);
    const listed = await client.send(ListOffsets, 5, {
      replicaId: -1,
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    });
    expect(listed.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });
});

describe('producer ids', () => {
  it('are not given out again after restarts, and take no topic', async () => {
    const seen: number[] = [];
    for (let life = 0; life < 3; life++) {
      for (let count = 0; count < 3; count++) {
        seen.push((await client.send(InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: -1 })).producerId);
      }
      expect((await client.send(Metadata, 12, { topics: null })).topics).toEqual([]);
      await stop();
      await start();
    }
    expect(new Set(seen).size).toBe(9);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });
});
