/** The wire transport by the same contract as the librdkafka transport (test/unit/transport/librdkafka). */
import net from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';
import type { FetchedBatch, OutputBatch, RebalanceListener, Transport, TransportOptions } from '../../../src/transport/transport.ts';
import { createWireTransport } from '../../../src/transport/wire/transport.ts';
import { startMockBroker } from '../../support/mock-broker.ts';
import { startLoginRefuser } from '../../unit/transport/librdkafka/login-refuser.ts';

/** A Kafka to judge by instead of the embedded broker: `TEST_BOOTSTRAP=host:port`. */
const external = process.env.TEST_BOOTSTRAP;
let broker: { readonly bootstrapServers: string; close(): Promise<void> };
let names = 0;

beforeAll(async () => {
  broker = external === undefined ? await Broker.start() : { bootstrapServers: external, close: async () => undefined };
  const transport = await createWireTransport(options());
  await transport.connect(10_000);
  const topics = 'abcdefghijklmn'.split('').map((topic) => ({ topic, partitions: 4, replicationFactor: -1, config: {} }));
  await transport.admin.createTopics(topics);
  await transport.close();
});
afterAll(() => broker.close());

function options(changes: Partial<TransportOptions> = {}): TransportOptions {
  return {
    bootstrapServers: broker.bootstrapServers,
    clientId: 'test',
    groupId: `group-${process.pid}-${++names}`,
    transactionalId: undefined,
    transactionTimeoutMs: 10_000,
    autoOffsetReset: 'earliest',
    consumerConfig: { 'fetch.max.wait.ms': 20 },
    producerConfig: {},
    adminConfig: {},
    onError: (error) => {
      throw error;
    },
    onLog: () => {},
    ...changes,
  };
}

async function connected(changes: Partial<TransportOptions> = {}): Promise<Transport> {
  const transport = await createWireTransport(options(changes));
  onTestFinished(() => transport.close());
  await transport.connect(10_000);
  return transport;
}

function batch(topic: string, partition: number, values: readonly string[]): OutputBatch {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(1000, Buffer.from('key'), Buffer.from(value));
  return { topic, partition, recordCount: builder.recordCount, bytes: builder.build({ crc: false }) };
}

function valuesOf(batches: readonly FetchedBatch[]): string[] {
  const values: string[] = [];
  for (const { bytes } of batches) {
    const cursor = new RecordCursor(bytes);
    while (cursor.next()) values.push(cursor.buffer.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength));
  }
  return values;
}

/** Polls until `enough` says so. */
async function until(poll: () => Promise<FetchedBatch[]>, enough: (batches: FetchedBatch[]) => boolean): Promise<FetchedBatch[]> {
  const batches: FetchedBatch[] = [];
  for (let attempt = 0; attempt < 400 && !enough(batches); attempt++) batches.push(...(await poll()));
  expect(enough(batches)).toBe(true);
  return batches;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));
const count = (batches: readonly FetchedBatch[]) => batches.reduce((sum, { recordCount }) => sum + recordCount, 0);

/** Reads everything assigned from the start. */
function readAll(transport: Transport, seen: string[] = []): RebalanceListener {
  return {
    onAssigned: async (partitions) => {
      seen.push(`assigned ${partitions.length}`);
      await transport.consumer.assign(partitions.map((partition) => ({ ...partition, offset: 0 })));
    },
    onRevoked: async (partitions) => void seen.push(`revoked ${partitions.length}`),
    onLost: async (partitions) => void seen.push(`lost ${partitions.length}`),
  };
}

test('records go out and come in, to the end of each partition', async () => {
  const transport = await connected();
  await transport.producer.send([batch('a', 0, ['x', 'y']), batch('a', 1, ['z'])]);
  await transport.producer.flush(10_000);
  await transport.consumer.subscribe(['a'], readAll(transport));
  const batches = await until(
    () => transport.consumer.poll(50),
    (all) => count(all) === 3,
  );
  expect(valuesOf(batches).sort()).toEqual(['x', 'y', 'z']);
  const ends = new Map<number, number>();
  await until(
    () => transport.consumer.poll(20),
    () => {
      for (const { partition, offset } of transport.consumer.takeCaughtUp()) ends.set(partition, offset);
      return ends.size === 4;
    },
  );
  expect([...ends].sort()).toEqual([
    [0, 2],
    [1, 1],
    [2, 0],
    [3, 0],
  ]);
  expect(transport.consumer.endOffset({ topic: 'a', partition: 0 })).toBe(2);
  expect(transport.consumer.endOffset({ topic: 'a', partition: 99 })).toBeUndefined();
});

