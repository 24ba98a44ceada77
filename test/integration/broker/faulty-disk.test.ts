/** A disk that is full or broken: the right error, a log line that says so, everything else goes on, nothing hangs. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Broker, type BrokerStartOptions } from '../../../src/broker/index.ts';
import type { BrokerLogger } from '../../../src/broker/logger.ts';
import {
  CreateTopics,
  ErrorCode,
  Fetch,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  Produce,
  RecordBatchBuilder,
} from '../../../src/protocol/index.ts';
import { PatientClient } from '../../crash/support/patient-client.ts';
import { PowerCutFileSystem } from '../../crash/support/power-cut-file-system.ts';
import { randomFrom, seedOfRun } from '../../crash/support/random.ts';
import { readPartition } from '../../crash/support/read-partition.ts';
import { FaultyFileSystem } from './faulty-file-system.ts';
import { batchOf, WireClient } from './wire-client.ts';

const DATA_DIR = '/data';

let fs: FaultyFileSystem;
let broker: Broker;
let client: WireClient;
let lines: string[];

const log: BrokerLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => lines.push(message),
  error: (message) => lines.push(message),
};

async function start(options: BrokerStartOptions = {}): Promise<void> {
  broker = await Broker.start({ thread: false, fs, log, dataDir: DATA_DIR, flushPolicy: 'none', ...options });
  client = await WireClient.connect(broker.port);
}

async function restart(options: BrokerStartOptions = {}): Promise<void> {
  fs.fault = () => undefined;
  await client.close();
  await broker.close();
  await start(options);
}

beforeEach(() => {
  lines = [];
  fs = new FaultyFileSystem(new PowerCutFileSystem());
});

afterEach(async () => {
  fs.fault = () => undefined;
  await client.close();
  await broker.close();
});

async function create(name: string, configs: { name: string; value: string }[] = []): Promise<number> {
  const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }];
  return (await client.send(CreateTopics, 5, { topics, timeoutMs: 1000 })).topics[0]!.errorCode;
}

async function produce(topic: string, records: Buffer): Promise<{ errorCode: number; baseOffset: number }> {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  return (await client.send(Produce, 9, { acks: -1, timeoutMs: 1000, topicData })).responses[0]!.partitionResponses[0]!;
}

async function fetch(topic: string, fetchOffset: number) {
  const topics = [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }];
  return (await client.send(Fetch, 11, { maxWaitMs: 0, minBytes: 1, topics })).responses[0]!.partitions[0]!;
}

const valuesOf = async (topic: string): Promise<string[]> => {
  const reader = new PatientClient(() => broker.port);
  const records = await readPartition(reader, topic, 0, { committed: false });
  await reader.close();
  return records.map(({ value }) => value);
};

const idempotent = (sequence: number): Buffer => batchOf([`v${sequence}`], { producerId: 4711, producerEpoch: 0, baseSequence: sequence });

describe('a full disk', () => {
  it('refuses writes while it is full, says so, and takes them again afterwards without a gap', async () => {
    await start();
    await create('t');
    await create('other');
    expect(await produce('t', idempotent(0))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    fs.fault = (operation, path) => (operation === 'write' && path.includes('/t-0/') ? { code: 'ENOSPC' } : undefined);
    for (let attempt = 0; attempt < 3; attempt++) expect((await produce('t', idempotent(1))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    expect(lines.join('\n')).toMatch(/t-0: the batch could not be written: ENOSPC/);
    expect(await produce('other', batchOf(['fine']))).toMatchObject({ errorCode: 0 });
    expect((await fetch('t', 0)).errorCode).toBe(0);
    fs.fault = () => undefined;
    expect(await produce('t', idempotent(1))).toMatchObject({ errorCode: 0, baseOffset: 1 });
    expect(await produce('t', idempotent(0))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await valuesOf('t')).toEqual(['v0', 'v1']);
  });

  it('a batch of which only a part fits leaves nothing behind, also not after a crash', async () => {
    await start();
    await create('t');
    await produce('t', batchOf(['first']));
    let writes = 0;
    fs.fault = (operation, path) => {
      if (operation !== 'write' || !path.endsWith('.log') || !path.includes('/t-0/')) return undefined;
      return writes++ % 2 === 0 ? { bytes: 30 } : { code: 'ENOSPC' };
    };
    expect((await produce('t', batchOf(['x'.repeat(500)]))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    fs.fault = () => undefined;
    expect(await valuesOf('t')).toEqual(['first']);
    expect(await produce('t', batchOf(['second']))).toMatchObject({ errorCode: 0, baseOffset: 1 });
    expect(await valuesOf('t')).toEqual(['first', 'second']);
    await restart();
    expect(await valuesOf('t')).toEqual(['first', 'second']);
  });

  it('short writes are no error', async () => {
    await start();
    fs.fault = (operation) => (operation === 'write' ? { bytes: 7 } : undefined);
    await create('t');
    for (let count = 0; count < 5; count++)
      expect(await produce('t', batchOf([`value ${count}`]))).toMatchObject({ errorCode: 0, baseOffset: count });
    await restart();
    expect(await valuesOf('t')).toEqual(['value 0', 'value 1', 'value 2', 'value 3', 'value 4']);
  });

  it('a segment that cannot be begun refuses the batch; later ones begin it', async () => {
    await start();
    await create('t', [{ name: 'internal.segment.bytes', value: '300' }]);
    for (let count = 0; count < 3; count++) await produce('t', batchOf([`${count}${'x'.repeat(60)}`]));
    for (const failing of ['open', 'write', 'rename'] as const) {
      fs.fault = (operation, path) => (operation === failing && path.includes('/t-0/') ? { code: 'ENOSPC' } : undefined);
      const refused: number[] = [];
      for (let count = 0; count < 6; count++) refused.push((await produce('t', batchOf(['y'.repeat(60)]))).errorCode);
      expect(refused).toContain(ErrorCode.KAFKA_STORAGE_ERROR);
      fs.fault = () => undefined;
      for (let count = 0; count < 6; count++) expect((await produce('t', batchOf(['z'.repeat(60)]))).errorCode).toBe(0);
    }
    const values = await valuesOf('t');
    await restart();
    expect(await valuesOf('t')).toEqual(values);
  });

  it('topics are not made, and are made once there is room', async () => {
    await start();
    fs.fault = (operation, path) => (operation === 'write' && path.includes('metadata') ? { code: 'ENOSPC' } : undefined);
    expect(await create('t')).not.toBe(0);
    const metadata = await client.send(Metadata, 9, { topics: [{ name: 't', topicId: Buffer.alloc(16) }], allowAutoTopicCreation: false });
    expect(metadata.topics[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    fs.fault = (operation, path) => (operation === 'open' && path.includes('/t-0') ? { code: 'ENOSPC' } : undefined);
    expect(await create('t')).not.toBe(0);
    fs.fault = () => undefined;
    expect(await create('t')).toBe(0);
    expect(await produce('t', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    await restart();
    expect(await valuesOf('t')).toEqual(['a']);
  });

  it('commits of offsets are refused with an error that clients repeat, and the old offset stays', async () => {
    await start();
    await create('t');
    const commit = async (offset: number): Promise<number> => {
      const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }];
      const response = await client.send(OffsetCommit, 7, { groupId: 'g', memberId: '', topics: [{ name: 't', partitions }] });
      return response.topics[0]!.partitions[0]!.errorCode;
    };
    const committed = async (): Promise<number> => {
      const response = await client.send(OffsetFetch, 5, { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] });
      return response.topics[0]!.partitions[0]!.committedOffset;
    };
    while ((await commit(5)) !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
    fs.fault = (operation, path) => (operation === 'write' && path.includes('__consumer_offsets') ? { code: 'EIO' } : undefined);
    expect([ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE]).toContain(await commit(6));
    expect(await committed()).toBe(5);
    fs.fault = () => undefined;
    expect(await commit(7)).toBe(0);
    await restart();
    expect(await committed()).toBe(7);
  });
});

describe('a broken disk', () => {
  it('a read error is answered and does not outlast its cause', async () => {
    await start();
    await create('t');
    await produce('t', batchOf(['a']));
    await restart();
    fs.fault = (operation, path) => (operation === 'read' && path.includes('/t-0/') ? { code: 'EIO' } : undefined);
    expect((await fetch('t', 0)).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    expect(lines.join('\n')).toMatch(/t-0.*EIO/);
    fs.fault = () => undefined;
    expect((await fetch('t', 0)).errorCode).toBe(0);
  });

  it.each(['sync', 'syncDirectory'] as const)(
    'after a failed %s the partition takes no more writes until the broker is started again',
    async (failing) => {
      await start({ flushPolicy: 'batch' });
      await create('t');
      await create('other');
      if (failing === 'sync') expect((await produce('t', batchOf(['a']))).errorCode).toBe(0);
      fs.fault = (operation, path) => (operation === failing && path.includes('/t-0') ? { code: 'EIO' } : undefined);
      expect((await produce('t', batchOf(['lost']))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
      fs.fault = () => undefined;
      // The kernel may have dropped the pages: that a later sync succeeds says nothing about them.
      expect((await produce('t', batchOf(['b']))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
      expect(lines.join('\n')).toMatch(/t-0: syncing to disk failed, the log takes no more writes: EIO/);
      expect((await produce('other', batchOf(['fine']))).errorCode).toBe(0);
      expect((await fetch('t', 0)).errorCode).toBe(0);
      await client.close();
      await broker.close().catch(() => undefined);
      await start({ flushPolicy: 'batch' });
      expect((await produce('t', batchOf(['c']))).errorCode).toBe(0);
      expect((await valuesOf('t')).at(-1)).toBe('c');
    },
  );
});

describe('errors all over the place', () => {
  const seed = seedOfRun();

  it.each(['none', 'interval'] as const)(
    `with the flush policy %s, acknowledged records stay (CRASH_SEED=${seed})`,
    async (flushPolicy) => {
      const random = randomFrom(seed);
      await start({ flushPolicy });
      await create('t', [{ name: 'internal.segment.bytes', value: '2000' }]);
      const codes = ['ENOSPC', 'EIO', 'EMFILE'];
      const limit = 2000;
      fs.fault = (operation, path) => {
        // A failed sync ends a partition's life, which another test shows.
        if (operation === 'sync' || operation === 'syncDirectory' || !path.includes('/t-0') || random(6) > 0) return undefined;
        return operation === 'write' && random(2) === 0 ? { bytes: 1 + random(40) } : { code: codes[random(codes.length)]! };
      };
      const acknowledged: string[] = [];
      let refusals = 0;
      for (let sequence = 0; acknowledged.length < 150; ) {
        const builder = new RecordBatchBuilder();
        builder.append(Date.now(), null, Buffer.from(`${sequence}|${'x'.repeat(sequence % 90)}`));
        const batch = Buffer.from(builder.build({ producerId: 9, producerEpoch: 0, baseSequence: sequence }));
        const { errorCode, baseOffset } = await produce('t', batch);
        if (errorCode === 0) {
          expect(baseOffset).toBe(sequence);
          acknowledged.push(`${sequence}|${'x'.repeat(sequence % 90)}`);
          sequence++;
        } else {
          expect(errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
          refusals++;
          if (refusals > limit) throw new Error(`It does not recover:\n${lines.slice(-5).join('\n')}`);
        }
        if (random(3) === 0)
          expect([0, ErrorCode.KAFKA_STORAGE_ERROR]).toContain((await fetch('t', random(acknowledged.length + 1))).errorCode);
      }
      expect(refusals).toBeGreaterThan(10);
      fs.fault = () => undefined;
      expect(await valuesOf('t')).toEqual(acknowledged);
      await restart({ flushPolicy });
      expect(await valuesOf('t')).toEqual(acknowledged);
    },
  );
});