test('partitions of one answer lie in memory that is used again when all are done with', async () => {
  const transport = await connected();
  const large = Array.from({ length: 300 }, (_, index) => String(index).padEnd(1000, '.'));
  const reading = async (offset: number) => {
    await transport.consumer.assign([0, 1].map((partition) => ({ topic: 'n', partition, offset })));
    return until(
      () => transport.consumer.poll(50),
      (all) => count(all) === large.length,
    );
  };
  const frames = new Set<unknown>();
  let seen = 0;
  for (let round = 0; round < 6; round++) {
    await transport.producer.send([batch('n', 0, large.slice(0, 150)), batch('n', 1, large.slice(150))]);
    await transport.producer.flush(10_000);
    const batches = await reading(round * 150);
    expect(valuesOf(batches).sort()).toEqual(large.toSorted());
    expect(batches.every(({ bytes, release }) => bytes.buffer instanceof SharedArrayBuffer && release !== undefined)).toBe(true);
    const now = new Set(batches.map(({ bytes }) => bytes.buffer));
    seen += now.size;
    for (const frame of now) frames.add(frame);
    for (const { release } of batches) release?.();
  }
  expect(frames.size).toBeLessThan(seen);
});

test('a reader hands out memory of its own, to be transferred', async () => {
  const transport = await connected();
  await transport.producer.send([
    batch(
      'n',
      2,
      Array.from({ length: 100 }, () => 'x'.repeat(1000)),
    ),
  ]);
  await transport.producer.flush(10_000);
  const reader = await transport.openReader('test');
  await reader.assign([{ topic: 'n', partition: 2, offset: 0 }]);
  const batches = await until(
    () => reader.poll(50),
    (all) => count(all) === 100,
  );
  expect(batches.every(({ bytes, release }) => bytes.buffer instanceof ArrayBuffer && release === undefined)).toBe(true);
});

test('nothing is read before assign is called, and a listener that does not call it does not stop the group', async () => {
  const transport = await connected();
  await transport.producer.send([batch('b', 0, ['x'])]);
  await transport.producer.flush(10_000);
  let assigned = false;
  await transport.consumer.subscribe(['b'], {
    ...readAll(transport),
    onAssigned: async () => {
      assigned = true;
    },
  });
  await until(
    () => transport.consumer.poll(20),
    () => assigned,
  );
  for (let poll = 0; poll < 10; poll++) expect(await transport.consumer.poll(20)).toEqual([]);
  await transport.consumer.assign([{ topic: 'b', partition: 0, offset: 0 }]);
  await until(
    () => transport.consumer.poll(20),
    (all) => count(all) === 1,
  );
});

test('a second member makes the first give up its partitions, in order, and both read on', async () => {
  const first = await connected({ groupId: 'shared' });
  const second = await connected({ groupId: 'shared' });
  await first.producer.send([batch('c', 0, ['x'])]);
  await first.producer.flush(10_000);
  const seen: string[] = [];
  await first.consumer.subscribe(['c'], readAll(first, seen));
  await until(
    () => first.consumer.poll(20),
    () => seen.length === 1,
  );
  const secondSeen: string[] = [];
  await second.consumer.subscribe(['c'], readAll(second, secondSeen));
  const both = async () => [...(await first.consumer.poll(20)), ...(await second.consumer.poll(20))];
  await until(both, () => seen.length === 3 && secondSeen.length === 1);
  expect(seen).toEqual(['assigned 4', 'revoked 4', 'assigned 2']);
  expect(secondSeen).toEqual(['assigned 2']);
}, 60_000);

test('who does not poll for max.poll.interval.ms leaves the group, and joins again with the next poll', async () => {
  const groupId = `slow-${process.pid}-${Date.now()}`;
  const first = await connected({ groupId, consumerConfig: { 'fetch.max.wait.ms': 20, 'max.poll.interval.ms': 1_000 } });
  const second = await connected({ groupId });
  const seen: string[] = [];
  const other: string[] = [];
  await first.consumer.subscribe(['c'], readAll(first, seen));
  await until(
    () => first.consumer.poll(20),
    () => seen.length === 1,
  );
  // No rebalance, no heartbeat makes it leave: only that nobody polls.
  for (let wait = 0; wait < 1_000 && seen.length < 2; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toEqual(['assigned 4', 'lost 4']);
  await second.consumer.subscribe(['c'], readAll(second, other));
  await until(
    () => second.consumer.poll(20),
    () => other.length === 1,
  );
  expect(other).toEqual(['assigned 4']);
  await until(
    async () => [...(await first.consumer.poll(20)), ...(await second.consumer.poll(20))],
    () => seen.includes('assigned 2') && other.includes('assigned 2'),
  );
});

test('seek drops what was fetched before, even by the call under way, and loses nothing', async () => {
  const transport = await connected({ consumerConfig: { 'fetch.max.wait.ms': 20, 'max.poll.records': 10 } });
  await transport.producer.send([batch('d', 0, numbers(500))]);
  await transport.producer.flush(10_000);
  const reader = transport.consumer;
  await reader.assign([{ topic: 'd', partition: 0, offset: 0 }]);
  await until(
    () => reader.poll(50),
    (all) => count(all) >= 50,
  );
  const underWay = reader.poll(50);
  await reader.seek({ topic: 'd', partition: 0, offset: 3 });
  expect(await underWay).toEqual([]);
  const again = await until(
    () => reader.poll(50),
    (all) => count(all) >= 20,
  );
  expect(valuesOf(again).slice(0, 20)).toEqual(numbers(23).slice(3));
});

test('assign replaces what is read, with the call under way', async () => {
  const transport = await connected({ consumerConfig: { 'fetch.max.wait.ms': 20, 'max.poll.records': 10 } });
  await transport.producer.send([batch('e', 0, numbers(300)), batch('e', 1, ['other'])]);
  await transport.producer.flush(10_000);
  await transport.consumer.assign([{ topic: 'e', partition: 0, offset: 0 }]);
  await until(
    () => transport.consumer.poll(50),
    (all) => count(all) >= 20,
  );
  const underWay = transport.consumer.poll(50);
  await transport.consumer.assign([{ topic: 'e', partition: 1, offset: 0 }]);
  expect(await underWay).toEqual([]);
  expect(
    valuesOf(
      await until(
        () => transport.consumer.poll(50),
        (all) => count(all) >= 1,
      ),
    ),
  ).toEqual(['other']);
});

test('a paused partition rests, and goes on without a gap', async () => {
  const transport = await connected({ consumerConfig: { 'fetch.max.wait.ms': 20, 'max.poll.records': 10 } });
  await transport.producer.send([batch('f', 0, numbers(200))]);
  await transport.producer.flush(10_000);
  await transport.consumer.assign([{ topic: 'f', partition: 0, offset: 0 }]);
  const before = await until(
    () => transport.consumer.poll(50),
    (all) => count(all) >= 10,
  );
  transport.consumer.pause([{ topic: 'f', partition: 0 }]);
  for (let poll = 0; poll < 5; poll++) expect(await transport.consumer.poll(20)).toEqual([]);
  transport.consumer.resume([{ topic: 'f', partition: 0 }]);
  const after = await until(
    () => transport.consumer.poll(50),
    (all) => count(all) + count(before) === 200,
  );
  expect(valuesOf([...before, ...after])).toEqual(numbers(200));
});

test('committed offsets come back with their metadata, and -1 where there are none', async () => {
  const transport = await connected();
  await transport.producer.send([batch('g', 0, ['x'])]);
  await transport.producer.flush(10_000);
  await transport.consumer.commit([{ topic: 'g', partition: 0, offset: 1, metadata: 'time 7' }]);
  const partitions = [0, 1].map((partition) => ({ topic: 'g', partition }));
  expect(await transport.consumer.committed(partitions, 5_000)).toMatchObject([
    { topic: 'g', partition: 0, offset: 1, metadata: 'time 7' },
    { topic: 'g', partition: 1, offset: -1 },
  ]);
});

test('an offset that is none is refused', async () => {
  const transport = await connected();
  const broken = { topic: 'g', partition: 0, offset: undefined as unknown as number };
  await expect(transport.consumer.commit([broken])).rejects.toMatchObject({ code: 'INVALID_STATE' });
  await expect(transport.consumer.seek({ topic: 'g', partition: 5, offset: 0 })).rejects.toMatchObject({ code: 'INVALID_STATE' });
});

test('transactions: one after another, aborted ones too; a producer replaced goes on', async () => {
  const transport = await connected({ transactionalId: 'tx' });
  await transport.producer.initTransactions(10_000);
  for (const end of ['commit', 'abort', 'commit'] as const) {
    await transport.producer.begin();
    await transport.producer.send([batch('h', 0, [end])]);
    await transport.producer.sendOffsets([{ topic: 'h', partition: 0, offset: 1, metadata: 'm' }], transport.consumer);
    await transport.producer[end]();
  }
  const old = transport.producer;
  const fresh = await transport.replaceProducer();
  await fresh.initTransactions(10_000);
  await fresh.begin();
  await fresh.send([batch('h', 0, ['fresh'])]);
  await fresh.commit();
  expect(transport.producer).toBe(fresh);
  await expect(old.begin()).rejects.toMatchObject({ code: 'INVALID_STATE' });
});

test('a second producer of the same id fences the first', async () => {
  const first = await connected({ transactionalId: 'same' });
  const second = await connected({ transactionalId: 'same' });
  await first.producer.initTransactions(10_000);
  await second.producer.initTransactions(10_000);
  const work = async () => {
    await first.producer.begin();
    await first.producer.send([batch('h', 0, ['late'])]);
    await first.producer.commit();
  };
  await expect(work()).rejects.toMatchObject({ code: 'PRODUCER_FENCED', fatal: true });
});

test('offsets with a closed consumer are refused', async () => {
  const transport = await connected({ transactionalId: 'closed' });
  await transport.producer.initTransactions(10_000);
  await transport.producer.begin();
  await transport.consumer.close();
  await expect(transport.producer.sendOffsets([{ topic: 'h', partition: 0, offset: 1 }], transport.consumer)).rejects.toMatchObject({
    code: 'INVALID_STATE',
  });
  await transport.producer.abort();
});

test('a full queue is waited for', async () => {
  const transport = await connected({ producerConfig: { 'queue.buffering.max.messages': 100 } });
  await transport.producer.send([batch('i', 0, numbers(5_000))]);
  await transport.producer.flush(20_000);
  const [end] = await transport.admin.listOffsets([{ topic: 'i', partition: 0 }], 'latest');
  expect(end?.offset).toBe(5_000);
});

test('a record that the broker never takes fails the flush, once', async () => {
  const lonely = await startMockBroker();
  const transport = await connected({
    bootstrapServers: lonely.bootstrapServers,
    producerConfig: { 'message.timeout.ms': 600 },
    onError: () => {},
  });
  await lonely.stop();
  await transport.producer.send([batch('j', 0, ['lost'])]);
  await expect(transport.producer.flush(10_000)).rejects.toMatchObject({
    code: 'PRODUCTION_FAILED',
    context: { topic: 'j', partition: 0 },
  });
  await transport.producer.flush(10_000);
}, 60_000);

test('a batch too large is named, with the remedy', async () => {
  const transport = await connected({ producerConfig: { 'max.request.size': 2_000 } });
  const sent = transport.producer.send([batch('k', 0, ['small', 'x'.repeat(5_000)])]);
  await expect(sent).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    message: expect.stringMatching(/for k-0 is larger than max\.request\.size/),
  });
});

test('a reader follows its partition to the end without a group', async () => {
  const transport = await connected();
  await transport.producer.send([batch('l', 2, numbers(50))]);
  await transport.producer.flush(10_000);
  const reader = await transport.openReader('restore');
  const partition = { topic: 'l', partition: 2 };
  await reader.assign([{ ...partition, offset: 10 }]);
  expect(reader.position(partition)).toBe(10);
  const batches = await until(
    () => reader.poll(50),
    () => reader.position(partition) === 50,
  );
  expect(valuesOf(batches)).toEqual(numbers(50).slice(10));
  await reader.close();
  await reader.close();
});

test('an unreachable broker is named within the time limit', async () => {
  const transport = await createWireTransport(options({ bootstrapServers: '127.0.0.1:1' }));
  await expect(transport.connect(500)).rejects.toMatchObject({
    code: 'BROKER_UNREACHABLE',
    message: expect.stringContaining('127.0.0.1:1 within 500 ms'),
  });
  await transport.close();
});

test('a port that answers nothing is no broker', async () => {
  const mute = net.createServer(() => {}).listen(0, '127.0.0.1');
  onTestFinished(() => void mute.close());
  await new Promise((resolve) => mute.once('listening', resolve));
  const { port } = mute.address() as net.AddressInfo;
  const transport = await createWireTransport(options({ bootstrapServers: `127.0.0.1:${port}` }));
  await expect(transport.connect(500)).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  await transport.close();
});

const SASL = { 'security.protocol': 'sasl_plaintext', 'sasl.mechanism': 'PLAIN', 'sasl.username': 'user', 'sasl.password': 'wrong' };
const withSasl = { consumerConfig: SASL, producerConfig: SASL, adminConfig: SASL };

test('a refused login is told as such, and at once', async () => {
  const bootstrapServers = await startLoginRefuser();
  const transport = await createWireTransport(options({ bootstrapServers, ...withSasl }));
  await expect(transport.connect(20_000)).rejects.toMatchObject({
    code: 'AUTHENTICATION_FAILED',
    message: expect.stringMatching(/refused the login of user by PLAIN: wrong password.*sasl\.password/),
  });
  await transport.close();
}, 15_000);

test('a broker without logins is told as such', async () => {
  const transport = await createWireTransport(options(withSasl));
  await expect(transport.connect(1_000)).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' });
  await transport.close();
});

test('unknown client settings are named', async () => {
  const made = createWireTransport(options({ consumerConfig: { 'fetch.mix.bytes': 1 } }));
  await expect(made).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringMatching(/no consumer setting "fetch\.mix\.bytes"/),
  });
});

test('closing twice, and before connecting, is harmless', async () => {
  const never = await createWireTransport(options());
  await never.close();
  const transport = await connected();
  await Promise.all([transport.close(), transport.close()]);
  await transport.close();
});

test('topics are created once, listed, and never by asking for them', async () => {
  const { admin } = await connected();
  const made = [{ topic: 'made', partitions: 3, replicationFactor: -1, config: { 'cleanup.policy': 'compact' } }];
  expect(await admin.createTopics(made)).toEqual(new Map([['made', 'created']]));
  expect(await admin.createTopics(made)).toEqual(new Map([['made', 'exists']]));
  expect(await admin.metadata(['made', 'never'])).toEqual([{ topic: 'made', partitions: 3 }]);
  expect((await admin.metadata()).map(({ topic }) => topic)).not.toContain('never');
});

test('a refused topic is named', async () => {
  const { admin } = await connected();
  const refused = admin.createTopics([{ topic: 'no/name', partitions: 1, replicationFactor: -1, config: {} }]);
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('Creating topic no/name failed') });
});

test('offsets: a transaction that is open counts for the high watermark only; deleted records move the start', async () => {
  const transport = await connected({ transactionalId: 'offsets' });
  const partitions = [{ topic: 'm', partition: 0 }];
  const offsets = async () =>
    Promise.all(
      (['earliest', 'latest', 'highWatermark'] as const).map(async (at) => (await transport.admin.listOffsets(partitions, at))[0]?.offset),
    );
  await transport.producer.initTransactions(10_000);
  await transport.producer.begin();
  await transport.producer.send([batch('m', 0, numbers(10))]);
  await transport.producer.commit(); // 10 records and a marker
  await transport.producer.begin();
  await transport.producer.send([batch('m', 0, numbers(5))]);
  await transport.producer.flush(10_000);
  // Markers are written after the commit is answered.
  await expect.poll(offsets, { timeout: 10_000 }).toEqual([0, 11, 16]);
  await transport.producer.abort();
  await transport.admin.deleteRecords([{ topic: 'm', partition: 0, offset: 4 }]);
  await expect.poll(offsets, { timeout: 10_000 }).toEqual([4, 17, 17]);
});

test('a reader skips what was aborted, and its position passes it and the markers', async () => {
  const transport = await connected({ transactionalId: 'aborts' });
  const { producer } = transport;
  await producer.initTransactions(10_000);
  for (const end of ['commit', 'abort'] as const) {
    await producer.begin();
    await producer.send([batch('j', 3, [end])]);
    await producer.flush(10_000);
    await producer[end]();
  }
  const reader = await transport.openReader('aborts');
  await reader.assign([{ topic: 'j', partition: 3, offset: 0 }]);
  const batches = await until(
    () => reader.poll(20),
    () => reader.position({ topic: 'j', partition: 3 }) === 4,
  );
  expect(valuesOf(batches)).toEqual(['commit']);
});

test('a topic that the user may not see is told from one that is not there', async () => {
  const users = { admin: 'a', guest: 'g' };
  const secured = await Broker.start({ sasl: { users }, authorization: { superUsers: ['User:admin'] }, topics: [{ name: 'hidden' }] });
  onTestFinished(() => secured.close());
  const login = { 'security.protocol': 'sasl_plaintext', 'sasl.mechanism': 'PLAIN', 'sasl.username': 'guest', 'sasl.password': 'g' };
  const logins = { consumerConfig: login, producerConfig: login, adminConfig: login };
  const transport = await connected({ bootstrapServers: secured.bootstrapServers, ...logins });
  await expect(transport.admin.metadata(['hidden'])).rejects.toMatchObject({
    code: 'KAFKA_ERROR',
    message: expect.stringMatching(/topic hidden failed.*TOPIC_AUTHORIZATION_FAILED.*with an ACL/),
  });
  expect(await transport.admin.metadata()).toEqual([]);
});
